# The framework `mpi` with tasks of this process as ranks, by a stand-in for MPI.jl.  To test with
# processes or with MPI.jl itself, run ranks.jl by mpiexec.
pushfirst!(LOAD_PATH, joinpath(@__DIR__, "stand_ins", "tasks"))
include("ranks.jl")
popfirst!(LOAD_PATH)

@testset "mpi: $ranks ranks" for ranks in (1, 2, 3, 4, 6)
    @test MPI.run_ranks(test_ranks, ranks) == fill(ranks, ranks)
end
