using Distributed, Dagger
using LinearAlgebra

function make_a(i::Int, j::Int)
    # Return a new copy of tile (i, j) of A and can be called on any worker.
    return A[i:(i+tile-1), j:(j+tile-1)]
end

function cholesky(n::Int, tile::Int)
    # Compute the lower Cholesky factor L of a symmetric positive definite n × n matrix of Float64,
    # A = L*L', by tiles.
    # The work on tiles runs in parallel as tasks; a task may call BLAS and LAPACK on tiles,
    # but the factorisation must not be one LAPACK call, and BLAS itself must stay at one thread. L has a
    # positive diagonal. If A is not positive definite, throw `LinearAlgebra.PosDefException(k)`, where k
    # is the order of the first leading minor that is not positive.
    # Define the tiles (i, j) of L, i ≥ j, as Dict of (i, j) => Dagger.Chunk; the data stays on the workers.

    @everywhere A = randn(n, n)

    function tile_worker(i::Int, j::Int)
        local chunk = make_a(i, j)
        local l_chunk = Dagger.Chunk(chunk)
        local l = Dagger.LowerCholesky(l_chunk)
        return l
    end

    L = Dict{Tuple{Int, Int}, Dagger.LowerCholesky}()
    for i in 1:(n//tile)
        for j in 1:(n//tile)
            L[(i, j)] = tile_worker(i * tile, j * tile)
        end
    end

    return L
end

# Test the cholesky function with various inputs
function validate_cholesky(n::Int, tile::Int, make_a)
    A = make_a(1, 1) * A * make_a(1, 1)
    try
        L = cholesky(n, tile)
        # Perform a check to ensure the factorisation is correct
        result = L * L' - A
        if norm(result) < 100 * eps()
            println("Test passed for n = $n, tile = $tile")
        else
            throw(LinearAlgebra.PosDefException(n))
        end
    catch e
        println("Test failed for n = $n, tile = $tile: ", e)
    end
end

# Test cases
validate_cholesky(1, 2, make_a)  # Single tile test case
validate_cholesky(4, 3, make_a)  # Larger tile test case
validate_cholesky(5, 4, make_a)  # Tile that does not divide n
validate_cholesky(10, 6, make_a)  # Tile larger than n
