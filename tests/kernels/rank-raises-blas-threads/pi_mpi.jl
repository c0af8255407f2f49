# Right, but rank 1 raises the number of BLAS threads.
using MPI, LinearAlgebra

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    rank == 1 && BLAS.set_num_threads(2)
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end
