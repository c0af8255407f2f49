struct CannotBeShown <: Exception end
Base.showerror(::IO, ::CannotBeShown) = error("no")

@testset "JSON" begin
    @test json(("a" => 1, "b" => nothing, "c" => true)) == """{"a":1,"b":null,"c":true}"""
    @test json(1.5) == "1.5" && json(1e-16) == "1.0e-16"
    @test json(NaN) == json(-Inf) == "null"
    @test json("a\"b\\c\n\t\0\x7f") == "\"a\\\"b\\\\c\\n\\u0009\\u0000\\u007f\""
    @test json("π ≥ 3") == "\"π ≥ 3\""
    @test json(String([0x61, 0xff, 0x62])) == "\"a\ufffdb\""
    @test isvalid(json(String(rand(MersenneTwister(1), UInt8, 10_000))))
end

@testset "the chain of records" begin
    mktempdir() do directory
        log = Log(joinpath(directory, "result"), "c0ffee")
        record!(log, "event" => "start")
        write(log.path, read(log.path))                       # another process writes the file
        record!(log, "event" => "end")
        lines = split.(readlines(log.path), '\t')
        @test first.(lines) == ["{\"event\":\"start\"}", "{\"event\":\"end\"}"]
        # HMAC-SHA256, as any other language computes it
        @test lines[1][2] == "49b612e7ae83c52f14f2d3275d4a0553"
        @test lines[2][2] == chain("c0ffee", lines[1][2], lines[2][1])
        @test lines[2][2] != chain("c0ffef", lines[1][2], lines[2][1])
    end
end

@testset "errors" begin
    kind(e, phase = "check") = Dict(error_fields(phase, e, []))["kind"]
    failed_task = @async throw(OutOfMemoryError())
    wrapped = try wait(failed_task) catch e; e end
    @test kind(ErrorException("x")) == "runtime-error"
    @test kind(ErrorException("x"), "load") == "load-error"
    @test kind(OutOfMemoryError(), "load") == "out-of-memory"
    @test kind(wrapped) == "out-of-memory"
    @test kind(CompositeException([ErrorException("x"), wrapped])) == "out-of-memory"
    @test kind(LoadError("file", 1, wrapped)) == "out-of-memory"
    fields(e) = Dict(error_fields("check", e, []))
    @test fields(wrapped)["type"] == "OutOfMemoryError"
    @test length(fields(ErrorException("é"^9000))["message"]) == 2000
    @test length(fields(ErrorException("é"^9000))["backtrace"]) == 8000
    @test occursin("cannot be shown", fields(CannotBeShown())["message"])
end
