# Starts one worker of Distributed, as cells do. Arguments: the command that starts it.
include("../workers.jl")
start_workers(Cmd(ARGS), 1, 1)
println("worker ", remotecall_fetch(myid, only(workers())), " answers")
