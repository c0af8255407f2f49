using Dagger

# Each thread's first task, one after the other.  Where two are a thread's first at once, Dagger may make its
# run loop twice, and then waits for ever (docs/dagger.md).
foreach(1:Threads.nthreads()) do t
    fetch(Dagger.@spawn scope = Dagger.scope(worker = 1, thread = t) identity(t))
end

function midpoints(lo, hi, h)
    s = 0.0
    @simd for i in lo:hi
        x = (i - 0.5) * h
        s += 4 / (1 + x * x)
    end
    s
end

"""
Midpoint rule for ∫₀¹ 4/(1+x²) dx with n points, one Dagger task per thread.  The scope names the
thread, because Dagger's own choice for long tasks is any thread but the first.
"""
function compute_pi(n::Int)
    parts = min(n, Threads.nthreads())
    block(p) = div((p - 1) * n, parts) + 1, div(p * n, parts)
    sums = [Dagger.@spawn scope = Dagger.scope(worker = 1, thread = p) midpoints(block(p)..., 1 / n)
            for p in 1:parts]
    sum(fetch, sums) / n
end
