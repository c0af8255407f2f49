# Chunks of the points, mapped to Dagger tasks by a do block.
using Dagger

function chunk_sum(range, h)
    acc = 0.0
    @inbounds @simd for i in range
        x = h * (i - 0.5)
        acc += 4.0 / (1.0 + x * x)
    end
    return acc
end

function compute_pi(n)
    h = 1.0 / n
    tasks = map(Iterators.partition(1:n, cld(n, Threads.nthreads()))) do range
        Dagger.spawn(chunk_sum, range, h)
    end
    return h * sum(fetch.(tasks))
end
