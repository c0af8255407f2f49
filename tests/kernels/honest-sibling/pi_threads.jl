# The tasks are started by a function of another file.
include("parallel_sum.jl")

compute_pi(n) = parallel_sum(i -> 4 / (1 + ((i - 0.5) / n)^2), n) / n
