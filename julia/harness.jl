# The trusted harness.  It is a separate module, because `Main` belongs to the kernel, which can
# define functions on workers by `@everywhere`.  run_cell.jl is its command line.
using LinearAlgebra, Random
const JULIA = @__DIR__
include("records.jl")
include("errors.jl")
include("blas.jl")
include("process.jl")
include("options.jl")
include("teams.jl")
include("workers.jl")
include("cases.jl")
include("tiled/tiled.jl")
include("metering.jl")

"One run: the team that computes, the problem, and the log of records."
struct Run
    team::Team
    problem::Type{<:Case}
    log::Log
end

record!(run::Run, fields...) = record!(run.log, fields...)

"Record that a phase begins."
function begin_phase(run, phase, fields...)
    run.log.phase = phase
    record!(run, "event" => "begin", "phase" => phase, fields...)
end

"""
Run a cell.  This is called in the world with the methods of the framework, before the kernel is
loaded, and stays in it: no redefinition by a kernel changes the code below.
"""
function run_cell(run, o)
    problem = run.problem
    cases = check_cases(problem, o["check-n"], o["check-tile"], o["seed"])
    kernel, tune = load(run, o["kernel"], Symbol(o["entry"]))
    if check(run, kernel, cases, o["check-tile"])
        o["wrong-results"] ? corrupt(run, kernel, last(cases)) :
                             measure(run, kernel, tune, problem, o)
    end
    record!(run, "event" => "end")
end

"Time and verify the repetitions."
function measure(run, kernel, tune, problem, o)
    timed(repetition) = timed_case(problem, o["n"], o["tile"], o["seed"], repetition)
    o["tune"] && tune !== nothing && tune_up(run, tune, timed(0))
    for repetition in 1:o["repetitions"]
        repeat_once(run, kernel, timed(repetition), o, repetition)
    end
end

"Corrupt a right result in each way that the problem lists, and record whether it is detected."
function corrupt(run, kernel, case)
    for what in wrong_results(run.team, case)
        corrupted(arguments, returned) = corrupt!(run.team, case, what, arguments, returned)
        v = run_and_verify(run, "check", kernel, case, corrupted).verdict
        record!(run, "event" => "corrupted", "what" => what, "detected" => !v.correct,
                "error" => v.error, "bound" => v.bound, "fault" => v.fault)
    end
end

"Include the kernel in Main; return the function `name`, and `tune!` or `nothing`."
function load(run, path, name)
    begin_phase(run, "load")
    found(x) = Base.invokelatest(isdefined, Main, x) ? by_now(x, Main) : nothing
    kernel, seconds = guarded(run, "load") do
        seconds = @elapsed Base.include(Main, path)
        found(name) === nothing && error("the kernel file does not define the function $name")
        found(name), seconds
    end
    record!(run, "event" => "loaded", "seconds" => seconds)
    kernel, found(:tune!)
end

"Return true if the kernel is right at the small size; record the worst of the cases."
function check(run, kernel, cases, tile)
    begin_phase(run, "check")
    checks = @timed [run_and_verify(run, "check", kernel, c).verdict for c in cases]
    v = worst_verdict(checks.value)
    record!(run, "event" => "checked", "n" => v.n, "tile" => tile, "seconds" => checks.time,
            "error" => v.error, "bound" => v.bound, "fault" => v.fault, "correct" => v.correct)
    v.correct
end

"Let a vendor program choose its settings, at full size, on inputs that are not measured."
function tune_up(run, tune, case)
    begin_phase(run, "tune")
    arguments = kernel_arguments(run.team, case)
    setting = guarded(() -> Base.invokelatest(tune, arguments...), run, "tune")
    record!(run, "event" => "tuned", "setting" => string(setting))
end

function repeat_once(run, kernel, case, o, repetition)
    begin_phase(run, "repetition", "repetition" => repetition)
    timed = run_and_verify(run, "repetition", kernel, case)
    threads = most_blas_threads(run.team)
    spots = [run_and_verify(run, "repetition", kernel, c).verdict for c in spot_cases(case)]
    v = worst_verdict([timed.verdict; spots])
    record!(run, "event" => "repetition", "repetition" => repetition, "n" => case.n,
            "tile" => o["tile"], "seed" => case.seed, "probe_seed" => timed.probe_seed,
            "seconds" => timed.call.time, "gc_seconds" => timed.call.gctime,
            "allocated_bytes" => timed.call.bytes, "error" => v.error, "bound" => v.bound,
            "fault" => v.fault, "correct" => v.correct, "blas_threads" => threads, timed.use...)
end

"Call the kernel on fresh inputs and verify its result."
function run_and_verify(run, phase, kernel, case, corrupted = (arguments, returned) -> returned)
    GC.gc()                    # frees the memory of the previous call before inputs are allocated
    arguments = map(metered_input, kernel_arguments(run.team, case))
    GC.gc()                    # otherwise allocating the inputs triggers a collection in the call
    call = guarded(() -> timed_call(run.team, kernel, arguments), run, phase)
    probe_seed = share(run.team, rand(RandomDevice(), 1:2^52))
    returned = corrupted(arguments, call.value)
    found = share(run.team, kernel_error(run.team, case, arguments, returned, probe_seed))
    (call = call, use = use_fields(call, arguments), probe_seed = probe_seed,
     verdict = verdict(case, found))
end

"Return the verdict for an error; a fault, given as text, counts as infinite."
verdict(case, fault::String) = merge(verdict(case, Inf), (fault = fault,))
verdict(case, error) = (n = case.n, error = error, bound = bound(case), fault = nothing,
                        correct = error <= bound(case))

"Return the verdict with the largest error relative to its bound."
worst_verdict(verdicts) = verdicts[argmax([v.error / v.bound for v in verdicts])]

"""
Call f; if it throws, record the exception and exit.  Only calls into the kernel are guarded: an
error of the harness must not be recorded as one of the kernel.
"""
function guarded(f, run, phase)
    try
        f()
    catch e
        let_launcher_speak(run.team)
        fail(run.log, error_fields(phase, e, catch_backtrace()), rank(run.team))
        leave(run.team, 1)
    end
end

"Read options and token, load problem and framework, then run in the world with their methods."
function main()
    o, token = options(ARGS), readline(stdin)
    redirect_stdin(open("/dev/null"))
    empty!(ARGS)
    prepare_process()
    log = Log(o["result"], token)
    team, problem = formed(log, o)
    Base.invokelatest(begin_run, Run(team, problem, log), o)
end

"Return the current value of a name; in Julia 1.12 a function sees only those older than its call."
by_now(name, where = @__MODULE__) = Base.invokelatest(getfield, where, name)

"Load problem and framework, and start the processes of the framework."
function formed(log, o)
    kind = "infrastructure"
    try
        problem = include(problem_file(o["problem"]))
        kind = "unavailable"
        include(framework_file(o["framework"]))
        kind = "infrastructure"
        Base.invokelatest(by_now(:form_team), o), problem
    catch e
        isempty(log.token) && rethrow()        # only the first rank has the token
        fail(log, error_fields("start", e, catch_backtrace(); kind = kind), 0)
        exit(1)
    end
end

# A launcher passes the token only to the first rank, which shares it.
function begin_run(run, o)
    run.log.token = share(run.team, run.log.token)
    isempty(run.log.token) && wrong_call("no token on the first line of standard input")
    run.log.silent = rank(run.team) > 0
    team = computing(run.team)
    record!(run, "event" => "start", "julia" => string(VERSION), "ranks" => team.ranks,
            "threads" => team.threads, "blas" => blas_name(), "blas_core" => blas_core(),
            "blas_threads" => most_blas_threads(run.team), "transport" => transport(run.team))
    WORKER_ENDED[] = (id, how) -> worker_ended(run, id, how)
    run_cell(run, o)
end

# Without exit hooks: they would wait for workers and tasks that hang.  The watchdog ends the rest.
function worker_ended(run, id, how)
    fail(run.log, worker_fields(run.log.phase, id, how), 0)
    foreach(flush, (stdout, stderr))
    ccall(:_exit, Cvoid, (Cint,), 1)
end
