# Tools for tests of problems: the harness with one process of threads, the problems of the package,
# and hand-written programs.
include("../harness.jl")
include("../shared_memory.jl")
const TEAM = SharedMemory()
const PROBLEMS = normpath(joinpath(@__DIR__, "..", "..", "problems"))

"Load the file of a problem; return its type of cases."
problem(directory) = include(joinpath(directory, "problem.jl"))

"Load a hand-written program in a separate module; return its function `name`."
function program(directory, author, name; framework = "threads")
    m = Core.eval(Main, :(module $(gensym(author)) end))
    Base.include(m, joinpath(directory, author, framework * ".jl"))
    Base.invokelatest(getfield, m, name)
end

"Return the error of a kernel relative to the bound."
function share_of_bound(kernel, case)
    arguments = kernel_arguments(TEAM, case)
    returned = timed_call(TEAM, kernel, arguments).value
    error = kernel_error(TEAM, case, arguments, returned, rand(RandomDevice(), 1:2^52))
    error isa String ? Inf : error / bound(case)
end

"Return true if every way to corrupt the result of a right kernel is detected."
function detects_wrong_results(kernel, case)
    all(wrong_results(TEAM, case)) do what
        arguments = kernel_arguments(TEAM, case)
        returned = timed_call(TEAM, kernel, arguments).value
        corrupted = corrupt!(TEAM, case, what, arguments, returned)
        !verdict(case, kernel_error(TEAM, case, arguments, corrupted, 5)).correct
    end
end

"Return the exception that a call throws, or `nothing`."
function thrown(f)
    try
        f()
        nothing
    catch e
        e
    end
end
