# Left-looking by tile columns, dealt out cyclically; a finished panel is one message.
using MPI, LinearAlgebra

function cholesky(comm, n, tile, make_a)
    np, me = MPI.Comm_size(comm), MPI.Comm_rank(comm)
    nt = cld(n, tile)
    nb(i) = min(tile, n - (i - 1) * tile)
    owner = k -> mod(k - 1, np)
    local_columns = Dict(j => Dict(i => make_a(i, j) for i in j:nt)
                         for j in 1:nt if owner(j) == me)
    bad = Ref(0)
    for k in 1:nt
        panel = zeros(sum(nb, k:nt), nb(k))
        if owner(k) == me
            column = local_columns[k]
            _, info = LAPACK.potrf!('L', column[k])
            info > 0 && (bad[] = (k - 1) * tile + info)
            if bad[] == 0
                for i in k+1:nt
                    BLAS.trsm!('R', 'L', 'T', 'N', 1.0, column[k], column[i])
                end
            end
            panel .= reduce(vcat, [column[i] for i in k:nt])
        end
        MPI.Bcast!(bad, owner(k), comm)
        bad[] > 0 && throw(PosDefException(bad[]))
        MPI.Bcast!(panel, owner(k), comm)
        first_row(i) = (i - k) * tile + 1
        part(i) = view(panel, first_row(i):first_row(i)+nb(i)-1, :)
        for (j, column) in local_columns
            j > k || continue
            for i in j:nt
                BLAS.gemm!('N', 'T', -1.0, part(i), part(j), 1.0, column[i])
            end
        end
    end
    return Dict((i, j) => t for (j, column) in local_columns for (i, t) in column)
end
