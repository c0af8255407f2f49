# Starting Distributed's workers by a command line that the driver was given: one that starts a
# worker on this machine, to be run several times, or one that starts all of them, such as srun's.
using Distributed

mutable struct Launched <: ClusterManager
    command::Cmd        # ends in `julia ... --worker`
    copies::Int         # how often to run it
    workers::Int        # how many that makes in all
    announced::Int
end

function start_workers(command, copies, workers)
    pids = addprocs(Launched(command, copies, workers, 0))
    length(pids) == workers || error("only $(length(pids)) of $workers workers came up")
    nothing
end

# Called by addprocs.  A worker reads the cookie from its standard input and then says where it
# listens; srun gives the one cookie to all that it starts, and passes on what each of them says.
function Distributed.launch(manager::Launched, parameters::Dict, launched::Array, news::Condition)
    running = map(1:manager.copies) do _
        process = open(pipeline(manager.command; stderr = stderr), "r+")
        println(process.in, cluster_cookie())
        @async pass_on(process, manager, launched, news)
        process
    end
    while manager.announced < manager.workers
        ended = filter(process_exited, running)
        isempty(ended) || error("what starts workers ended with exit code $(first(ended).exitcode) ",
                                "after $(manager.announced) of $(manager.workers)")
        sleep(0.05)
    end
end

"Take note of workers that say where they listen; print everything else that they print."
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
