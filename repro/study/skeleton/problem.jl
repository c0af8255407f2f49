# ${title}: inputs, and how a result is verified. julia/cases.jl says what the harness asks for.
struct ${type} <: Case
    n::Int
    seed::Int
end

# A problem without tiles ignores `tile`.
${type}(n, tile, seed) = ${type}(n, seed)

# A result of rounding is about √n·eps() from the exact one; whatever you allow, say why.
bound(case::${type}) = error("TODO: the largest error accepted")

# What the kernel is called with. Ranks get their communicator before these.
kernel_arguments(::SharedMemory, case::${type}) = (case.n,)
distributed_arguments(case::${type}) = (case.n,)

"The error of a result; or, in words, the promise of the contract that was broken."
function kernel_error(team, case::${type}, arguments, returned, seed)
    fault = number_fault(team, returned)
    fault === nothing || return fault
    error("TODO: how far `returned` is from the right result, in O(n) or O(n²), not by solving it")
end

# Each of these must be noticed. For matrices see julia/tiled/spoil.jl.
wrong_results(team, case::${type}) = WRONG_NUMBERS
spoil!(team, case::${type}, what, arguments, returned) = wrong_number(what, returned)

${type}
