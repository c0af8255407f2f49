# Starts workers of Distributed by a command line from the options of the driver.  The command
# starts one worker on this machine and runs several times, or starts all workers, as srun does.
using Distributed

mutable struct Launched <: ClusterManager
    command::Cmd        # ends in `julia ... --worker`
    copies::Int         # number of times to run it
    workers::Int        # total number of workers
    announced::Int
end

function start_workers(command, copies, workers)
    pids = addprocs(Launched(command, copies, workers, 0))
    length(pids) == workers || error("only $(length(pids)) of $workers workers started")
    nothing
end

# Called by addprocs.  A worker reads the cookie from its standard input, then prints the address at
# which it listens.  srun passes the cookie to all workers, and prints the output of each.
function Distributed.launch(manager::Launched, parameters::Dict, launched::Array, news::Condition)
    running = map(1:manager.copies) do _
        process = open(pipeline(manager.command; stderr = stderr), "r+")
        println(process.in, cluster_cookie())
        @async pass_on(process, manager, launched, news)
        process
    end
    while manager.announced < manager.workers
        ended = filter(process_exited, running)
        isempty(ended) || error("the command that starts workers ended with exit code ",
                                first(ended).exitcode, " after ",
                                "$(manager.announced) of $(manager.workers)")
        sleep(0.05)
    end
end

"Add workers as they print their address; pass on all other output."
function pass_on(process, manager, launched, news)
    for line in eachline(process)
        found = match(r"^(?:\d+: )?julia_worker:(\d+)#(\S+)$", line)
        if found === nothing
            println(line)
        else
            worker = WorkerConfig()
            worker.port, worker.host = parse(Int, found.captures[1]), String(found.captures[2])
            push!(launched, worker)
            manager.announced += 1
            notify(news)
        end
    end
end

# Workers end by themselves when the driver's connection closes.
Distributed.manage(::Launched, ::Integer, ::WorkerConfig, ::Symbol) = nothing
