# Started twice by mpiexec: how many ranks hear each other, and what carries their messages.
include("../harness.jl")
include("../../frameworks/mpi/team.jl")
team = form_team(Dict())
ranks, heard = computing(team).ranks, only(allsum!(team)([1]))
through = something(transport(team), "an unknown transport")
rank(team) == 0 && println("$heard of $ranks ranks hear each other, through $through")
