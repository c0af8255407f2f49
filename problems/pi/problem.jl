# Pi by the midpoint rule: a sum without data.
struct Pi <: Case
    n::Int
    seed::Int
end

# n differs in every repetition, so that a cached result is wrong.
timed_case(::Type{Pi}, n, tile, seed, repetition) =
    Pi(n + repetition - 1, derive(seed, repetition))

# Only at small n can the bound distinguish the midpoint rule from the constant π.
check_cases(::Type{Pi}, n, tile, seed) = [Pi(m, seed) for m in [1, 2, 3, 10, 191, 1000, n]]
spot_cases(case::Pi) = [Pi(spot_size(case.seed), case.seed)]

"Return a log-uniform n in 1..2^17, where 1/(12n²) is well above the rounding errors in the bound."
spot_size(seed) = floor(Int, 2.0^(17 * abs(entry(seed, 1, 1))))

bound(case::Pi) = pi_bound(case.n)

kernel_arguments(::SharedMemory, case::Pi) = (case.n,)
distributed_arguments(case::Pi) = (case.n,)

function kernel_error(team, case::Pi, arguments, returned, seed)
    fault = number_fault(team, returned)
    fault === nothing ? pi_error(returned, case.n) : fault
end

"""
Return the distance of p from the value of the midpoint rule with n points, π + 1/(12n²) + O(n⁻⁶).
The n⁻⁴ term vanishes, so at small n the distance reveals another rule, a lost or repeated point,
and the constant π.  It is infinite for a p that is not a finite number.
"""
pi_error(p, n) = p isa Real && isfinite(p) ? abs(p - (π + 1 / (12 * float(n)^2))) : Inf
pi_bound(n) = 0.05 / float(n)^6 + (16 + 4 * sqrt(n)) * eps()

wrong_results(team, case::Pi) = WRONG_NUMBERS
corrupt!(team, case::Pi, what, arguments, returned) = wrong_number(what, returned)

Pi
