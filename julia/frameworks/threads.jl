# Base.Threads, in one process.
include("shared_memory.jl")
