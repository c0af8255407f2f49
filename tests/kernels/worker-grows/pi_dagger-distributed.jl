# A worker keeps what each of many tasks makes: its memory grows until the limit.
using Distributed, Dagger
@everywhere using Dagger
@everywhere const KEPT = Any[]
@everywhere keep(n) = (push!(KEPT, ones(2^23)); Float64(n))

function compute_pi(n)
    here = Dagger.scope(worker = last(workers()))
    for _ in 1:1000
        fetch(Dagger.@spawn scope = here keep(n))
    end
    3.0
end
