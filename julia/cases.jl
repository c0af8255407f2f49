# The functions that the file problem.jl in the directory of a problem must define.
#
# A case is a problem at one size with one seed.  The file defines a type of cases and methods of
# the functions below.  Its last value is that type.
#
#   Type(n, tile, seed)                      a case; its inputs follow from the seed alone
#   bound(case)                              the largest error accepted
#   kernel_arguments(::SharedMemory, case)   fresh arguments for one call in one process
#   distributed_arguments(case)              the same for ranks and workers, without communicator
#   kernel_error(team, case, arguments, returned, seed)
#                                            the error of a result, for comparison with the bound,
#                                            or a text that says which rule is broken
#   wrong_results(team, case)                names of ways to corrupt a right result, each of which
#                                            verification must detect
#   corrupt!(team, case, what, arguments, returned)
#                                            the result, corrupted in that way
#
# A method can be for `SharedMemory`, for `DistributedMemory`, or for any team.  Building blocks:
# entries and seeds (below), matrices in tiles (tiled/), operations of teams (teams.jl).
using Random

abstract type Case end

@inline function scramble(x::UInt64)                        # SplitMix64 finaliser
    x = (x ⊻ (x >> 30)) * 0xbf58476d1ce4e5b9
    x = (x ⊻ (x >> 27)) * 0x94d049bb133111eb
    x ⊻ (x >> 31)
end

@inline hash_of(seed, i, j) =
    scramble(scramble(seed % UInt64 + 0x9e3779b97f4a7c15 * (i % UInt64)) +
             0xd1342543de82ef95 * (j % UInt64))

"Return a number, uniform in [-1,1): a pure function, the same in every version of Julia."
@inline entry(seed, i, j) = (hash_of(seed, i, j) >> 11) * 2.0^-52 - 1.0

"Return a separate seed for each use.  It has 52 bits, so JSON readers with only floats keep it."
derive(seed, use) = Int(hash_of(seed, use, 0) >> 12)

"Return the case of a timed repetition; its inputs differ from those of all others."
timed_case(problem, n, tile, seed, repetition) = problem(n, tile, derive(seed, repetition))

"Return the cases that a kernel must pass before it is timed; they also compile it."
check_cases(problem, n, tile, seed) = [problem(n, tile, derive(seed, 0))]

"Return further cases that a correct repetition must pass."
spot_cases(case) = []

"Describe an unexpected return value."
brief(x::Real) = string(x)
brief(x) = "a value of type $(first_of(string(typeof(x)), 100))"

# Ways to corrupt a result that is a number.
const WRONG_NUMBERS = ["off by 1e-6", "not a number", "not returned"]

function wrong_number(what, x)
    what == "off by 1e-6" && return x * (1 + 1e-6)
    what == "not a number" && return NaN
    nothing
end
