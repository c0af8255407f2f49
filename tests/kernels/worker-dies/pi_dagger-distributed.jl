# A worker dies of a signal.
using Distributed, Dagger
@everywhere using Dagger
@everywhere dies(n) = (ccall(:raise, Cint, (Cint,), 9); n)

compute_pi(n) = sum(fetch, [Dagger.@spawn(scope = Dagger.scope(worker = w), dies(n)) for w in workers()])
