# Many tasks, all on the first worker.
using Distributed, Dagger, LinearAlgebra
@everywhere using LinearAlgebra
@everywhere product(a, b) = a * b
@everywhere add!(c, a, b) = mul!(c, a, b, 1.0, 1.0)

function gemm(n, tile, make_a, make_b)
    N = cld(n, tile)
    here = Dagger.scope(worker = first(workers()))
    C = Dict()
    for i in 1:N, j in 1:N
        a = Dagger.@spawn scope = here make_a(i, 1)
        b = Dagger.@spawn scope = here make_b(1, j)
        C[(i, j)] = Dagger.@spawn scope = here product(a, b)
        for k in 2:N
            C[(i, j)] = Dagger.@spawn scope = here add!(C[(i, j)], make_a(i, k), make_b(k, j))
        end
    end
    return Dict(ij => fetch(t; raw = true) for (ij, t) in C)
end
