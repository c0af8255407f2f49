# Blocks of points; rank 0 receives the sums of the others one by one.
using MPI

block(rank, np, n) = (rank * n ÷ np + 1):((rank + 1) * n ÷ np)
rule(points, n) = sum(4 / (1 + ((i - 0.5) / n)^2) for i in points; init = 0.0)

function compute_pi(comm, n)
    rank, np = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    mine = rule(block(rank, np, n), n)
    root = 0
    answer = [mine]
    if rank == root
        for source in 1:np-1
            part = zeros(1)
            MPI.Recv!(part, comm; source = source, tag = 7)
            answer[1] += part[1]
        end
    else
        MPI.Send(answer, comm; dest = root, tag = 7)
    end
    MPI.Bcast!(answer, root, comm)
    return answer[1] / n
end
