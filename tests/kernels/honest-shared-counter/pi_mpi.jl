# Ranks draw blocks from a counter in a window of rank 0.
using MPI

const BLOCK = 100_000

function draw(win)
    one, got = Ref(1), Ref(0)
    MPI.Win_lock(win; rank = 0, type = :shared)
    MPI.Fetch_and_op!(one, got, 0, 0, MPI.SUM, win)
    MPI.Win_unlock(win; rank = 0)
    return got[]
end

function compute_pi(comm, n)
    counter = zeros(Int, MPI.Comm_rank(comm) == 0 ? 1 : 0)
    win = MPI.Win_create(counter, comm)
    s = 0.0
    while (block = draw(win)) * BLOCK < n
        for i in (block * BLOCK + 1):min((block + 1) * BLOCK, n)
            s += 4 / (1 + ((i - 0.5) / n)^2)
        end
    end
    MPI.free(win)
    return MPI.Allreduce(s, +, comm) / n
end
