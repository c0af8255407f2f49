# A stand-in for tests: it is NOT Dagger.jl; it has only the calls that the reference programs and
# the harness make, with the same signatures and meaning.
#
# In one process tasks run on its threads.  With workers, the tasks of each worker take turns on one
# thread, and a task without a scope runs on the next worker.  The data of a Chunk is never freed.
__precompile__(false)       # processes that start together would race for the cache
module Dagger

using Distributed
export DTask, In, InOut, Out, spawn_datadeps

"Data of each process that others can refer to."
module MemPool
using Distributed: myid, remotecall_fetch
struct DRef
    owner::Int
    id::Int
end
const POOL, LOCK = Dict{Int,Any}(), ReentrantLock()
poolset(x) = lock(LOCK) do
    id = length(POOL) + 1
    POOL[id] = x
    DRef(myid(), id)
end
poolget(r::DRef) =
    r.owner == myid() ? lock(() -> POOL[r.id], LOCK) : remotecall_fetch(poolget, r.owner, r)
"On the owner: store data that a task on another worker has changed."
function take_back(r::DRef, x)
    here = poolget(r)
    here isa AbstractArray ? copyto!(here, x) : lock(() -> POOL[r.id] = x, LOCK)
    nothing
end
end

struct Chunk
    handle::MemPool.DRef
end
Base.fetch(c::Chunk) = MemPool.poolget(c.handle)

struct Scope
    worker::Int
    thread::Int
end
"A worker, or a thread of it.  The thread must exist, but any thread can run the task."
scope(; worker, thread = 1) =
    worker in procs() ? Scope(worker, thread) : throw(ArgumentError("there is no worker $worker"))

struct Options
    scope::Scope
    Options(; scope = Scope(next_worker(), 1), occupancy = nothing) = new(scope)
end
const TURN = Threads.Atomic{Int}(0)
next_worker() = workers()[mod1(Threads.atomic_add!(TURN, 1) + 1, nworkers())]

struct DTaskFailedException{E<:Exception} <: Exception
    ex::E
end
Base.showerror(io::IO, e::DTaskFailedException) =
    (print(io, "DTaskFailedException: "); showerror(io, e.ex))
failed(e::DTaskFailedException, trace) = e
failed(e::RemoteException, trace) = DTaskFailedException(e)
failed(e, trace) = DTaskFailedException(RemoteException(CapturedException(e, trace)))

module Sch
using Distributed: RemoteException
import ..DTaskFailedException
unwrap_nested_exception(e) = e
unwrap_nested_exception(e::Union{DTaskFailedException,CapturedException}) =
    unwrap_nested_exception(e.ex)
unwrap_nested_exception(e::RemoteException) = unwrap_nested_exception(e.captured)
unwrap_nested_exception(e::TaskFailedException) = unwrap_nested_exception(e.task.exception)
unwrap_nested_exception(e::LoadError) = unwrap_nested_exception(e.error)
end

"How a task of a region uses an argument; the default is In."
struct Access{Writes,T}
    argument::T
end
Access{Writes}(x::T) where {Writes,T} = Access{Writes,T}(x)
const In, Out, InOut = Access{false}, Access{true}, Access{true}
argument(a) = a isa Access ? a.argument : a

mutable struct DTask
    call::Any                                       # function, arguments, keywords
    written::Vector{Int}                            # arguments that it can change
    scope::Scope
    task::Union{Task,Nothing}                       # returns Some(value), a Chunk or a failure
    chunk::Union{Chunk,Nothing}                     # created on demand
end

macro spawn(exs...)
    call = last(exs)
    Meta.isexpr(call, :call) || throw(ArgumentError("Invalid Dagger task expression: $call"))
    is_keywords(a) = Meta.isexpr(a, :parameters)
    options = [Expr(:kw, option.args...) for option in exs[1:end-1]]
    esc(Expr(:call, spawn, filter(is_keywords, call.args)..., call.args[1],
             Expr(:call, Options, options...), filter(!is_keywords, call.args[2:end])...))
end

function spawn(f, options::Options, arguments...; keywords...)
    t = DTask((f, arguments, values(keywords)), Int[], options.scope, nothing, nothing)
    region = get(task_local_storage(), :dagger_region, nothing)
    region === nothing ? launch!(t, DTask[]) : push!(region, t)
    t
end

# Distributed does not support several threads: with workers, this process uses one.
launch!(t, before) =
    t.task = nprocs() == 1 ? Threads.@spawn(attempt(t, before)) : @async(attempt(t, before))

function attempt(t, before)
    try
        foreach(outcome, before)                    # fails if one of these tasks failed
        f, arguments, keywords = t.call
        there = t.scope.worker
        there == myid() && return Some(call(t.scope.thread, f, arguments, keywords, t.written)[1])
        arguments = map(a -> a isa DTask ? fetch(a; raw = true) : a, arguments)
        chunk, changed = remotecall_fetch(call_for_another, there, t.scope.thread, f, arguments,
                                          keywords, t.written)
        foreach((i, x) -> x === nothing || copyto!(arguments[i], x), t.written, changed)
        chunk
    catch e
        e isa ProcessExitedException && wait(Condition())       # for ever, as Dagger was seen to do
        failed(e, catch_backtrace())
    end
end

"Run a call on the data of its arguments; return the value and the data."
function call(thread, f, arguments, keywords, written)
    thread in 1:Threads.nthreads() || error("worker $(myid()) has no thread $thread")
    data = map(a -> a isa Union{Chunk,DTask} ? fetch(a) : a, arguments)
    value = f(data...; keywords...)
    for i in written
        c = arguments[i]
        c isa Chunk && c.handle.owner != myid() &&
            remotecall_fetch(MemPool.take_back, c.handle.owner, c.handle, data[i])
    end
    value, data
end

"Keep the value here; return arrays of the caller that the call can have changed."
function call_for_another(thread, f, arguments, keywords, written)
    value, data = call(thread, f, arguments, keywords, written)
    sent_here(i) = arguments[i] isa AbstractArray ? data[i] : nothing
    Chunk(MemPool.poolset(value)), map(sent_here, written)
end

function outcome(t::DTask, verb = "`wait` on")
    t.task === nothing && throw(Unlaunched("Cannot $verb an unlaunched `DTask`"))
    result = fetch(t.task)
    result isa DTaskFailedException ? throw(result) : result
end
const Unlaunched = isdefined(Base, :ConcurrencyViolationError) ? ConcurrencyViolationError :
                                                                 ErrorException

# This `wait` throws the exception of a task; by its documentation that of Dagger does not.
Base.wait(t::DTask) = (outcome(t); nothing)
function Base.fetch(t::DTask; raw = false)
    result = outcome(t, "`fetch`")
    result isa Chunk && return raw ? result : fetch(result)
    raw || return something(result)
    t.chunk === nothing && (t.chunk = Chunk(MemPool.poolset(something(result))))
    t.chunk
end

"""
Run f(); the tasks that it spawns start when it returns.  Each waits for earlier tasks that write
its arguments, or that read arguments it writes.  The first failure is thrown.
"""
function spawn_datadeps(f)
    region, writers, readers = DTask[], IdDict{Any,DTask}(), IdDict{Any,Vector{DTask}}()
    value = task_local_storage(f, :dagger_region, region)
    for t in region
        launch!(t, before!(writers, readers, t))
    end
    foreach(t -> wait(t.task), region)
    foreach(outcome, region)
    value
end

"Return the tasks that t must wait for; record t as reader and writer, unwrap its arguments."
function before!(writers, readers, t)
    f, accesses, keywords = t.call
    t.written = findall(a -> a isa Access{true}, collect(Any, accesses))
    arguments = map(argument, accesses)
    written = Any[root(arguments[i]) for i in t.written]
    touched = Any[root(a) for a in (arguments..., keywords...)]
    before = DTask[writers[x] for x in touched if haskey(writers, x)]
    for x in written
        append!(before, pop!(readers, x, DTask[]))
        writers[x] = t
    end
    foreach(x -> push!(get!(readers, x, DTask[]), t), touched)
    t.call = f, arguments, keywords
    unique(filter(!=(t), before))
end

# All views of an array count as the same: stricter than Dagger, which compares their memory.
root(x::AbstractArray) = parent(x) === x ? x : root(parent(x))
root(c::Chunk) = c.handle
root(x) = x

end
