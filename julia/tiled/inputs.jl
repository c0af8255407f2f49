# Deterministic matrices.  Entry (i,j) is a hash of (seed,i,j), so any process can make any tile of
# the same matrix, for any tile size and without communication.

tiles(n, tile) = cld(n, tile)                               # tiles per dimension
span(n, tile, k) = (k - 1) * tile + 1 : min(k * tile, n)    # global indices of tile k

# Callable structs instead of closures: they serialise to workers that include this file.  A subtype
# has fields n and tile, a method of getindex for its entries, and a method of `retiled`.
abstract type TileMaker end

# Programs for distributed memory make tiles while they are timed, so this loop must be fast.
function (m::TileMaker)(I, J)
    rows, columns = span(m.n, m.tile, I), span(m.n, m.tile, J)
    T = Matrix{Float64}(undef, length(rows), length(columns))
    for (l, j) in enumerate(columns)
        @simd for k in 1:length(rows)
            @inbounds T[k, l] = m[rows[k], j]
        end
    end
    T
end

"Return the whole matrix.  Threads fill it, so that its pages are spread over the sockets."
function dense(m::TileMaker)
    A = Matrix{Float64}(undef, m.n, m.n)
    Threads.@threads for j in 1:m.n
        for i in 1:m.n
            @inbounds A[i, j] = m[i, j]
        end
    end
    A
end

"Return true if all entries (i,j) of A and `m` with `of(i, j)` are equal.  Allocates nothing."
holds(A, m::TileMaker; of = (i, j) -> true) =
    size(A) == (m.n, m.n) && all(!of(i, j) || A[i, j] == m[i, j] for j in 1:m.n for i in 1:m.n)

"A general square matrix with entries uniform in [-1,1)."
struct RandomMatrix <: TileMaker
    seed::Int
    n::Int
    tile::Int
end
Base.getindex(m::RandomMatrix, i, j) = entry(m.seed, i, j)

# The tile size does not change the matrix, so verification uses a size that is fast for it.
const VERIFY_TILE = 256
retiled(m::RandomMatrix) = RandomMatrix(m.seed, m.n, VERIFY_TILE)
