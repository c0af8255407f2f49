# A stand-in for tests: it is NOT MPI.jl; it has only the calls that the reference programs and the
# harness make, with the same signatures and meaning.
#
# The ranks are tasks of one process, on one thread: `MPI.run_ranks(f, n)` runs f() on n of them.
# It is stricter than MPI: every collective waits for all ranks of its communicator, a buffer gets
# its data only in Wait, and a deadlock is an error that lists the waiting ranks.
__precompile__(false)       # ranks that start together would race for the cache
module MPI

using Serialization: serialize, deserialize
include("job.jl")

const ANY_SOURCE, ANY_TAG = -1, -1

"A communicator on one rank; without a group it has been freed."
mutable struct Comm
    group::Union{Group,Nothing}
end
const COMM_WORLD = Comm(nothing)

function group_of(comm)
    me = here()
    me.state == :new && error("MPI.Init has not been called")
    me.state == :finalized && error("MPI.Finalize has been called")
    group = comm === COMM_WORLD ? me.job.world : comm.group
    group === nothing ? throw(MPIError(5)) : group              # MPI_ERR_COMM
end

function Init(; threadlevel = :serialized)
    Finalized() && error("MPI cannot be initialized after MPI.Finalize has been called.")
    here().state = :running
    nothing
end
Initialized() = here().state != :new
Finalize() = (here().state = :finalized; nothing)
Finalized() = here().state == :finalized
Wtime() = time()

Comm_rank(comm::Comm) = findfirst(==(here().number), group_of(comm).members) - 1
Comm_size(comm::Comm) = length(group_of(comm).members)
function free(comm::Comm)
    comm === COMM_WORLD && throw(MPIError(5))
    group_of(comm)
    comm.group = nothing
end

function Abort(comm::Comm, code)
    fail!(here().job, ErrorException("rank $(here().number) called Abort with code $code"))
    throw(here().job.failure)
end

# Copy a buffer to a vector, and back.
packed(x::AbstractArray) = collect(vec(x))
packed(x::Ref) = [x[]]
packed(x) = [x]
count_of(x) = x isa AbstractArray ? length(x) : 1
unpack!(x::AbstractArray, data) = copyto!(x, data)
unpack!(x::Ref, data) = (x[] = first(data); x)
size_of(x) = "$(count_of(x)) $(eltype(x))"

"""
Enter the next collective of a communicator; return its request.  When the last rank has entered,
`combine` gets the contributions in the order of the ranks; in Wait, `take` gets the outcome.
"""
function enter(comm, what, given, combine, take)
    group, me, job = group_of(comm), here().number, here().job
    turn = group.turns[me] = get(group.turns, me, 0) + 1
    c = get!(() -> Collective(what, Dict(), nothing, false), group.collectives, turn)
    c.what == what || fail!(job, ErrorException("rank $me is in $what, but " *
        "rank $(minimum(keys(c.given))) in $(c.what), on the same communicator"))
    stop_if_failed(job, what)
    c.given[me] = given
    if length(c.given) == length(group.members)
        c.outcome, c.done = combine([c.given[m] for m in group.members]), true
        delete!(group.collectives, turn)
        notify(job.changed)
    end
    Request(what, () -> c.done, () -> setdiff(group.members, keys(c.given)), () -> take(c.outcome))
end
collective(arguments...) = complete(enter(arguments...))

check_rank(comm, r, code) = 0 <= r < Comm_size(comm) ? r + 1 : throw(MPIError(code))

Barrier(comm::Comm) = collective(comm, "Barrier", nothing, given -> nothing, identity)

"The data of the root is read when all ranks have entered, and written in each Wait."
function broadcast(name, x, root, comm, count)
    r = check_rank(comm, root, 8)                               # MPI_ERR_ROOT
    enter(comm, "$name($count $(eltype(x)), root $root)", x, given -> packed(given[r])[1:count],
          data -> unpack!(x, data))
end

Bcast!(x, root::Integer, comm::Comm) =
    complete(broadcast("Bcast!", x, root, comm, count_of(x)))
Bcast!(x, comm::Comm; root = 0) = Bcast!(x, root, comm)

function bcast(x, root::Integer, comm::Comm)
    r = check_rank(comm, root, 8)
    bytes = collective(comm, "bcast(root $root)", x, given -> sprint(serialize, given[r]), identity)
    Comm_rank(comm) == root ? x : deserialize(IOBuffer(bytes))
end
bcast(x, comm::Comm; root = 0) = bcast(x, root, comm)

reduced(name, x, op, comm, take) =
    collective(comm, "$name($(size_of(x)), $(name_of(op)))", packed(x),
               given -> Vector{eltype(first(given))}(reduce((a, b) -> map(op, a, b), given)), take)
Allreduce(x, op, comm::Comm) = reduced("Allreduce", x, op, comm, like(x))
Allreduce!(x, op, comm::Comm) = reduced("Allreduce!", x, op, comm, data -> unpack!(x, data))
Reduce(x, op, comm::Comm; root = 0) =
    reduced("Reduce to $(check_rank(comm, root, 8) - 1)", x, op, comm,
            data -> Comm_rank(comm) == root ? like(x)(data) : nothing)
name_of(op) = first(string(nameof(op))) == '#' ? "a function" : nameof(op)
like(x::AbstractArray) = data -> reshape(copy(data), size(x))
like(x) = first

Allgather(x, comm::Comm) = collective(comm, "Allgather($(size_of(x)))", packed(x),
                                      given -> reduce(vcat, given), copy)

function Comm_split(comm::Comm, color::Integer, key::Integer)
    members = group_of(comm).members
    function split(given)
        order = sort(eachindex(given); by = i -> (given[i][2], i))
        Dict(c => Group(members[filter(i -> given[i][1] == c, order)]) for c in first.(given))
    end
    Comm(collective(comm, "Comm_split", (color, key), split, groups -> groups[color]))
end

Request() = Request("", nothing, nothing, nothing)      # null: nothing to wait for
setbuffer!(request::Request, buffer) = nothing          # the request keeps its buffer anyway
Wait(request::Request) = (request.ready === nothing || complete(request); nothing)
Waitall(requests::AbstractVector{Request}) = foreach(Wait, requests)

struct Datatype
    type::Type
end
struct Buffer{A}
    data::A
    count::Cint
    datatype::Datatype
end
Buffer(x::Union{Ref,AbstractArray}) = Buffer(x, Cint(count_of(x)), Datatype(eltype(x)))

module API
using ..MPI: Request, broadcast
function MPI_Ibcast(data, count, datatype, root, comm, request::Request)
    posted = broadcast("Ibcast", data, root, comm, count)
    foreach(f -> setfield!(request, f, getfield(posted, f)), fieldnames(Request))
end
end

"Send never waits: it copies the data."
function Isend(x, comm::Comm; dest, tag = 0)
    check_rank(comm, dest, 6)                                   # MPI_ERR_RANK
    stop_if_failed(here().job, "Send")
    message, group = Message(Comm_rank(comm), dest, tag, packed(x)), group_of(comm)
    i = findfirst(r -> fits(message, r), group.receives)
    i === nothing ? push!(group.mail, message) : (group.receives[i].message = message)
    i === nothing || deleteat!(group.receives, i)
    notify(here().job.changed)
    Request()
end
Send(x, comm::Comm; dest, tag = 0) = (Isend(x, comm; dest = dest, tag = tag); nothing)

function Irecv!(x, comm::Comm; source = ANY_SOURCE, tag = ANY_TAG)
    source == ANY_SOURCE || check_rank(comm, source, 6)
    group = group_of(comm)
    receive = Receive(source, Comm_rank(comm), tag, nothing)
    i = findfirst(m -> fits(m, receive), group.mail)
    i === nothing ? push!(group.receives, receive) : (receive.message = group.mail[i])
    i === nothing || deleteat!(group.mail, i)
    senders = source == ANY_SOURCE ? setdiff(group.members, [here().number]) :
                                     [group.members[source+1]]
    Request("Recv!", () -> receive.message !== nothing, () -> senders,
            () -> deliver(receive.message.data, x))
end
function deliver(data, x)
    length(data) <= count_of(x) || throw(MPIError(15))          # MPI_ERR_TRUNCATE
    eltype(data) == eltype(x) || throw(MPIError(3))             # MPI_ERR_TYPE
    unpack!(x, data)
end
Recv!(x, comm::Comm; source = ANY_SOURCE, tag = ANY_TAG) =
    complete(Irecv!(x, comm; source = source, tag = tag))

end
