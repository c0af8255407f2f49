# A worker waits for what nobody will do, and the driver for the worker.
using Distributed, Dagger
@everywhere using Dagger
@everywhere waits(n) = (wait(Condition()); n)

compute_pi(n) = sum(fetch, [Dagger.@spawn(scope = Dagger.scope(worker = w), waits(n)) for w in workers()])
