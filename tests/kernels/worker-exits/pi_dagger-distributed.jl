# One worker ends itself in a task of the first repetition.
using Distributed, Dagger
@everywhere using Dagger
@everywhere function part(p, parts, n)
    n > 2000 && p == parts && exit(3)
    mapreduce(i -> 4 / (1 + ((i - 0.5) / n)^2), +, p:parts:n; init = 0.0) / n
end

function compute_pi(n)
    places = [Dagger.scope(worker = w) for w in workers()]
    parts = length(places)
    sum(fetch, [Dagger.@spawn(scope = place, part(p, parts, n)) for (p, place) in enumerate(places)])
end
