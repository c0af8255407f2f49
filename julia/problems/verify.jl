# O(n²) verification, serial or distributed.  A matrix is anything callable as M(I,J) -> tile;
# `mine` lists the tiles that this process applies; `allsum!` sums a vector over all processes
# (identity when serial).  Draw `seed` after the run: a program must not know the probe vector.
using LinearAlgebra

alltiles(n, tile) = [(i, j) for i in 1:tiles(n, tile), j in 1:tiles(n, tile)]
lowertiles(n, tile) = filter(ij -> ij[1] >= ij[2], alltiles(n, tile))
asmatrix(M, n, tile) = (I, J) -> view(M, span(n, tile, I), span(n, tile, J))
probe(n, seed) = [entry(seed, i, 0) for i in 1:n]

"y = Σ op(M(I,J)) x over the given tiles; `trans` applies the transpose."
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
lower(I, J, M) = I == J ? LowerTriangular(M(I, J)) : M(I, J)
lowermodulus(I, J, M) = I == J ? LowerTriangular(abs.(M(I, J))) : abs.(M(I, J))

# Componentwise backward errors: rounding accounts for about n·eps in the worst case and √n·eps in
# practice; a wrong entry shows as about 1/n.  NaN anywhere in a result is an infinite error.
worst(residual, scale) =
    maximum(ifelse(isfinite(r), abs(r) / s, Inf) for (r, s) in zip(residual, scale))

"max |Cx − A(Bx)| / (|A||B||x|): Freivalds' test with a real probe vector."
function gemm_error(C, A, B, n, tile; seed, mine = alltiles(n, tile), owned = mine,
                    allsum! = identity)
    x = probe(n, seed)
    on(M, v; op) = allsum!(apply(M, mine, v, n, tile; op = op))
    Cx = allsum!(apply(C, owned, x, n, tile; op = plain))
    worst(Cx - on(A, on(B, x; op = plain); op = plain),
          on(A, on(B, abs.(x); op = modulus); op = modulus))
end

"max |Ax − L(Lᵀx)| / (|A||x| + |L||Lᵀ||x|); only the lower triangle of L is read."
function cholesky_error(L, A, n, tile; seed, mine = alltiles(n, tile),
                        owned = lowertiles(n, tile), allsum! = identity)
    x = probe(n, seed)
    on(M, keys, v; kw...) = allsum!(apply(M, keys, v, n, tile; kw...))
    Ltx = on(L, owned, x; op = lower, trans = true)
    aLtx = on(L, owned, abs.(x); op = lowermodulus, trans = true)
    worst(on(A, mine, x; op = plain) - on(L, owned, Ltx; op = lower),
          on(A, mine, abs.(x); op = modulus) + on(L, owned, aLtx; op = lowermodulus))
end

"The largest backward error accepted of a matrix program; right results come out near eps."
matrix_bound(n) = 4 * sqrt(n) * eps()

"""
Distance from the midpoint rule's value with n points, which is π + 1/(12n²) + O(n⁻⁶): the n⁻⁴ term
vanishes, so at small n this tells the rule from another, from a lost or repeated point, and from
the constant π.  Anything but a number is infinitely far.
"""
pi_error(p, n) = p isa Real && isfinite(p) ? abs(p - (π + 1 / (12 * float(n)^2))) : Inf
pi_bound(n) = 0.05 / float(n)^6 + (16 + 4 * sqrt(n)) * eps()
