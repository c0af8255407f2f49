# Framework `mpi` on ranks that are tasks of this process: a stand-in takes MPI.jl's place.  With
# MPI.jl itself, or with processes, ranks.jl is run by mpiexec.
pushfirst!(LOAD_PATH, joinpath(@__DIR__, "stand_ins", "tasks"))
include("ranks.jl")
popfirst!(LOAD_PATH)

@testset "mpi: $ranks ranks" for ranks in (1, 2, 3, 4, 6)
    @test MPI.run_ranks(test_ranks, ranks) == fill(ranks, ranks)
end
