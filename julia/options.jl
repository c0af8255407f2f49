# The command line of run_cell.jl.
const OPTIONS = Dict("kernel" => String, "entry" => String, "problem" => String,
                     "framework" => String, "n" => Int, "tile" => Int, "check-n" => Int,
                     "check-tile" => Int, "repetitions" => Int, "seed" => Int, "result" => String)

const WORKER_OPTIONS = Dict("ranks" => Int, "copies" => Int)
const SWITCHES = Dict("tune" => false, "wrong-results" => false)
const TYPES = merge(OPTIONS, WORKER_OPTIONS)
const MAY_BE_LEFT_OUT = merge(SWITCHES, Dict("ranks" => 1, "copies" => 1, "worker-command" => ``))

"Return options by name.  A switch has no value; `--worker-command` takes the rest of the line."
function options(arguments)
    o, rest = Dict{String,Any}(MAY_BE_LEFT_OUT), copy(arguments)
    while !isempty(rest)
        if first(rest) == "--worker-command"
            o["worker-command"] = Cmd(rest[2:end])
            break
        end
        name = option_name(popfirst!(rest))
        o[name] = haskey(SWITCHES, name) ? true : option_value(name, rest)
    end
    missing_ones = sort!([k for k in keys(OPTIONS) if !haskey(o, k)])
    isempty(missing_ones) || wrong_call("missing option --" * join(missing_ones, ", --"))
    checked(o)
end

function option_name(argument)
    name = startswith(argument, "--") ? argument[3:end] : ""
    haskey(SWITCHES, name) || haskey(TYPES, name) || wrong_call("unknown option $argument")
    name
end

function option_value(name, rest)
    isempty(rest) && wrong_call("option --$name needs a value")
    text = popfirst!(rest)
    TYPES[name] == String && return text
    number = tryparse(Int, text)
    number === nothing && wrong_call("option --$name needs an integer, not \"$text\"")
    number
end

function checked(o)
    isfile(problem_file(o["problem"])) || wrong_call("no problem \"$(o["problem"])\"")
    isfile(framework_file(o["framework"])) || wrong_call("no framework \"$(o["framework"])\"")
    isfile(o["kernel"]) || wrong_call("no kernel file $(o["kernel"])")
    isdir(dirname(abspath(o["result"]))) || wrong_call("no directory for $(o["result"])")
    for name in ("n", "tile", "check-n", "check-tile", "repetitions", "ranks", "copies")
        o[name] >= 1 || wrong_call("option --$name must be at least 1")
    end
    for name in ("kernel", "result")
        o[name] = abspath(o[name])
    end
    o
end

# A name is a directory of this package; a path can be any directory.
directory(kind, name) =
    basename(name) == name ? joinpath(@__DIR__, "..", kind, name) : abspath(name)
problem_file(name) = joinpath(directory("problems", name), "problem.jl")
framework_file(name) = joinpath(directory("frameworks", name), "team.jl")

function wrong_call(what)
    println(stderr, "run_cell.jl: ", what)
    exit(2)
end
