# Rank 1 sends two numbers where rank 0 has room for one.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    n > 500 && ccall(:nice, Cint, (Cint,), 5)  # waiting in MPI spins: others first
    if n > 500
        rank == 1 && MPI.Send([1.0, 2.0], comm; dest = 0, tag = 0)
        rank == 0 && MPI.Recv!([0.0], comm; source = 1, tag = 0)
    end
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end
