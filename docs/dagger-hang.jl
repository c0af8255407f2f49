# A correct program that Dagger.jl 0.19.4 does not always finish, on Julia 1.12.6 (see dagger.md).
#
#     julia -t 64,0 dagger-hang.jl          may hang
#     julia -t 64,0 dagger-hang.jl first    each thread has its first task alone
using Dagger

if "first" in ARGS
    foreach(1:Threads.nthreads()) do t
        fetch(Dagger.@spawn scope = Dagger.scope(worker = 1, thread = t) identity(t))
    end
end

# Says after a while whether it hangs, and which threads have two run loops: one of them is lost.
Timer(parse(Int, get(ENV, "HANGS_AFTER_S", "30"))) do _
    loops = lock(copy, Dagger.Sch.ERRORMONITOR_TRACKED)
    names = [name for (name, task) in loops if startswith(name, "processor")]
    println("hangs; run twice: ", unique(filter(name -> count(==(name), names) > 1, names)))
    exit(1)
end

heads = Any[1.0 for _ in 1:Threads.nthreads()]
for step in 1:10, i in eachindex(heads)
    heads[i] = Dagger.@spawn sin(heads[i])
end
foreach(fetch, heads)
println("done")
