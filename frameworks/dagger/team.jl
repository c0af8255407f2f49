# Dagger.jl, in one process: kernels are called as those of Base.Threads are.
using Dagger
include(joinpath(JULIA, "shared_memory.jl"))
