# A task throws inside a task that waits for it.
using Dagger

inner(i) = i == 7 ? throw(DomainError(i, "the seventh part has no value")) : 1.0 / i
outer(n) = sum(fetch.([Dagger.@spawn inner(i) for i in 1:min(n, 10)]))

compute_pi(n) = fetch(Dagger.@spawn outer(n))
