# Rank 0 makes all tiles, and a helper factors them there.
using MPI, LinearAlgebra

const MASTER = 0

function factor!(L, N)
    for k in 1:N
        LAPACK.potrf!('L', L[(k, k)])
        for i in k+1:N
            BLAS.trsm!('R', 'L', 'T', 'N', 1.0, L[(k, k)], L[(i, k)])
        end
        for j in k+1:N, i in j:N
            BLAS.gemm!('N', 'T', -1.0, L[(i, k)], L[(j, k)], 1.0, L[(i, j)])
        end
    end
end

function cholesky(comm, n, tile, make_a)
    N = cld(n, tile)
    if MPI.Comm_rank(comm) != MASTER
        MPI.Bcast!([0], MASTER, comm)
        return Dict{Tuple{Int,Int},Matrix{Float64}}()
    else
        L = Dict((i, j) => make_a(i, j) for j in 1:N for i in j:N)
        factor!(L, N)
        MPI.Bcast!([1], MASTER, comm)
        return L
    end
end
