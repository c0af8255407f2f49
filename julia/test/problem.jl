# The tests of one problem: julia -t 2 test/problem.jl DIRECTORY
using Test, LinearAlgebra, Random
include("tools.jl")

const DIRECTORY = abspath(only(ARGS))
problem(DIRECTORY)
@testset "$(basename(DIRECTORY))" begin
    include(joinpath(DIRECTORY, "test.jl"))
end
