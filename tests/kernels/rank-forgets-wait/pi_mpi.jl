# Rank 0 reads what it receives without waiting for it.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    s, part = 0.0, [0.0]
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    if rank == 0
        for other in 1:ranks-1
            MPI.Irecv!(part, comm; source = other, tag = 0)
            s += part[1]
        end
    end
    MPI.Barrier(comm)
    rank > 0 && MPI.Send([s], comm; dest = 0, tag = 0)
    MPI.bcast(s / n, 0, comm)
end
