# Tests of this problem, with the functions of julia/test/tools.jl.
@testset "verification" begin
    # TODO: a right result is accepted; each kind of wrong result is rejected.
    @test false
end

@testset "reference" begin
    kernel = program(@__DIR__, "reference", :${entry})
    for n in [1, 2, 3, 10, 191, 1000]
        @test share_of_bound(kernel, ${type}(n, 1)) <= 1
    end
    @test detects_wrong_results(kernel, ${type}(1000, 1))
end
