# julia -t 2 test/runtests.jl      (any number of threads; standard library only)
using Test, LinearAlgebra, Random
include("../harness.jl")
include("../frameworks/threads.jl")
const TEAM = SharedMemory()

@testset "all" begin
    include("test_inputs.jl")
    include("test_verify.jl")
    include("test_records.jl")
    include("test_kernels.jl")
    include("test_mpi.jl")
    include("test_run_cell.jl")
end
