using MPI

# Initialize MPI
MPI.Init()

# Get rank and size
comm = MPI.COMM_WORLD
rank = MPI.Comm_rank(comm)
size = MPI.Comm_size(comm)

# Function to compute π using midpoint rule with MPI
function compute_pi(comm, n)
    # Compute the sum on each process
    local_sum = 0.0
    for i in 1:n
        x_i = (i - 0.5) / n
        local_sum += 4 / (1 + x_i^2)
    end

    # Reduce the local sums to the root process
    total_sum = MPI.Reduce(local_sum, MPI.SUM, comm)

    return total_sum * (1 / n)
end

# Serial sum of terms for comparison
serial_pi = 0.0
for i in 1:1000003
    x_i = (i - 0.5) / 1000003
    serial_pi += 4 / (1 + x_i^2)
end

# Prepare inputs and run the program for each n
tolerance = 1e-10
results = Dict{Int64, Float64}()
for n in [1, 2, 10, 1000, 1000003]
    computed_pi = compute_pi(comm, n)
    if abs(computed_pi - serial_pi) > tolerance
        println("Test failed for n = $n: computed = $computed_pi, expected = $serial_pi")
        results[n] = computed_pi
        break
    else
        results[n] = computed_pi
    end
end

# Print the results
println("ALL TESTS PASSED" if length(results) == size(comm) else "Some tests failed")

# Finalize MPI
MPI.Finalize()
