# A task on a worker throws inside a task that waits for it.
using Distributed, Dagger

@everywhere using Dagger
@everywhere inner(i) = i == 7 ? throw(DomainError(i, "the seventh part has no value")) : 1.0 / i
@everywhere outer(n) = sum(fetch.([Dagger.@spawn inner(i) for i in 1:min(n, 10)]))

compute_pi(n) = fetch(Dagger.@spawn outer(n))
