# Halves the points until few are left; one half is a task, the other is done at once.
using Base.Threads: @spawn

const LEAF = 4096

midpoint(i, n) = 4 / (1 + ((i - 0.5) / n)^2)

function quadrature(lo, hi, n)
    hi - lo < LEAF && return mapreduce(i -> midpoint(i, n), +, lo:hi; init = 0.0)
    mid = (lo + hi) >>> 1
    left = @spawn quadrature(lo, mid, n)
    right = quadrature(mid + 1, hi, n)
    return fetch(left) + right
end

compute_pi(n) = quadrature(1, n, n) / n
