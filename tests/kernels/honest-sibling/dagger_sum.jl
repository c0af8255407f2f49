# Included by a kernel of this directory.
using Dagger

function dagger_sum(f, n)
    parts = min(n, Threads.nthreads())
    sum(fetch, [Dagger.@spawn(sum(f, cld((p - 1) * n, parts)+1:cld(p * n, parts))) for p in 1:parts])
end
