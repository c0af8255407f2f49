# Tests of this problem, with the functions of julia/test/tools.jl.
@testset "verification" begin
    case = Empty(1000, 1)
    value = Value(1)
    correct(returned) = verdict(case, kernel_error(TEAM, case, nothing, returned, 5)).correct
    @test all(1 <= value(i) <= 2^20 for i in 1:1000)
    @test length(unique(value(i) for i in 1:1000)) > 990
    @test correct(sum(value(i) for i in 1:1000))
    @test !correct(sum(value(i) for i in 1:999))
    @test !correct(sum(value(i) for i in 0:1000))
    @test !correct(sum(Value(2)(i) for i in 1:1000))         # of another repetition
    @test !any(correct, (NaN, nothing, "sum", [1]))
end

@testset "reference" begin
    kernel = program(@__DIR__, "reference", :empty_tasks)
    for n in [1, 2, 3, 1000]
        @test share_of_bound(kernel, Empty(n, n)) <= 1
    end
    @test detects_wrong_results(kernel, Empty(100, 1))
end
