# Tests of this problem, with the functions of julia/test/tools.jl.
@testset "cases" begin
    @test all(1 <= spot_size(derive(7, k)) <= 2^17 for k in 0:1000)
    @test timed_case(Pi, 100, 1, 7, 3).n == 102
end

@testset "verification" begin
    rule(n; points = 1:n) = sum(4 / (1 + ((i - 0.5) / n)^2) for i in points) / n
    right(p, n) = pi_error(p, n) <= pi_bound(n)
    @test all(right(rule(n), n) for n in [1:50; 191; 10^6])
    @test !any(right(float(π), n) for n in [1:50; 1000; 2^17])
    @test !right(rule(1000; points = 1:999), 1000)
    @test !right(rule(1000; points = [1:1000; 1000]), 1000)
    @test !right((rule(1000; points = 0:999)), 1000)
    @test !right(π - 1 / (6 * 1000.0^2), 1000)                # the trapezoidal rule's error
    @test !right(Float64(Float32(rule(1000))), 1000)
    @test !any(right(p, 1000) for p in (NaN, Inf, nothing, "3.14", [3.14]))
end

@testset "$author" for author in ("reference", "vendor")
    kernel = program(@__DIR__, author, :compute_pi)
    for n in [1, 2, 3, 10, 191, 1000, 10^6, 10^6 + 1]
        @test share_of_bound(kernel, Pi(n, 1)) <= 1
    end
    @test detects_wrong_results(kernel, Pi(1000, 1))
end
