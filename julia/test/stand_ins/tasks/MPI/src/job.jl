# Ranks as tasks: what each waits for, and what happens if one fails or all are stuck.

struct MPIError <: Exception
    code::Cint
end

mutable struct Collective
    what::String            # its name and everything that must agree on all ranks
    given::Dict{Int,Any}    # the contribution of each rank that has entered
    outcome::Any
    done::Bool
end

struct Message
    source::Int
    dest::Int
    tag::Int
    data::Vector
end

mutable struct Receive
    source::Int
    dest::Int
    tag::Int
    message::Union{Message,Nothing}
end
fits(m, r) = m.dest == r.dest && r.source in (-1, m.source) && r.tag in (-1, m.tag)

"The ranks of a communicator, by their numbers in the world, and its pending operations."
struct Group
    members::Vector{Int}
    turns::Dict{Int,Int}                    # number of collectives that each rank has entered
    collectives::Dict{Int,Collective}       # by turn, those that not all ranks have entered
    mail::Vector{Message}                   # sent, not received
    receives::Vector{Receive}               # posted, not matched
end
Group(members) = Group(members, Dict(), Dict(), [], [])

"Null if `ready` is nothing.  `absent()` returns the missing ranks; `finish()` delivers the data."
mutable struct Request
    what::String
    ready::Any
    absent::Any
    finish::Any
end

"Ranks that run together."
mutable struct Job
    world::Group
    waits::Dict{Int,Request}
    returned::Vector{Int}
    failure::Any                            # the first exception
    changed::Condition
end
Job(ranks) = Job(Group(collect(0:ranks-1)), Dict(), [], nothing, Condition())

mutable struct Rank
    job::Job
    number::Int
    state::Symbol                           # :new, :running, :finalized
end

const RUNNING = Ref(0)
const ALONE = Rank(Job(1), 0, :new)         # a program without run_ranks

"Return the calling rank."
function here()
    rank = get(task_local_storage(), :mpi_rank, nothing)
    rank === nothing || return rank
    RUNNING[] == 0 ? ALONE : error("MPI is called from a task that is not a rank")
end

"""
Run f() on each rank; return the values in the order of the ranks.  The first exception of a rank
stops the waiting ranks, and is thrown.  A deadlock throws an error that lists the waiting ranks.
"""
function run_ranks(f, ranks)
    job, values = Job(ranks), Vector{Any}(nothing, ranks)
    RUNNING[] += 1
    try
        @sync for number in 0:ranks-1
            @async values[number+1] = run_rank(f, job, number)
        end
    finally
        RUNNING[] -= 1
    end
    job.failure === nothing ? identity.(values) : throw(job.failure)
end

function run_rank(f, job, number)
    task_local_storage(:mpi_rank, Rank(job, number, :new))
    try
        f()
    catch e
        fail!(job, e)
    finally
        push!(job.returned, number)
        fail_if_stuck!(job)
    end
end

function fail!(job, e)
    job.failure === nothing && (job.failure = e)
    notify(job.changed)
end

stop_if_failed(job, what) = job.failure === nothing ||
    error("rank $(here().number) is stopped in $what: $(sprint(showerror, job.failure))")

"Wait for a request and deliver its data."
function complete(request)
    number, job = here().number, here().job
    job.waits[number] = request
    fail_if_stuck!(job)
    while !request.ready() && job.failure === nothing
        wait(job.changed)
    end
    delete!(job.waits, number)
    request.ready() || stop_if_failed(job, request.what)
    finish, request.ready, request.finish = request.finish, nothing, nothing
    finish()
end

"Fail if every remaining rank waits and none is ready: tasks take turns, so nothing will change."
function fail_if_stuck!(job)
    left = setdiff(job.world.members, job.returned)
    stuck(n) = haskey(job.waits, n) && !job.waits[n].ready()
    isempty(left) || !all(stuck, left) || fail!(job, ErrorException(who_waits(job, left)))
end

function who_waits(job, left)
    groups = Dict{Any,Vector{Int}}()
    for n in left
        push!(get!(groups, (job.waits[n].what, job.waits[n].absent()), Int[]), n)
    end
    join(sort!([sentence(job, waiting, wait...) for (wait, waiting) in groups]), "; ")
end

function sentence(job, waiting, (what, absent)...)
    by_number(r, one, more) = length(r) == 1 ? one : more
    ranks(r) = isempty(r) ? "nobody" : by_number(r, "rank ", "ranks ") * join(r, ", ")
    gone = intersect(absent, job.returned)
    text = "$(ranks(waiting)) $(by_number(waiting, "waits", "wait")) in $what for $(ranks(absent))"
    isempty(gone) && return text
    who = length(gone) == length(absent) ? "which" : "of which $(ranks(gone))"
    "$text, $who $(by_number(gone, "has", "have")) returned"
end
