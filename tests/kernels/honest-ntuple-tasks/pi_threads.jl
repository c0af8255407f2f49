# One task a thread, made by ntuple.
using Base.Threads: @spawn, nthreads

function partial_sum(first_index, step_size, n, h)
    total = 0.0
    i = first_index
    while i <= n
        x = (i - 0.5) * h
        total += 4.0 / (1.0 + x^2)
        i += step_size
    end
    return total
end

function compute_pi(n)
    h = 1.0 / n
    p = nthreads()
    tasks = ntuple(t -> (@spawn partial_sum(t, p, n, h)), p)
    return h * sum(fetch.(tasks))
end
