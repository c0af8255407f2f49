using MPI

# Define the compute_pi function for parallel computation of π using midpoint rule
function compute_pi(comm, n)
    # Initialize local variables
    sum_local = 0.0
    step_size = 1.0 / n
    
    # Compute the sum for each process
    for i in 1:n
        x_i = (i - 0.5) * step_size
        sum_local += 4 / (1 + x_i^2)
    end
    
    # Reduce the local sums to get the total sum across all processes
    MPI.Reduce(sum_local, sum_global, MPI.SUM, comm)
    
    # Calculate π using the reduced sum
    pi = sum_global * step_size
    
    return pi
end

# Main function to run the program
function main()
    # Initialize MPI
    MPI.Init()

    # Get the number of processes and rank
    comm = MPI.COMM_WORLD
    size = MPI.Size(comm)
    rank = MPI.Rank(comm)

    # Define the number of points based on the number of processes
    n = min(10^4, size)

    # Compute π using the midpoint rule
    pi = compute_pi(comm, n)

    # Print the result
    println("Rank $rank: Pi = $pi")

    # Finalize MPI
    MPI.Finalize()
end

# Call the main function to start the program
main()
