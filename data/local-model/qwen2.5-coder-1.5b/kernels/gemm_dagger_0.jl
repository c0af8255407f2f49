using Dagger

# Define the tile size
const TILE_SIZE = 32

# Helper function to compute a single tile of the matrix product
function tile_gemm!(C, A, B, i, j)
    for k in 1:TILE_SIZE
        for l in 1:TILE_SIZE
            C[i, j] += A[i, k] * B[k, j]
        end
    end
end

# Main function to compute the matrix product using parallel tasks
function gemm!(C, A, B, tile)
    # Determine the number of rows and columns in C and A
    n = size(C)[1]
    m = size(A)[2]

    # Create a list of tiles
    tiles = [Tile(i, j) for i in 1:(n-tile+1), j in 1:(m-tile+1)]

    # Spawn tasks to compute each tile
    @time Dagger.spawn_datadeps([tile_gemm!(C, A, B, tile.i, tile.j) for tile in tiles])

    # Wait for all tasks to complete
    fetch()
end

# Define the Tile struct
struct Tile
    i::Int
    j::Int
end

# Helper function to print a tile
function print_tile(i, j)
    println("Tile $i, $j")
end

# Example usage of the gemm! function
function main()
    # Create input matrices A and B with random values
    @time A = randn(Float64, 100, 100)
    @time B = randn(Float64, 100, 100)

    # Determine the number of rows and columns in C
    n = size(C)[1]
    m = size(A)[2]

    # Create a list of tiles
    tiles = [Tile(i, j) for i in 1:(n-TILE_SIZE+1), j in 1:(m-TILE_SIZE+1)]

    # Spawn tasks to compute each tile
    @time Dagger.spawn_datadeps([tile_gemm!(C, A, B, tile.i, tile.j) for tile in tiles])

    # Wait for all tasks to complete
    fetch()

    # Print the results of the tiles
    for i in 1:n
        for j in 1:m
            print_tile(i, j)
        end
        println()
    end

    # Compute the expected result using BLAS
    expected_C = similar(C)
    @time LinearAlgebra.gemm!(expected_C, A, B, 1.0, 0.0)

    # Check if the computed result matches the expected result within a small tolerance
    tolerance = 100 * eps()
    isclose(C, expected_C, rtol=tolerance, atol=tolerance) ? println("TEST PASSED") : println("TEST FAILED")
end

# Run the main function
main()
