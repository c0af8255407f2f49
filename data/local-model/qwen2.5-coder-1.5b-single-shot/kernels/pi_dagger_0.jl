using Dagger

function compute_pi(n)
    # Define the function to evaluate
    f(x) = 4 / (1 + x^2)

    # Initialize the sum
    sum_value = 0.0

    # Spawn a task for each thread
    @spawn_datadeps(
        for i in 1:n
            x = (i - 1/2) / n
            sum_value += f(x)
        end
    )

    # Fetch the result from all threads
    return fetch(sum_value)
end

# Example usage
n = 1000000
pi_estimate = compute_pi(n)
println("Estimated π: $pi_estimate")
