# One worker dies of a signal in a task, while the driver waits for all.
using Distributed, Dagger
@everywhere using Dagger
@everywhere part(n, dies) = (dies && ccall(:raise, Cint, (Cint,), 11); Float64(n))

compute_pi(n) = sum(fetch, [Dagger.@spawn(scope = Dagger.scope(worker = w), part(n, w == maximum(workers())))
                            for w in workers()])
