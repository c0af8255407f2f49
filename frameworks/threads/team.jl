# Base.Threads in one process.
include(joinpath(JULIA, "shared_memory.jl"))
