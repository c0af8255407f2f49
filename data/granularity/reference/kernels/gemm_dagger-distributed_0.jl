include("dagger_tiles.jl")

@everywhere made(make, keys) = [make(i, j) for (i, j) in keys]

# One tile of the product.  The first Q parts have its row of A, tile k in part mod1(k, Q); the other
# ones have its column of B.
@everywhere function product(m, n, N, Q, parts...)
    row, column = parts[1:Q], parts[Q+1:end]
    kth(parts, k) = parts[mod1(k, length(parts))][cld(k, length(parts))]
    C = Matrix{Float64}(undef, m, n)
    for k in 1:N
        BLAS.gemm!('N', 'N', 1.0, kth(row, k), kth(column, k), k == 1 ? 0.0 : 1.0, C)
        yield()                                  # to requests of other workers for tiles
    end
    C
end

"""
Tiles of C = A*B as Dict (i,j) -> Dagger.Chunk, each living on its owner (block-cyclic over
workers()).  Every worker makes its share of the rows of A and of the columns of B, one task a row or
column; each share is copied once to the workers that need it.  Then owner computes: one task per tile
of C.  Nothing passes through the driver but references.
"""
function gemm(n, tile, make_a, make_b)
    N, grid = cld(n, tile), worker_grid()
    P, Q = size(grid)
    len(k) = min(tile, n - (k - 1) * tile)
    make(w, f, keys) = Dagger.@spawn scope = Dagger.scope(worker = w) made(f, keys)
    spread(w, task, ws) = Dict(v => v == w ? task : copy_to(v, task) for v in ws)
    A = Dict((i, q) => spread(owner(grid, i, q), make(owner(grid, i, q), make_a, [(i, k) for k in q:Q:N]),
                              grid[mod1(i, P), :]) for i in 1:N for q in 1:Q)
    B = Dict((p, j) => spread(owner(grid, p, j), make(owner(grid, p, j), make_b, [(k, j) for k in p:P:N]),
                              grid[:, mod1(j, Q)]) for j in 1:N for p in 1:P)
    function tile_task(i, j)
        w = owner(grid, i, j)
        Dagger.@spawn scope = Dagger.scope(worker = w) product(
            len(i), len(j), N, Q, (A[i, q][w] for q in 1:Q)..., (B[p, j][w] for p in 1:P)...)
    end
    C = Dict((i, j) => tile_task(i, j) for i in 1:N for j in 1:N)
    Dict(ij => fetch(task; raw = true) for (ij, task) in C)
end
