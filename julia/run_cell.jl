# The trusted harness: runs one kernel at one scale point, in a process of its own.  It checks the
# kernel at a small size, which compiles it, then times repetitions and verifies every one of them.
#
#   julia --startup-file=no -t T run_cell.jl --kernel FILE --problem pi|gemm|cholesky
#       --framework threads --n N --tile T --check-n N --check-tile T --repetitions R --seed S
#       --result FILE [--tune]
#
# The first line of standard input is the token that signs the records (records.jl).  Exit code: 0
# when the run came to its end, whatever the results; 1 when the kernel failed; 2 for a wrong call.
using LinearAlgebra, Random
include("records.jl")
include("errors.jl")
include("blas.jl")
include("options.jl")
include("problems/problems.jl")

"""
One run.  It is invoked in the world that has the framework's methods but not the kernel's, and
stays in it: whatever a kernel redefines, nothing below changes.
"""
function run_cell(log, o)
    problem = PROBLEMS[o["problem"]]
    cases = check_cases(problem, o["check-n"], o["check-tile"], o["seed"])
    timed(repetition) = timed_case(problem, o["n"], o["tile"], o["seed"], repetition)
    kernel, tune = load(log, o["kernel"], kernel_name(first(cases)))
    if check(log, kernel, cases, o["check-tile"])
        o["tune"] && tune !== nothing && tune_up(log, tune, timed(0))
        for repetition in 1:o["repetitions"]
            repeat_once(log, kernel, timed(repetition), o, repetition)
        end
    end
    record!(log, "event" => "end")
end

"Include the kernel in a module of its own; the function asked for, and `tune!` if there is one."
function load(log, path, name)
    record!(log, "event" => "begin", "phase" => "load")
    kernel_module = Core.eval(Main, :(module $(gensym("Kernel")) end))
    found(x) = Base.invokelatest(isdefined, kernel_module, x) ?
               Base.invokelatest(getfield, kernel_module, x) : nothing
    kernel, seconds = guarded(log, "load") do
        seconds = @elapsed Base.include(kernel_module, path)
        found(name) === nothing && error("the kernel file does not define the function $name")
        found(name), seconds
    end
    record!(log, "event" => "loaded", "seconds" => seconds)
    kernel, found(:tune!)
end

"Is the kernel right at the small size?  The worst of the cases is recorded."
function check(log, kernel, cases, tile)
    record!(log, "event" => "begin", "phase" => "check")
    checks = @timed [run_and_verify(log, "check", kernel, c).verdict for c in cases]
    v = worst_verdict(checks.value)
    record!(log, "event" => "checked", "n" => v.n, "tile" => tile, "seconds" => checks.time,
            "error" => v.error, "bound" => v.bound, "correct" => v.correct)
    v.correct
end

"Let a vendor program choose its settings, at full size, on inputs that are not measured."
function tune_up(log, tune, case)
    record!(log, "event" => "begin", "phase" => "tune")
    arguments = kernel_arguments(case)
    setting = guarded(() -> Base.invokelatest(tune, arguments...), log, "tune")
    record!(log, "event" => "tuned", "setting" => string(setting))
end

function repeat_once(log, kernel, case, o, repetition)
    record!(log, "event" => "begin", "phase" => "repetition", "repetition" => repetition)
    timed = run_and_verify(log, "repetition", kernel, case)
    threads = blas_threads()
    spots = [run_and_verify(log, "repetition", kernel, c).verdict for c in spot_cases(case)]
    v = worst_verdict([timed.verdict; spots])
    record!(log, "event" => "repetition", "repetition" => repetition, "n" => case.n,
            "tile" => o["tile"], "seed" => case.seed, "probe_seed" => timed.probe_seed,
            "seconds" => timed.run.time, "gc_seconds" => timed.run.gctime,
            "allocated_bytes" => timed.run.bytes, "error" => v.error, "bound" => v.bound,
            "correct" => v.correct, "blas_threads" => threads)
end

"One call of the kernel on fresh inputs, and what verification says of its result."
function run_and_verify(log, phase, kernel, case)
    GC.gc()                    # frees what the run before held, before the new inputs are made
    arguments = kernel_arguments(case)
    GC.gc()                    # or the inputs' allocation would trigger a collection in the run
    run = guarded(() -> timed_call(kernel, arguments), log, phase)
    probe_seed = rand(RandomDevice(), 1:2^52)
    distance = kernel_error(case, arguments, run.value, probe_seed)
    verdict = (n = case.n, error = distance, bound = bound(case), correct = distance <= bound(case))
    (run = run, probe_seed = probe_seed, verdict = verdict)
end

"Of several cases, the one whose error is the largest part of what is allowed speaks for all."
worst_verdict(verdicts) = verdicts[argmax([v.error / v.bound for v in verdicts])]

"""
Call f; if it throws, record it and leave.  Only calls into the kernel are guarded, so that a
mistake of the harness is never recorded as the kernel's.
"""
function guarded(f, log, phase; kind = nothing)
    try
        f()
    catch e
        record!(log, error_fields(phase, e, catch_backtrace(); kind = kind)...)
        exit(1)
    end
end

"Options, token, framework; then the run, in the world that has the framework's methods."
function main()
    o, token = options(ARGS), readline(stdin)
    isempty(token) && wrong_call("no token on the first line of standard input")
    redirect_stdin(open("/dev/null"))
    empty!(ARGS)
    BLAS.set_num_threads(1)
    log = Log(o["result"], token)
    record!(log, "event" => "start", "julia" => string(VERSION), "threads" => Threads.nthreads(),
            "blas" => blas_name(), "blas_core" => blas_core(), "blas_threads" => blas_threads())
    guarded(log, "load"; kind = "unavailable") do
        include(framework_file(o["framework"]))
    end
    Base.invokelatest(run_cell, log, o)
end

abspath(PROGRAM_FILE) == @__FILE__() && main()
