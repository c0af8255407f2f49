# O(n²) verification, serial or distributed.  A matrix is anything callable as M(I,J) -> tile.
# `mine` lists the tiles that this process applies; `allsum!` sums a vector over all processes
# (identity if serial).  Draw `seed` after the run: a program must not know the probe vector.
using LinearAlgebra

alltiles(n, tile) = [(i, j) for i in 1:tiles(n, tile), j in 1:tiles(n, tile)]
lowertiles(n, tile) = filter(ij -> ij[1] >= ij[2], alltiles(n, tile))
asmatrix(M, n, tile) = (I, J) -> view(M, span(n, tile, I), span(n, tile, J))
probe(n, seed) = [entry(seed, i, 0) for i in 1:n]

"Return y = Σ op(M(I,J)) x over the given tiles; `trans` applies the transpose."
function apply(M, keys, x, n, tile; op, trans = false)
    y = zeros(n)
    for (I, J) in keys
        r, c = span(n, tile, I), span(n, tile, J)
        trans ? mul!(view(y, c), transpose(op(I, J, M)), view(x, r), 1.0, 1.0) :
                mul!(view(y, r), op(I, J, M), view(x, c), 1.0, 1.0)
    end
    y
end
plain(I, J, M) = M(I, J)
modulus(I, J, M) = abs.(M(I, J))

# Componentwise backward errors: rounding gives up to about n·eps, and about √n·eps in practice; a
# wrong entry gives about 1/n.  NaN anywhere in a result is an infinite error.
worst(residual, scale) =
    maximum(ifelse(isfinite(r), abs(r) / s, Inf) for (r, s) in zip(residual, scale))

"Return the largest accepted backward error; right results are near eps."
matrix_bound(n) = 4 * sqrt(n) * eps()
