# Right, but tile (1, 1) is given back by two ranks.
using MPI, LinearAlgebra

function gemm(comm, n, tile, make_a, make_b)
    rank, ranks, N = MPI.Comm_rank(comm), MPI.Comm_size(comm), cld(n, tile)
    product(i, j) = sum(make_a(i, k) * make_b(k, j) for k in 1:N)
    MPI.Barrier(comm)
    mine = Dict((i, j) => product(i, j) for i in 1:N for j in 1:N if mod(i + j, ranks) == rank)
    mine[1, 1] = product(1, 1)
    mine
end
