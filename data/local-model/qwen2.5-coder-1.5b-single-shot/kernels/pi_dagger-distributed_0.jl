using Distributed, Dagger

# Define compute_pi function on driver process
function compute_pi(n)
    # Initialize total sum of integrand values
    total_sum = 0.0

    # Distribute the work among workers using Dagger.jl
    @everywhere begin
        x_i = (i - 1/2) / n
        total_sum += Dagger.spawn_datadeps(Dagger.@spawn 4 / (1 + x_i^2))
    end

    # Sum up all the results from workers and compute π
    return total_sum * (1/n)
end

# Example usage on driver process
n = 1000000
pi_estimate = compute_pi(n)
println("Estimated value of π: ", pi_estimate)

# Check if the result is close to the actual value of π
using Roots
π_actual = root(4/(1 + x -> 1 + x^2), [0.5], method=:newton)[1]
println("Actual value of π: ", π_actual)
println("Difference between estimated and actual values: ", abs(pi_estimate - π_actual))
