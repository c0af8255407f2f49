# Strides through the points; the root sums up and tells the others.
import MPI

function compute_pi(comm, n)
    rank = MPI.Comm_rank(comm)
    size = MPI.Comm_size(comm)
    s = 0.0
    i = rank + 1
    while i <= n
        s = s + 4 / (1 + ((i - 0.5) / n)^2)
        i = i + size
    end
    total = MPI.Reduce(s, +, comm; root = 0)
    if rank == 0
        result = total / n
    else
        result = 0.0
    end
    return MPI.bcast(result, 0, comm)
end
