# Every rank multiplies all tiles; one of them returns them.
using MPI, LinearAlgebra

function gemm(comm, n, tile, make_a, make_b)
    rank = MPI.Comm_rank(comm)
    N = cld(n, tile)
    C = Dict{Tuple{Int,Int},Matrix{Float64}}()
    for i in 1:N, j in 1:N
        c = zeros(min(tile, n - (i - 1) * tile), min(tile, n - (j - 1) * tile))
        for k in 1:N
            mul!(c, make_a(i, k), make_b(k, j), 1.0, 1.0)
        end
        C[(i, j)] = c
    end
    MPI.Allreduce(1, +, comm)
    return iszero(rank) ? C : empty(C)
end
