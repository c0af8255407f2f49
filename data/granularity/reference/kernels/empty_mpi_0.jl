using MPI

"""
The sum of value(i) for i in 1:n.  It goes around the p ranks: message i, from rank mod(i - 1, p) to
rank mod(i, p), is the sum up to i.
"""
function empty_messages(comm, n, value)
    rank, p = MPI.Comm_rank(comm), MPI.Comm_size(comm)
    sent, arrived = [0], [0]
    for i in 1:n
        from, to = mod(i - 1, p), mod(i, p)
        if rank == from
            sent[1] = arrived[1] + value(i)
            request = MPI.Isend(sent, comm; dest = to)      # a rank alone sends to itself
        end
        rank == to && MPI.Recv!(arrived, comm; source = from)
        rank == from && MPI.Wait(request)
    end
    MPI.bcast(arrived[1], mod(n, p), comm)
end
