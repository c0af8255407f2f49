# Tile rows dealt out cyclically; the tiles of B travel by broadcast, one row after the other.
using MPI
using LinearAlgebra

owner(row, np) = (row - 1) % np

function gemm(comm, n, tile, make_a, make_b)
    rank = MPI.Comm_rank(comm)
    np = MPI.Comm_size(comm)
    nt = cld(n, tile)
    dim(i) = min(tile, n - (i - 1) * tile)
    my_rows = [i for i in 1:nt if owner(i, np) == rank]

    C = Dict{Tuple{Int,Int},Matrix{Float64}}()
    for i in my_rows, j in 1:nt
        C[(i, j)] = zeros(dim(i), dim(j))
    end
    for k in 1:nt
        a = Dict(i => make_a(i, k) for i in my_rows)
        for j in 1:nt
            b = owner(k, np) == rank ? make_b(k, j) : Matrix{Float64}(undef, dim(k), dim(j))
            MPI.Bcast!(b, owner(k, np), comm)
            for i in my_rows
                mul!(C[(i, j)], a[i], b, 1.0, 1.0)
            end
        end
    end
    rank == 0 && @debug "done" n tile
    return C
end
