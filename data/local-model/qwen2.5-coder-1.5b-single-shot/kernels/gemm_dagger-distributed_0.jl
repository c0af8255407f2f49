using Distributed, Dagger

# Define the tile size
tile = 1024

# Function to create a tile of A or B
function make_a(i, j)
    # This function should be defined by the driver process
end

function make_b(i, j)
    # This function should be defined by the driver process
end

# Define the main function to compute the matrix product C = A*B
function gemm(n, tile, make_a, make_b)
    # Divide n into tiles
    num_tiles_i = div(n, tile) + (n % tile != 0 ? 1 : 0)
    num_tiles_j = div(n, tile) + (n % tile != 0 ? 1 : 0)

    # Create a dictionary to store the tiles of C
    C = Dict{Tuple{Int, Int}, Dagger.Chunk}()

    # Define a scope for distributed tasks
    @everywhere begin
        # Function to compute the tile of C
        function compute_tile(i, j)
            local A_tile = make_a(i, j)
            local B_tile = make_b(i, j)
            local C_chunk = Dagger.Chunk(tile, tile)

            # Perform the matrix multiplication on the tile
            for i_chunk in 1:tile
                for j_chunk in 1:tile
                    local sum = 0.0
                    for k in 1:min(tile, n - i)
                        sum += A_tile[i + k - 1, j] * B_tile[k, j_chunk]
                    end
                    C_chunk[i_chunk, j_chunk] = sum
                end
            end

            return C_chunk
        end

        # Spawn tasks to compute each tile of C in parallel
        for i in 1:num_tiles_i
            for j in 1:num_tiles_j
                Dagger.@spawn datadeps(compute_tile(i, j), scope=workers()[i + j])
            end
        end
    end

    return C
end

# Example usage of the gemm function
n = 4096
C = gemm(n, tile, make_a, make_b)
