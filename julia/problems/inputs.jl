# Deterministic inputs.  Entry (i,j) is a hash of (seed,i,j): any process can make any tile, for any
# tile size, without communication, and gets the same matrix.

tiles(n, tile) = cld(n, tile)                               # tiles per dimension
span(n, tile, k) = (k - 1) * tile + 1 : min(k * tile, n)    # global indices of tile k

@inline function scramble(x::UInt64)                        # SplitMix64 finaliser
    x = (x ⊻ (x >> 30)) * 0xbf58476d1ce4e5b9
    x = (x ⊻ (x >> 27)) * 0x94d049bb133111eb
    x ⊻ (x >> 31)
end

@inline hash_of(seed, i, j) =
    scramble(scramble(seed % UInt64 + 0x9e3779b97f4a7c15 * (i % UInt64)) +
             0xd1342543de82ef95 * (j % UInt64))

"Uniform in [-1,1), a pure function of its arguments (stable across Julia versions)."
@inline entry(seed, i, j) = (hash_of(seed, i, j) >> 11) * 2.0^-52 - 1.0

"A seed of its own for each use; 52 bits, so that it survives a JSON reader that knows only floats."
derive(seed, use) = Int(hash_of(seed, use, 0) >> 12)

# Callable structs rather than closures: they serialise to workers that include this file.
abstract type TileMaker end

(m::TileMaker)(I, J) = [m[i, j] for i in span(m.n, m.tile, I), j in span(m.n, m.tile, J)]

"The whole matrix.  Threads fill it, so that its pages are spread over the machine's sockets."
function dense(m::TileMaker)
    A = Matrix{Float64}(undef, m.n, m.n)
    Threads.@threads for j in 1:m.n
        for i in 1:m.n
            @inbounds A[i, j] = m[i, j]
        end
    end
    A
end

"Has the array the entries (i,j) of `m`, all those for which `of(i, j)`?  Allocates nothing."
holds(A, m::TileMaker; of = (i, j) -> true) =
    size(A) == (m.n, m.n) && all(!of(i, j) || A[i, j] == m[i, j] for j in 1:m.n for i in 1:m.n)

"General square matrix, entries uniform in [-1,1)."
struct RandomMatrix <: TileMaker
    seed::Int
    n::Int
    tile::Int
end
Base.getindex(m::RandomMatrix, i, j) = entry(m.seed, i, j)

"""
Symmetric positive definite: a uniform symmetric matrix, whose spectrum fills ±1.16√n, shifted by
2√n.  Condition number ≈ 4, yet the off-diagonal part carries most of the norm, so no term of the
factorisation is negligible.  With `broken = k > 0` the k-th diagonal entry is negated: a
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
