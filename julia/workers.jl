# Starts workers of Distributed by a command line from the options of the driver.  The command
# starts one worker on this machine and runs several times, or starts all workers, as srun does.
using Distributed

mutable struct Launched <: ClusterManager
    command::Cmd        # ends in `julia ... --worker`
    copies::Int         # number of times to run it
    workers::Int        # total number of workers
    announced::Int
end

"What is called with a worker's id and `how_ended` if it ends during the run; `nothing`: nothing."
const WORKER_ENDED = Ref{Any}(nothing)

function start_workers(command, copies, workers)
    pids = addprocs(Launched(command, copies, workers, 0))
    length(pids) == workers || error("only $(length(pids)) of $workers workers started")
    # Distributed ends the workers at exit, too, but before that it calls what was added later.
    atexit(() -> WORKER_ENDED[] = nothing)
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
            worker.process = process
            worker.port, worker.host = parse(Int, found.captures[1]), String(found.captures[2])
            push!(launched, worker)
            manager.announced += 1
            notify(news)
        end
    end
end

# Workers end by themselves when the driver's connection closes.  If a worker's connection closes,
# it has died.  Dagger then moves its tasks or waits for ever, so nothing but this call tells.
function Distributed.manage(::Launched, id::Integer, worker::WorkerConfig, what::Symbol)
    tell = WORKER_ENDED[]
    what == :deregister && tell !== nothing || return
    WORKER_ENDED[] = nothing        # others end because the first has: srun ends them
    timedwait(() -> process_exited(worker.process), WORKER_END_SECONDS)
    how = how_ended(worker.process)
    how[1] == ("signal" => SIGQUIT) || tell(id, how)
end

"The watchdog's last question: a worker that hangs prints the stacks of its tasks, and ends of it."
const SIGQUIT = 3

"From the end of a connection to that of the process; srun ends the other workers first."
const WORKER_END_SECONDS = 10.0

"Return how a process ended, as fields of a record.  For a task's signal srun exits with 128 + number."
function how_ended(process)
    process_exited(process) || return ("signal" => nothing, "exit_code" => nothing)
    signal, code = process.termsignal, process.exitcode
    signal == 0 && 128 < code <= 128 + 64 && (signal = code - 128)
    signal > 0 ? ("signal" => signal, "exit_code" => nothing) :
                 ("signal" => nothing, "exit_code" => code)
end
