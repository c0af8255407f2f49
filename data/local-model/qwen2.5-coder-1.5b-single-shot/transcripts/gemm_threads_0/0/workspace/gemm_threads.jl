module GEMMThreads

using Base.Threads

# Define the function to compute the matrix product C = A * B
function gemm!(C, A, B, tile)
    n = size(A)[1]
    m = size(B)[2]
    
    # Calculate the number of tiles needed in each dimension
    num_tiles_a = div(n, tile) + (n % tile > 0 ? 1 : 0)
    num_tiles_b = div(m, tile) + (m % tile > 0 ? 1 : 0)
    
    # Create a temporary matrix to store intermediate results
    T = similar(C)
    
    # Initialize the temporary matrix with zeros
    fill!(T, zero(eltype(T)))
    
    # Compute each tile in parallel
    Threads.@threads for i in 1:num_tiles_a
        for j in 1:num_tiles_b
            local ai, bj
            if i == num_tiles_a
                ai = n - mod(n, tile)
            else
                ai = tile * (i - 1) + 1
            end
            
            if j == num_tiles_b
                bj = m - mod(m, tile)
            else
                bj = tile * (j - 1) + 1
            end
            
            local ci = tile * (i - 1) + 1
            local cj = tile * (j - 1) + 1
            
            for k in 1:tile
                T[ci, cj] += A[ai, k] * B[k, bj]
                T[ci, cj + 1] += A[ai, k] * B[k, bj + 1]
                # ... (add more columns if necessary)
            end
            
            ci += tile
        end
    end
    
    # Copy the temporary matrix back to C
    for i in 1:n
        for j in 1:m
            C[i, j] = T[i, j]
        end
    end
    
end

# Example usage
A = rand(50, 50)
B = rand(50, 50)

C = zeros(eltype(A), size(A))
gemm!(C, A, B, 10)  # Using a tile size of 10

println(C)
