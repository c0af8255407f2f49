# What the harness asks of a problem: the file problem.jl in the problem's directory.
#
# A case is one problem at one size with one seed.  The file defines a type of cases, which is also
# its last value, and adds methods to these functions:
#
#   Type(n, tile, seed)                      a case; its inputs follow from the seed alone
#   bound(case)                              the largest error accepted
#   kernel_arguments(::SharedMemory, case)   fresh arguments for one call in one process
#   distributed_arguments(case)              the same for ranks and workers, without communicator
#   kernel_error(team, case, arguments, returned, seed)
#                                            the error of a result, to be compared with the bound, or
#                                            the promise that was broken, in words
#   wrong_results(team, case)                names of ways to spoil a right result, each of which
#                                            verification must notice
#   spoil!(team, case, what, arguments, returned)
#                                            a result spoilt in that way
#
# A method may be for `SharedMemory`, for `DistributedMemory`, or for any team.  What to use: entries
# and seeds (below), matrices in tiles (tiled/), what teams can do together (teams.jl).
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

"Uniform in [-1,1), a pure function of its arguments (stable across Julia versions)."
@inline entry(seed, i, j) = (hash_of(seed, i, j) >> 11) * 2.0^-52 - 1.0

"A seed of its own for each use; 52 bits, so that it survives a JSON reader that knows only floats."
derive(seed, use) = Int(hash_of(seed, use, 0) >> 12)

"The case of a timed repetition; its inputs are those of no other repetition."
timed_case(problem, n, tile, seed, repetition) = problem(n, tile, derive(seed, repetition))

"The cases that a kernel must get right before it is timed; running them compiles it."
check_cases(problem, n, tile, seed) = [problem(n, tile, derive(seed, 0))]

"Cases that must also come out right for a timed repetition to be correct."
spot_cases(case) = []

"What a kernel returned instead of what it had promised."
brief(x::Real) = string(x)
brief(x) = "a value of type $(first_of(string(typeof(x)), 100))"

# Ways to spoil a result that is a number.
const WRONG_NUMBERS = ["off by 1e-6", "not a number", "not returned"]

function wrong_number(what, x)
    what == "off by 1e-6" && return x * (1 + 1e-6)
    what == "not a number" && return NaN
    nothing
end
