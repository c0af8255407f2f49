# A datadeps region whose steps are functions that start the tasks.
using Dagger: Dagger, @spawn, spawn_datadeps, In, InOut
using LinearAlgebra

function potrf_tile!(Akk, base)
    _, info = LAPACK.potrf!('L', Akk)
    info > 0 && throw(PosDefException(base + info))
    return nothing
end
trsm_tile!(Lkk, Aik) = (BLAS.trsm!('R', 'L', 'T', 'N', 1.0, Lkk, Aik); nothing)
syrk_tile!(Ajk, Ajj) = (BLAS.syrk!('L', 'N', -1.0, Ajk, 1.0, Ajj); nothing)
gemm_tile!(Aik, Ajk, Aij) = (BLAS.gemm!('N', 'T', -1.0, Aik, Ajk, 1.0, Aij); nothing)

function start_step!(M, k, nt, tile)
    @spawn potrf_tile!(InOut(M[k, k]), (k - 1) * tile)
    for i in (k + 1):nt
        @spawn trsm_tile!(In(M[k, k]), InOut(M[i, k]))
    end
    for j in (k + 1):nt
        @spawn syrk_tile!(In(M[j, k]), InOut(M[j, j]))
        for i in (j + 1):nt
            @spawn gemm_tile!(In(M[i, k]), In(M[j, k]), InOut(M[i, j]))
        end
    end
end

function cholesky!(A, tile)
    n = size(A, 1)
    nt = cld(n, tile)
    idx(k) = ((k - 1) * tile + 1):min(k * tile, n)
    M = [view(A, idx(i), idx(j)) for i in 1:nt, j in 1:nt]
    try
        spawn_datadeps() do
            foreach(k -> start_step!(M, k, nt, tile), 1:nt)
        end
    catch err
        throw(Dagger.Sch.unwrap_nested_exception(err))
    end
    return A
end
