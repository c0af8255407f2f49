# julia -t 2 test/runtests.jl      (any number of threads; standard library only)
using Test, LinearAlgebra, Random
include("tools.jl")
foreach(name -> problem(joinpath(PROBLEMS, name)), readdir(PROBLEMS))

@testset "all" begin
    include("test_inputs.jl")
    include("test_verify.jl")
    include("test_records.jl")
    include("test_metering.jl")
    for name in readdir(PROBLEMS)
        @testset "$name" begin
            include(joinpath(PROBLEMS, name, "test.jl"))
        end
    end
    include("test_mpi.jl")
    include("test_run_cell.jl")
end
