# A datadeps region over chunks made by remote calls; Dagger moves them as it needs to.
using Distributed, Dagger, LinearAlgebra

@everywhere begin
    using Dagger, LinearAlgebra
    make_chunk(make, i, j) = Dagger.tochunk(make(i, j))
    function factor!(D, before)
        _, info = LAPACK.potrf!('L', D)
        info == 0 || throw(PosDefException(before + info))
    end
end

function cholesky(n, tile, make_a)
    N = cld(n, tile)
    ids = collect(workers())
    L = Dict{Tuple{Int,Int},Any}()
    for j in 1:N, i in j:N
        w = ids[1 + (i + j) % length(ids)]
        L[(i, j)] = remotecall_fetch(make_chunk, w, make_a, i, j)
    end
    Dagger.spawn_datadeps() do
        for k in 1:N
            Dagger.@spawn factor!(InOut(L[(k, k)]), (k - 1) * tile)
            for i in k+1:N
                Dagger.@spawn BLAS.trsm!('R', 'L', 'T', 'N', 1.0, In(L[(k, k)]), InOut(L[(i, k)]))
            end
            for j in k+1:N, i in j:N
                Dagger.@spawn BLAS.gemm!('N', 'T', -1.0, In(L[(i, k)]), In(L[(j, k)]), 1.0,
                                         InOut(L[(i, j)]))
            end
        end
    end
    return L
end
