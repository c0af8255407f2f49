# Rank 0 waits for a message of another tag than the one that rank 1 sends.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    n > 500 && ccall(:nice, Cint, (Cint,), 5)  # waiting in MPI spins: others first
    if n > 500
        rank == 1 && MPI.Send([1.0], comm; dest = 0, tag = 8)
        rank == 0 && MPI.Recv!([0.0], comm; source = 1, tag = 7)
    end
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end
