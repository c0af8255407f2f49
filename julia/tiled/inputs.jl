# Deterministic matrices.  Entry (i,j) is a hash of (seed,i,j): any process can make any tile, for
# any tile size, without communication, and gets the same matrix.

tiles(n, tile) = cld(n, tile)                               # tiles per dimension
span(n, tile, k) = (k - 1) * tile + 1 : min(k * tile, n)    # global indices of tile k

# Callable structs rather than closures: they serialise to workers that include this file.  One has
# the fields n and tile, a method of getindex for its entries, and `retiled` if it has more fields.
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

# A matrix does not depend on the tiles it is made by: verification takes a size that suits it.
const VERIFY_TILE = 256
retiled(m::RandomMatrix) = RandomMatrix(m.seed, m.n, VERIFY_TILE)
