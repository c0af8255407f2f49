# What is written down of an exception that a kernel threw.

"An exception and those inside it: tasks, includes and workers wrap what they throw."
causes(e) = append!(Any[e], mapreduce(causes, append!, inner(e); init = Any[]))

inner(e) = [v for v in (getfield(e, f) for f in fieldnames(typeof(e)) if isdefined(e, f))
            if v isa Exception]
inner(e::TaskFailedException) = [e.task.exception]
inner(e::CompositeException) = e.exceptions

# A kernel's exceptions may have show methods, in a newer world, which may themselves fail.
function described(show_arguments...)
    try
        Base.invokelatest(sprint, showerror, show_arguments...)
    catch
        "(an exception of type $(typeof(first(show_arguments))) that cannot be shown)"
    end
end

"What was thrown first, inside all wrapping; of several tasks that failed, by the first."
root_cause(e) = isempty(inner(e)) ? e : root_cause(first(inner(e)))

"The fields of an error record; the kind follows from the phase and the causes if it is not given."
function error_fields(phase, e, trace; kind = nothing)
    root = root_cause(e)
    ("event" => "error", "phase" => phase, "kind" => something(kind, kind_of(phase, e)),
     "type" => string(nameof(typeof(root))), "message" => first_of(described(root), 2000),
     "backtrace" => first_of(described(e, trace), 8000))
end

kind_of(phase, e) = any(x -> x isa OutOfMemoryError, causes(e)) ? "out-of-memory" :
                    any(x -> x isa ProcessExitedException, causes(e)) ? "crash" :
                    phase == "load" ? "load-error" : "runtime-error"

first_of(s, n) = length(s) <= n ? s : s[1:nextind(s, 0, n)]
