# Rank 0 asks in a loop whether a message has come, which takes half a minute: no deadlock.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    n > 500 && ccall(:nice, Cint, (Cint,), 5)  # waiting in MPI spins: others first
    if n > 500 && rank == 1
        x, until = 0.0, time() + 30
        while time() < until
            x = sin(x + 1)
        end
        MPI.Send([x], comm; dest = 0, tag = 0)
    elseif n > 500 && rank == 0
        while !MPI.Iprobe(comm; source = 1, tag = 0)
            sum(sin, 1:1000)
        end
        MPI.Recv!([0.0], comm; source = 1, tag = 0)
    end
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end
