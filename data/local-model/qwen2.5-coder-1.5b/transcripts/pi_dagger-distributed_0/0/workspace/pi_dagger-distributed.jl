# Import required packages
using Distributed, Dagger

# Function to compute π using the midpoint rule
function compute_pi(n)
    # Initialize sum and total points
    sum = 0.0
    total_points = n
    
    # Distribute tasks among workers
    for i in 1:n
        x_i = (i - 0.5) / n
        @everywhere begin
            y_i = 4 / (1 + x_i^2)
            sum += y_i
        end
    end
    
    # Compute the final value of π
    pi_estimate = sum * (total_points / n)
    
    return pi_estimate
end

# Function to validate the results
function validate_pi()
    # Define a tolerance for floating-point comparison
    tolerance = 1e-10
    
    # Test cases with different values of n
    tests = [
        (1, 3.141592653589793),
        (2, 3.141592653589793),
        (10, 3.141592653589793),
        (1000, 3.141592653589793),
        (1000003, 3.141592653589793)
    ]
    
    # Check each test case
    for (n, expected) in tests
        result = compute_pi(n)
        if abs(result - expected) > tolerance
            println("Test failed for n = $n: Expected $expected, got $result")
            return false
        end
    end
    
    println("ALL TESTS PASSED")
    return true
end

# Run the harness to validate the results
validate_pi()
