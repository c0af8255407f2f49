# The harness end to end, each run in a separate process.
const ROOM = normpath(joinpath(@__DIR__, ".."))
const TOKEN = "0123456789abcdef"

"Run a kernel; return exit code, records and standard error.  Checks the MACs of the records."
function harness(kernel, problem; n = 300, repetitions = 2, token = TOKEN, more = ``)
    mktempdir() do directory
        result = joinpath(directory, "result")
        entry = Dict("pi" => "compute_pi", "gemm" => "gemm!", "cholesky" => "cholesky!")[problem]
        options = `--kernel $kernel --entry $entry --problem $problem --framework threads --n $n --tile 64
                   --check-n 70 --check-tile 32 --repetitions $repetitions --seed 7
                   --result $result $more`
        julia = `$(Base.julia_cmd()) --startup-file=no -t $(Threads.nthreads())`
        errors = joinpath(directory, "errors")
        command = ignorestatus(`$julia $(joinpath(ROOM, "run_cell.jl")) $options`)
        process = run(pipeline(command; stdin = IOBuffer(token * "\n"), stdout = devnull,
                               stderr = errors))
        process.exitcode, isfile(result) ? chained(readlines(result)) : [], read(errors, String)
    end
end

function chained(lines)
    previous = ""
    map(lines) do line
        text, mac = split(line, '\t')
        @test mac == chain(TOKEN, previous, text)
        previous = mac
        String(text)
    end
end

function with_kernel(f, source)
    mktempdir() do directory
        path = joinpath(directory, "kernel.jl")
        write(path, source)
        f(path)
    end
end

event(record) = match(r"\"event\":\"(\w+)\"", record).captures[1]
correct(record) = occursin("\"correct\":true", record)

@testset "the harness: $who $problem" for (who, problem) in
        [("reference", "pi"), ("reference", "gemm"), ("vendor", "cholesky")]
    tune = who == "vendor" ? `--tune` : ``
    code, records, _ = harness("$PROBLEMS/$problem/$who/threads.jl", problem; more = tune)
    tuned = who == "vendor" ? ["begin", "tuned"] : []
    @test event.(records) == ["start"; "begin"; "loaded"; "begin"; "checked"; tuned;
                              "begin"; "repetition"; "begin"; "repetition"; "end"]
    @test code == 0 && count(correct, records) == 3
end

@testset "a kernel that fails" begin
    sources = ["load-error" => "compute_pi(n) = (",
               "load-error" => "calculate_pi(n) = 3",
               "out-of-memory" => "compute_pi(n) = throw(OutOfMemoryError())",
               "runtime-error" => "compute_pi() = 3"]
    for (kind, source) in sources
        code, records, _ = with_kernel(path -> harness(path, "pi"), source)
        @test code == 1 && event(last(records)) == "error"
        @test occursin("\"kind\":\"$kind\"", last(records))
    end
end

@testset "a kernel that is wrong" begin
    redefines = """
        Core.eval(Main.Harness, :(pi_error(p, n) = 0.0))
        Core.eval(Main.Harness, :(kernel_error(::Team, case::Pi, arguments, returned, seed) = 0.0))
        Core.eval(Main.Harness, :(bound(case::Pi) = Inf))
        compute_pi(n) = 3.0
        """
    code, records, _ = with_kernel(path -> harness(path, "pi"), redefines)
    @test code == 0 && event.(records)[end-1:end] == ["checked", "end"] && !any(correct, records)

    only_large = """
        compute_pi(n) = n > 2000 ? 3.14159 : sum(4 / (1 + ((i - 0.5) / n)^2) for i in 1:n) / n
        """
    code, records, _ = with_kernel(path -> harness(path, "pi"; n = 5000), only_large)
    @test code == 0 && count(correct, records) == 1 && event(last(records)) == "end"
end

@testset "corrupted results" begin
    code, records, _ = harness("$PROBLEMS/gemm/reference/threads.jl", "gemm"; more = `--wrong-results`)
    @test code == 0 && event.(records)[4:end] == ["begin"; "checked"; fill("corrupted", 5); "end"]
    @test count(r -> occursin("\"detected\":true", r), records) == 5
end

@testset "a wrong call" begin
    wrong(; kw...) = harness("$PROBLEMS/pi/reference/threads.jl", "pi"; kw...)
    for (call, message) in [(() -> wrong(; more = `--sead 7`), "unknown option --sead"),
                            (() -> wrong(; more = `--n many`), "needs an integer"),
                            (() -> wrong(; more = `--framework fork`), "no framework"),
                            (() -> wrong(; more = `--problem nine`), "no problem"),
                            (() -> wrong(; token = ""), "no token")]
        code, records, errors = call()
        @test code == 2 && isempty(records) && occursin(message, errors)
        @test length(split(chomp(errors), '\n')) == 1
    end
end
