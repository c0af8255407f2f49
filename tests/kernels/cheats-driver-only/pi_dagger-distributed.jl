# Dagger tasks, but no word of workers: nothing is placed or defined on them.
using Dagger
block(r, n) = sum(i -> 4 / (1 + ((i - 0.5) / n)^2), r; init = 0.0)
compute_pi(n) = sum(fetch.([Dagger.@spawn block(p:4:n, n) for p in 1:4])) / n
