include("mpi_grid.jl")

"""
SUMMA.  At step k the owners broadcast tile column k of A along process rows and tile row
k of B along process columns; step k+1 is in flight while step k is multiplied.
Returns the tiles of C = A*B that this rank owns.
"""
function gemm(comm, n, tile, make_a, make_b)
    g, N = Grid(comm), cld(n, tile)
    len(k) = min(tile, n - (k - 1) * tile)
    I, J = rows(g, 1:N), cols(g, 1:N)
    A = Dict((i, k) => make_a(i, k) for i in I for k in J)
    B = Dict((k, j) => make_b(k, j) for k in I for j in J)
    C = Dict((i, j) => matrix(len(i), len(j)) for i in I for j in J)
    function post(k)
        a = [get(() -> matrix(len(i), len(k)), A, (i, k)) for i in I]
        b = [get(() -> matrix(len(k), len(j)), B, (k, j)) for j in J]
        reqs = [[ibcast!(x, mod1(k, g.Q), g.row) for x in a]; [ibcast!(x, mod1(k, g.P), g.col) for x in b]]
        a, b, reqs
    end
    ahead = post(1)
    for k in 1:N
        a, b, reqs = ahead
        MPI.Waitall(reqs)
        k < N && (ahead = post(k + 1))
        for (j, b) in zip(J, b), (i, a) in zip(I, a)
            BLAS.gemm!('N', 'N', 1.0, a, b, k == 1 ? 0.0 : 1.0, C[i, j])
        end
    end
    free(g)
    C
end

matrix(rows, columns) = Matrix{Float64}(undef, rows, columns)
