# Many tasks, all on the driver.
using Distributed, Dagger
@everywhere block(r, n) = sum(i -> 4 / (1 + ((i - 0.5) / n)^2), r; init = 0.0)

function compute_pi(n)
    tasks = [Dagger.@spawn scope = Dagger.scope(worker = myid()) block(p:8:n, n) for p in 1:8]
    sum(fetch.(tasks)) / n
end
