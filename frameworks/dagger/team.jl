# Dagger.jl in one process: kernels are called like those of Base.Threads.
using Dagger
include(joinpath(JULIA, "shared_memory.jl"))
