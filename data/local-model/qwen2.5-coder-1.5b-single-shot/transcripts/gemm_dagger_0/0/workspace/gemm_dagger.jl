using Dagger
using LinearAlgebra

# Define the matrix product function using Dagger.jl
function gemm!(C, A, B, tile)
    # Check if the matrices can be tiled
    if size(A) != (n, n) || size(B) != (n, n)
        error("Matrices must be n x n")
    end

    # Determine the number of tiles in each dimension
    nt = div(n, tile)
    mt = div(n, tile)

    # Initialize the result matrix C with zeros
    fill!(C, zero(eltype(C)))

    # Define a task for each tile
    tasks = [Dagger.@spawn_datadeps(A[i:i+tile-1, j:j+tile-1], B[j:j+tile-1, :], C[i:i+tile-1, j:j+tile-1]) for i in 1:nt, j in 1:mt]

    # Fetch the results from each task
    for t in tasks
        result = fetch(t)
        C += result
    end

    return C
end

# Example usage
n = 1024
tile = 64
A = rand(n, n) * rand(n, n)
B = rand(n, n) * rand(n, n)

C = zeros(n, n)
gemm!(C, A, B, tile)

println("Matrix C:")
println(C)
