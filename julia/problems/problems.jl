# The problems by name, and what they have in common.
#
# A case is one problem at one size with one seed.  A problem defines its cases, `bound(case)` (the
# largest error accepted) and `flops(case)`; a framework's team defines how a kernel is given a case
# and how its result is verified (teams.jl).
include("inputs.jl")
include("verify.jl")
include("ownership.jl")
include("pi.jl")
include("gemm.jl")
include("cholesky.jl")

const PROBLEMS = Dict("pi" => Pi, "gemm" => Gemm, "cholesky" => Cholesky)

"The case of a timed repetition; its inputs are those of no other repetition."
timed_case(problem, n, tile, seed, repetition) = problem(n, tile, derive(seed, repetition))

"The cases that a kernel must get right before it is timed; running them compiles it."
check_cases(problem, n, tile, seed) = [problem(n, tile, derive(seed, 0))]

"Cases that must also come out right for a timed repetition to be correct."
spot_cases(case) = []
