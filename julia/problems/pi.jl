"""
Compute π by the midpoint rule for the integral of 4/(1+x²) over [0,1] with n points:

    (1/n) * sum of 4 / (1 + x_i²) over i = 1..n, where x_i = (i - 1/2) / n

All n points must be evaluated, in Float64, and n is any integer from 1 up, also one smaller than
the number of threads or processes. The closed form, a series or the constant π is not a solution.

# Shared memory (threads, dagger)
Define `compute_pi(n)`. It returns the sum above as a Float64 and uses all Julia threads.

# Distributed memory (mpi)
Define `compute_pi(comm, n)`. All ranks of `comm` call it; MPI is already initialised and must not
be finalised. Every rank returns the same Float64.

# Distributed memory (dagger-distributed)
Define `compute_pi(n)`. It is called once, on the driver process, and returns a Float64. The points
are evaluated on the workers. The file is included in Main of the driver; what workers need of it,
it defines on them by `@everywhere`.
"""
struct Pi
    n::Int
    seed::Int
end

# n differs in every repetition, so that a remembered result is not the right one.
timed_case(::Type{Pi}, n, tile, seed, repetition) =
    Pi(n + repetition - 1, derive(seed, repetition))

# At large n the bound cannot tell the rule from the constant π; at small n it can.
check_cases(::Type{Pi}, n, tile, seed) = [Pi(m, seed) for m in [1, 2, 3, 10, 191, 1000, n]]
spot_cases(case::Pi) = [Pi(spot_size(case.seed), case.seed)]

"Log-uniform in 1..2^17, where 1/(12n²) is still well above the rounding that the bound allows."
spot_size(seed) = floor(Int, 2.0^(17 * abs(entry(seed, 1, 1))))

bound(case::Pi) = pi_bound(case.n)
flops(case::Pi) = 6.0 * case.n
