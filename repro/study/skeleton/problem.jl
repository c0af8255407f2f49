# ${title}: inputs and verification. julia/cases.jl lists the functions that the harness calls.
struct ${type} <: Case
    n::Int
    seed::Int
end

# A problem without tiles ignores `tile`.
${type}(n, tile, seed) = ${type}(n, seed)

# Rounding errors are about √n·eps(). Give the reason for the bound that you choose.
bound(case::${type}) = error("TODO: the largest error accepted")

# Arguments of the kernel. On ranks the communicator comes first.
kernel_arguments(::SharedMemory, case::${type}) = (case.n,)
distributed_arguments(case::${type}) = (case.n,)

"Return the error of a result, or a text that says which rule of the contract is broken."
function kernel_error(team, case::${type}, arguments, returned, seed)
    fault = number_fault(team, returned)
    fault === nothing || return fault
    error("TODO: the error of `returned`, in O(n) or O(n²), without solving the problem")
end

# Verification must detect each of these. For matrices see julia/tiled/corrupt.jl.
wrong_results(team, case::${type}) = WRONG_NUMBERS
corrupt!(team, case::${type}, what, arguments, returned) = wrong_number(what, returned)

${type}
