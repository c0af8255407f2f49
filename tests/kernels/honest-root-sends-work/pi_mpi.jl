# A root that hands out blocks, and the others, which compute them.
using MPI

function manage(comm, blocks)
    total, next, busy = 0.0, 1, 0
    for dest in 1:MPI.Comm_size(comm)-1
        MPI.send(next <= length(blocks) ? blocks[next] : nothing, comm; dest)
        busy += next <= length(blocks)
        next += 1
    end
    while busy > 0
        part, status = MPI.recv(comm, MPI.Status; source = MPI.ANY_SOURCE)
        total += part
        busy -= 1
        more = next <= length(blocks)
        MPI.send(more ? blocks[next] : nothing, comm; dest = status.source)
        busy += more
        next += 1
    end
    return total
end

function work(comm, n)
    while (block = MPI.recv(comm; source = 0)) !== nothing
        s = 0.0
        for i in block
            s += 4 / (1 + ((i - 0.5) / n)^2)
        end
        MPI.send(s, comm; dest = 0)
    end
    return 0.0
end

function compute_pi(comm, n)
    is_root = MPI.Comm_rank(comm) == 0
    if MPI.Comm_size(comm) == 1
        return sum(4 / (1 + ((i - 0.5) / n)^2) for i in 1:n) / n
    end
    blocks = collect(Iterators.partition(1:n, cld(n, 64)))
    total = is_root ? manage(comm, blocks) : work(comm, n)
    return MPI.bcast(total, comm; root = 0) / n
end
