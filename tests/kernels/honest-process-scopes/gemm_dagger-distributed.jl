# Owner computes: a process scope a tile row; whole rows of tiles travel, matrices do not.
using Distributed, Dagger, LinearAlgebra

@everywhere using LinearAlgebra
@everywhere function row_times_column(make_a, make_b, i, j, nt)
    C = make_a(i, 1) * make_b(1, j)
    for k in 2:nt
        C .+= make_a(i, k) * make_b(k, j)
    end
    return C
end

function gemm(n, tile, make_a, make_b)
    nt = cld(n, tile)
    procs = [Dagger.ProcessScope(w) for w in workers()]
    tasks = Dict{Tuple{Int,Int},Any}()
    @sync for j in 1:nt
        for i in 1:nt
            where_to = procs[mod1(i, length(procs))]
            tasks[(i, j)] = Dagger.@spawn compute_scope = where_to row_times_column(make_a, make_b, i, j, nt)
        end
    end
    return Dict(key => fetch(t; raw = true) for (key, t) in tasks)
end
