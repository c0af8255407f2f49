# Pi by the midpoint rule: a sum, without data.
struct Pi <: Case
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

kernel_arguments(::SharedMemory, case::Pi) = (case.n,)
distributed_arguments(case::Pi) = (case.n,)

function kernel_error(team, case::Pi, arguments, returned, seed)
    fault = number_fault(team, returned)
    fault === nothing ? pi_error(returned, case.n) : fault
end

"""
Distance from the midpoint rule's value with n points, which is π + 1/(12n²) + O(n⁻⁶): the n⁻⁴ term
vanishes, so at small n this tells the rule from another, from a lost or repeated point, and from
the constant π.  Anything but a number is infinitely far.
"""
pi_error(p, n) = p isa Real && isfinite(p) ? abs(p - (π + 1 / (12 * float(n)^2))) : Inf
pi_bound(n) = 0.05 / float(n)^6 + (16 + 4 * sqrt(n)) * eps()

wrong_results(team, case::Pi) = WRONG_NUMBERS
spoil!(team, case::Pi, what, arguments, returned) = wrong_number(what, returned)

Pi
