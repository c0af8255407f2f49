# Each rank has some tile columns of C; those of A go round in a ring.
using MPI, LinearAlgebra

function gemm(comm, n, tile, make_a, make_b)
    p = MPI.Comm_size(comm)
    r = MPI.Comm_rank(comm)
    N = cld(n, tile)
    mine = (r+1):p:N
    right, left = mod(r + 1, p), mod(r - 1, p)
    A = Dict((i, k) => make_a(i, k) for k in mine for i in 1:N)
    B = Dict((k, j) => make_b(k, j) for j in mine for k in 1:N)
    C = Dict{Tuple{Int,Int},Matrix{Float64}}()
    for _ in 1:p
        for ((i, k), a) in A, j in mine
            c = get!(() -> zeros(size(a, 1), size(B[(k, j)], 2)), C, (i, j))
            c .+= a * B[(k, j)]
        end
        request = MPI.isend(A, comm; dest = right)
        A = MPI.recv(comm; source = left)
        MPI.Wait(request)
    end
    return C
end
