# A phase a function; the panel and the update are threaded loops.
using LinearAlgebra
import Base.Threads: @threads

block(k, nb, n) = ((k - 1) * nb + 1):min(k * nb, n)

function factor_diagonal!(A, r)
    _, info = LAPACK.potrf!('L', view(A, r, r))
    info > 0 && throw(PosDefException(first(r) - 1 + info))
    return nothing
end

function solve_panel!(A, k, nb, n, nt)
    rk = block(k, nb, n)
    Lkk = LowerTriangular(view(A, rk, rk))
    @threads for i in (k + 1):nt
        rdiv!(view(A, block(i, nb, n), rk), Lkk')
    end
end

function update_trailing!(A, k, nb, n, nt)
    rk = block(k, nb, n)
    pairs = [(i, j) for j in (k + 1):nt for i in j:nt]
    @threads for idx in eachindex(pairs)
        i, j = pairs[idx]
        Aik, Ajk = view(A, block(i, nb, n), rk), view(A, block(j, nb, n), rk)
        if i == j
            BLAS.syrk!('L', 'N', -1.0, Aik, 1.0, view(A, block(i, nb, n), block(i, nb, n)))
        else
            BLAS.gemm!('N', 'T', -1.0, Aik, Ajk, 1.0, view(A, block(i, nb, n), block(j, nb, n)))
        end
    end
end

function cholesky!(A, tile)
    n = size(A, 1)
    nt = cld(n, tile)
    for k in 1:nt
        factor_diagonal!(A, block(k, tile, n))
        if k < nt
            solve_panel!(A, k, tile, n, nt)
            update_trailing!(A, k, tile, n, nt)
        end
    end
    return A
end
