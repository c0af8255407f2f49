# Records of exceptions that a kernel threw.

"Return an exception and those inside it: tasks, includes and workers wrap exceptions."
causes(e) = append!(Any[e], mapreduce(causes, append!, inner(e); init = Any[]))

inner(e) = [v for v in (getfield(e, f) for f in fieldnames(typeof(e)) if isdefined(e, f))
            if v isa Exception]
inner(e::TaskFailedException) = [e.task.exception]
inner(e::CompositeException) = e.exceptions

# Exceptions of a kernel can have show methods: these are in a newer world, and can fail.
function described(show_arguments...)
    try
        Base.invokelatest(sprint, showerror, show_arguments...)
    catch
        "(an exception of type $(typeof(first(show_arguments))) that cannot be shown)"
    end
end

"Return the innermost exception; if several tasks failed, that of the first."
root_cause(e) = isempty(inner(e)) ? e : root_cause(first(inner(e)))

"Return the fields of an error record; the phase and the causes determine the default kind."
function error_fields(phase, e, trace; kind = nothing)
    root = root_cause(e)
    ("event" => "error", "phase" => phase, "kind" => something(kind, kind_of(phase, e)),
     "type" => string(nameof(typeof(root))), "message" => first_of(described(root), 2000),
     "backtrace" => first_of(described(e, trace), 8000))
end

"Return the fields of an error record for a worker that ended, see `how_ended`."
worker_fields(phase, id, how) =
    ("event" => "error", "phase" => phase, "kind" => "crash", "type" => "ProcessExitedException",
     "message" => "worker $id ended", "backtrace" => "", "worker" => id, how...)

kind_of(phase, e) = any(x -> x isa OutOfMemoryError, causes(e)) ? "out-of-memory" :
                    any(x -> x isa ProcessExitedException, causes(e)) ? "crash" :
                    phase == "load" ? "load-error" : "runtime-error"

first_of(s, n) = length(s) <= n ? s : s[1:nextind(s, 0, n)]
