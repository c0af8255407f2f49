# Dagger chooses among all workers; only the driver is kept out.
using Distributed, Dagger

@everywhere partial(lo, hi, n) = mapreduce(i -> 4 / (1 + ((i - 0.5) / n)^2), +, lo:hi; init = 0.0)

function compute_pi(n)
    parts = 4 * nworkers()
    Dagger.with_options(; scope = Dagger.scope(workers = workers())) do
        tasks = [Dagger.@spawn partial((p - 1) * n ÷ parts + 1, p * n ÷ parts, n) for p in 1:parts]
        sum(fetch.(tasks)) / n
    end
end
