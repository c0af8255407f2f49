using Base.Threads

# Define the function compute_pi(n)
function compute_pi(n)
    # Initialize the sum to zero
    total_sum = 0.0
    
    # Calculate the width of each subinterval
    step_size = 1 / n
    
    # Use threads to calculate the sum in parallel
    @threads for i in 1:n
        x_i = (i - 1/2) * step_size
        total_sum += 4 / (1 + x_i^2)
    end
    
    # Return the final result
    return total_sum
end

# Example usage of compute_pi with different values of n
println("Using 10 threads:")
result_10 = compute_pi(10)
println("Sum: $result_10")

println("\nUsing 50 threads:")
result_50 = compute_pi(50)
println("Sum: $result_50")
