# Rank 1 is killed while the others wait for it in a collective.
using MPI

function compute_pi(comm, n)
    rank, ranks = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    n > 500 && last_barrier(comm, rank)
    s = 0.0
    for i in rank+1:ranks:n
        s += 4 / (1 + ((i - 0.5) / n)^2)
    end
    MPI.Allreduce(s / n, +, comm)
end

# Rank 1 goes when the others have loaded and compiled all and are in the second barrier.
function last_barrier(comm, rank)
    MPI.Barrier(comm)
    rank == 1 && (sleep(3); ccall(:raise, Cint, (Cint,), 9))
    MPI.Barrier(comm)
end
