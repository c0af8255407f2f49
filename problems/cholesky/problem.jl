# The lower Cholesky factor of a dense matrix in tiles.

"""
A symmetric positive definite matrix: a uniform symmetric matrix with spectrum in ±1.16√n, shifted
by 2√n.  Its condition number is about 4, but the off-diagonal part has most of the norm, so no term
of the factorisation is negligible.  With `broken = k > 0` the k-th diagonal entry is negated: a
factorisation must report it.
"""
struct SPDMatrix <: TileMaker
    seed::Int
    n::Int
    tile::Int
    broken::Int
end
SPDMatrix(seed, n, tile) = SPDMatrix(seed, n, tile, 0)

function Base.getindex(m::SPDMatrix, i, j)
    i == j || return entry(m.seed, max(i, j), min(i, j))
    d = 2 * sqrt(m.n) + abs(entry(m.seed, i, i))
    i == m.broken ? -d : d
end
retiled(m::SPDMatrix) = SPDMatrix(m.seed, m.n, VERIFY_TILE, m.broken)

struct Cholesky <: Case
    n::Int
    tile::Int
    seed::Int
    A::SPDMatrix
end
Cholesky(n, tile, seed) = Cholesky(n, tile, seed, SPDMatrix(derive(seed, 1), n, tile))

bound(case::Cholesky) = matrix_bound(case.n)

kernel_arguments(::SharedMemory, case::Cholesky) = (dense(case.A), case.tile)
distributed_arguments(case::Cholesky) = (case.n, case.tile, case.A)

function kernel_error(::SharedMemory, case::Cholesky, (L, _), returned, seed)
    holds(L, case.A; of = (i, j) -> i < j) || return "the strict upper triangle was changed"
    all(L[i, i] > 0 for i in 1:case.n) || return "the diagonal of L is not positive"
    n, tile = case.n, VERIFY_TILE
    cholesky_error(asmatrix(L, n, tile), retiled(case.A), n, tile; seed = seed)
end

function kernel_error(team::DistributedMemory, case::Cholesky, arguments, tiles, seed)
    n, tile = case.n, case.tile
    fault = tiles_fault(team, tiles, lowertiles(n, tile), n, tile)
    fault === nothing && (fault = owners_fault(diagonal_fault, team, tiles))
    fault === nothing || return fault
    cholesky_error(result_of(team, tiles), input_of(team, case.A), n, tile; seed = seed,
                   mine = share_of(team, n, tile), owned = keys(tiles), allsum! = allsum!(team))
end

"Return a fault with the first of these tiles in which the diagonal of L is not positive."
function diagonal_fault(tiles)
    bad = sort!([ij for (ij, L) in tiles if ij[1] == ij[2] && !all(>(0), view(L, diagind(L)))])
    isempty(bad) ? nothing : "the diagonal of L is not positive in tile $(first(bad))"
end

lower(I, J, M) = I == J ? LowerTriangular(M(I, J)) : M(I, J)
lowermodulus(I, J, M) = I == J ? LowerTriangular(abs.(M(I, J))) : abs.(M(I, J))

"Return max |Ax − L(Lᵀx)| / (|A||x| + |L||Lᵀ||x|); reads only the lower triangle of L."
function cholesky_error(L, A, n, tile; seed, mine = alltiles(n, tile),
                        owned = lowertiles(n, tile), allsum! = identity)
    x = probe(n, seed)
    on(M, keys, v; kw...) = allsum!(apply(M, keys, v, n, tile; kw...))
    Ltx = on(L, owned, x; op = lower, trans = true)
    aLtx = on(L, owned, abs.(x); op = lowermodulus, trans = true)
    worst(on(A, mine, x; op = plain) - on(L, owned, Ltx; op = lower),
          on(A, mine, abs.(x); op = modulus) + on(L, owned, aLtx; op = lowermodulus))
end

const NEGATIVE = "a negative diagonal"
wrong_results(::SharedMemory, case::Cholesky) =
    [WRONG_MATRICES; NEGATIVE; "a changed upper triangle"]
wrong_results(::DistributedMemory, case::Cholesky) = WRONG_TILES

function corrupt!(::SharedMemory, case::Cholesky, what, (L, _), returned)
    if what == NEGATIVE
        L[:, end] .*= -1
    elseif what == "a changed upper triangle"
        L[1, end] += 1e-12
    else
        corrupt_matrix!(what, L, case.n, case.tile)
    end
    returned
end
corrupt!(team::DistributedMemory, case::Cholesky, what, arguments, tiles) =
    corrupt_tiles!(team, what, tiles, last(lowertiles(case.n, case.tile)))

Cholesky
