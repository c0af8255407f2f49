# What the tests of problems use: the harness with one process of threads, the package's problems, and
# programs by hand.
include("../harness.jl")
include("../shared_memory.jl")
const TEAM = SharedMemory()
const PROBLEMS = normpath(joinpath(@__DIR__, "..", "..", "problems"))

"Load a problem's file; its type of cases."
problem(directory) = include(joinpath(directory, "problem.jl"))

"A function of a program by hand, from a module of its own."
function program(directory, author, name; framework = "threads")
    m = Core.eval(Main, :(module $(gensym(author)) end))
    Base.include(m, joinpath(directory, author, framework * ".jl"))
    Base.invokelatest(getfield, m, name)
end

"The error of a kernel as a part of what is allowed."
function share_of_bound(kernel, case)
    arguments = kernel_arguments(TEAM, case)
    returned = timed_call(TEAM, kernel, arguments).value
    error = kernel_error(TEAM, case, arguments, returned, rand(RandomDevice(), 1:2^52))
    error isa String ? Inf : error / bound(case)
end

"Is every way to spoil the result of a right kernel noticed?"
function notices_wrong_results(kernel, case)
    all(wrong_results(TEAM, case)) do what
        arguments = kernel_arguments(TEAM, case)
        returned = timed_call(TEAM, kernel, arguments).value
        spoilt = spoil!(TEAM, case, what, arguments, returned)
        !verdict(case, kernel_error(TEAM, case, arguments, spoilt, 5)).correct
    end
end

"What a call throws, or nothing."
function thrown(f)
    try
        f()
        nothing
    catch e
        e
    end
end
