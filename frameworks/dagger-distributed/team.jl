# Dagger.jl on workers of Distributed: the driver calls the kernel, which returns Chunks; their data
# stays on the workers.
Base.find_package("Dagger") === nothing && error("Dagger.jl is not installed")

# The documentation of Dagger requires that workers exist before it is loaded.
function form_team(o)
    isempty(o["worker-command"]) && wrong_call("no command for workers")
    start_workers(o["worker-command"], o["copies"], o["ranks"])
    file = joinpath(@__DIR__, "workers.jl")
    include(file)
    files = [joinpath(JULIA, "harness.jl"), file, problem_file(o["problem"])]
    loading = Expr(:block, (:(include($f)) for f in files)...)
    Distributed.remotecall_eval(Main, workers(), Expr(:module, true, :Harness, loading))
    Base.invokelatest(by_now(:workers_team))
end
