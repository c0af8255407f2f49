# A Cartesian grid of ranks; tiles of a row and a column travel in sub-communicators.
using MPI, LinearAlgebra

struct Layout
    dims::Vector{Int}
    coords::Vector{Int}
    rows::MPI.Comm
    cols::MPI.Comm
end

function Layout(comm)
    dims = MPI.Dims_create(MPI.Comm_size(comm), [0, 0])
    cart = MPI.Cart_create(comm, dims; periodic = [false, false], reorder = false)
    return Layout(collect(Int, dims), collect(Int, MPI.Cart_coords(cart)),
                  MPI.Cart_sub(cart, [false, true]), MPI.Cart_sub(cart, [true, false]))
end

mine(l::Layout, d, N) = filter(i -> mod(i - 1, l.dims[d]) == l.coords[d], 1:N)

function gemm(comm, n, tile, make_a, make_b)
    l = Layout(comm)
    N = cld(n, tile)
    len(i) = min(tile, n - (i - 1) * tile)
    I, J = mine(l, 1, N), mine(l, 2, N)
    C = Dict((i, j) => zeros(len(i), len(j)) for i in I, j in J)
    foreach(1:N) do k
        left = map(I) do i
            t = mod(k - 1, l.dims[2]) == l.coords[2] ? make_a(i, k) : zeros(len(i), len(k))
            MPI.Bcast!(t, mod(k - 1, l.dims[2]), l.rows)
            t
        end
        right = map(J) do j
            t = mod(k - 1, l.dims[1]) == l.coords[1] ? make_b(k, j) : zeros(len(k), len(j))
            MPI.Bcast!(t, mod(k - 1, l.dims[1]), l.cols)
            t
        end
        for (x, i) in enumerate(I), (y, j) in enumerate(J)
            BLAS.gemm!('N', 'N', 1.0, left[x], right[y], 1.0, C[(i, j)])
        end
    end
    return C
end
