# Sums of blocks, added by tasks in a tree.
using Dagger

block_sum(lo, hi, n) = sum(4 / (1 + ((i - 0.5) / n)^2) for i in lo:hi; init = 0.0)

function tree(tasks)
    length(tasks) == 1 && return only(tasks)
    half = length(tasks) ÷ 2
    left, right = tree(tasks[1:half]), tree(tasks[half+1:end])
    return Dagger.@spawn left + right
end

function compute_pi(n)
    parts = 2 * Threads.nthreads()
    leaves = [Dagger.@spawn block_sum((p - 1) * n ÷ parts + 1, p * n ÷ parts, n) for p in 1:parts]
    return fetch(tree(leaves)) / n
end
