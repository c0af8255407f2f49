# Included by the kernels of this directory.
using Base.Threads: @spawn, nthreads

function parallel_sum(f, n)
    parts = min(n, nthreads())
    tasks = [@spawn sum(f, div((p - 1) * n, parts)+1:div(p * n, parts)) for p in 1:parts]
    sum(fetch, tasks)
end
