# Chunks of the points, mapped to tasks by a do block.
function compute_pi(n)
    nchunks = max(1, min(n, 4 * Threads.nthreads()))
    bounds = round.(Int, range(0, n; length = nchunks + 1))
    tasks = map(1:nchunks) do c
        Threads.@spawn begin
            acc = 0.0
            for i in (bounds[c] + 1):bounds[c + 1]
                x = (i - 0.5) / n
                acc += 4 / (1 + x * x)
            end
            acc
        end
    end
    return sum(fetch, tasks) / n
end
