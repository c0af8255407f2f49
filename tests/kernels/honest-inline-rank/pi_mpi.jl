# The rank and the number of ranks stand in the loop itself.
using MPI

function compute_pi(comm, n)
    h = 1.0 / n
    local_sum = 0.0
    for i in (MPI.Comm_rank(comm) + 1):MPI.Comm_size(comm):n
        x = h * (i - 0.5)
        local_sum += 4.0 / (1.0 + x^2)
    end
    return h * MPI.Allreduce(local_sum, MPI.SUM, comm)
end
