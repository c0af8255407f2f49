# What a call of a kernel uses besides its time.  Each process that computes has one meter: how busy
# its threads are, and, where the kernel makes its input itself, the time of that.
#
# A thread is busy for the share of the time in which it runs, not counting the time in which it waits
# for a core: so other work on the machine makes a program look neither idle nor busy.

mutable struct Meter
    lock::Threads.SpinLock
    making::Int                         # calls that make input now
    since::UInt64                       # when the first of them began, ns
    input::UInt64                       # ns in which input was made
    began::UInt64
    before::Dict{String,NTuple{2,Float64}}
end
const METER = Meter(Threads.SpinLock(), 0, 0, 0, 0, Dict())

"Return how long each thread of this process has run, and waited for a core, s, by its id."
function thread_seconds()
    seconds = Dict{String,NTuple{2,Float64}}()
    for id in readdir("/proc/self/task")
        text = try
            read("/proc/self/task/$id/schedstat", String)
        catch                           # the thread ended meanwhile, or the kernel does not tell
            continue
        end
        ran, waited = parse.(Int, split(text)[1:2])
        seconds[id] = (ran / 1e9, waited / 1e9)
    end
    seconds
end

"Begin to meter this process."
function begin_use()
    METER.input = 0
    METER.before = thread_seconds()
    METER.began = time_ns()
    nothing
end

"""
Return what this process used since `begin_use`: seconds in which input was made, the sum over threads
of the seconds in which they were busy, NaN if the system does not tell, and how many threads were
busy for a tenth of the time.
"""
function used()
    elapsed, now = (time_ns() - METER.began) / 1e9, thread_seconds()
    shares = [share_busy(elapsed, (s .- get(METER.before, id, (0.0, 0.0)))...) for (id, s) in now]
    told = any(s -> first(s) > 0, values(METER.before))
    (input = METER.input / 1e9, busy = told ? elapsed * sum(shares) : NaN,
     threads = count(>=(0.1), shares))
end

share_busy(elapsed, ran, waited) = ran <= 0 ? 0.0 : ran / max(ran, elapsed - waited)

"Call f; return its value and time as `@timed` does, and what this process used."
function metered(f)
    begin_use()
    run = @timed f()
    (value = run.value, time = run.time, bytes = run.bytes, gctime = run.gctime, used()...)
end

"An input that is metered: calls that overlap on several threads count once."
struct MeteredInput{T}
    maker::T
end
metered_input(x) = x
metered_input(maker::TileMaker) = MeteredInput(maker)

function (input::MeteredInput)(I, J)
    lock(METER.lock)
    METER.making == 0 && (METER.since = time_ns())
    METER.making += 1
    unlock(METER.lock)
    try
        input.maker(I, J)
    finally
        lock(METER.lock)
        METER.making -= 1
        METER.making == 0 && (METER.input += time_ns() - METER.since)
        unlock(METER.lock)
    end
end

"Return the fields of a record about what a call used; `nothing` for what is not known."
function use_fields(call, arguments)
    busy = get(call, :busy, NaN)        # a team of a framework made before does not meter
    made = any(x -> x isa MeteredInput, arguments)
    ("busy_seconds" => busy, "busy_threads" => isnan(busy) ? nothing : call.threads,
     "input_seconds" => made ? get(call, :input, nothing) : nothing)
end
