# Settings of every process that runs the harness: ranks, workers, drivers.

function prepare_process()
    BLAS.set_num_threads(1)
    VERSION >= v"1.9" && print_only_stacks()
    nothing
end

"""
On SIGUSR1, Julia prints its stacks, profiles itself for a second, and wakes a task that compiles and
prints a report.  The watchdog needs the stacks, from a program that goes on as if it was not asked.
"""
function print_only_stacks()
    NOBODY[] = Base.AsyncCondition()
    handle = NOBODY[].handle
    ccall(:uv_unref, Cvoid, (Ptr{Cvoid},), handle)
    ccall(:jl_set_profile_peek_duration, Cvoid, (Cdouble,), 0)
    ccall(:jl_set_peek_cond, Cvoid, (Ptr{Cvoid},), handle)
end

"What is woken instead of the task that prints; nothing waits for it."
const NOBODY = Ref{Base.AsyncCondition}()
