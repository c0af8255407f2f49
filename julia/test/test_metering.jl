# What a call uses: busy threads, and time to make input.
function busy_loop(seconds)
    stop, x = time() + seconds, 0.0
    while time() < stop
        x += sin(x)
    end
    x
end
all_threads(seconds) = Threads.@threads for _ in 1:Threads.nthreads()
    busy_loop(seconds)
end

@testset "metering" begin
    @test share_busy(10, 10, 0) == 1
    @test share_busy(10, 2, 8) == 1             # it ran whenever it had a core
    @test share_busy(10, 1, 5) == 0.2
    @test share_busy(10, 0, 10) == 0            # an idle thread cannot wait for long
    @test share_busy(1, 1.01, 0.02) == 1        # clocks differ a little

    metered(() -> busy_loop(0.01))              # compiles
    metered(() -> all_threads(0.01))
    metered(() -> sleep(0.01))
    one = metered(() -> busy_loop(0.3))
    @test one.threads == 1
    @test 0.8 < one.busy / one.time < 1.2
    every = metered(() -> all_threads(0.3))
    @test every.threads >= Threads.nthreads()
    @test every.busy / every.time > 0.55 * Threads.nthreads()
    none = metered(() -> sleep(0.3))
    @test none.busy / none.time < 0.2
    @test none.threads == 0
    @test none.input == 0

    maker = RandomMatrix(7, 600, 200)
    input = metered_input(maker)
    @test metered_input(600) == 600
    @test input(2, 3) == maker(2, 3)
    making = metered(() -> foreach(_ -> input(1, 1), 1:50))
    @test 0.5 * making.time < making.input <= making.time
    together() = Threads.@threads for _ in 1:100
        input(1, 1)
    end
    metered(together)
    overlapping = metered(together)
    @test 0 < overlapping.input <= overlapping.time
    @test METER.making == 0

    fields(call, arguments) = Dict(use_fields(call, arguments))
    found = fields((time = 2.0, busy = 1.5, threads = 3, input = 0.5), (600, input))
    @test found == Dict("busy_seconds" => 1.5, "busy_threads" => 3, "input_seconds" => 0.5)
    found = fields((time = 2.0, busy = NaN, threads = 0, input = 0.0), (600,))
    @test json(("busy" => found["busy_seconds"],)) == "{\"busy\":null}"
    @test found["busy_threads"] === found["input_seconds"] === nothing
    @test fields((time = 2.0,), (600, input))["input_seconds"] === nothing   # a team that meters nothing
end
