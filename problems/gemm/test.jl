# Tests of this problem, with the functions of julia/test/tools.jl.
changed(M, i, j, by) = (X = copy(M); X[i, j] += by; X)

@testset "inputs differ in each repetition" begin
    @test dense(timed_case(Gemm, 8, 4, 7, 1).A) != dense(timed_case(Gemm, 8, 4, 7, 2).A)
end

@testset "verification" begin
    n, t = 200, 32
    A, B = RandomMatrix(1, n, t), RandomMatrix(2, n, t)
    C = dense(A) * dense(B)
    right(C) = gemm_error(asmatrix(C, n, t), A, B, n, t; seed = 7) <= matrix_bound(n)
    @test right(C)
    @test !right(changed(C, 77, 123, 1e-8))
    @test !right(changed(C, 1, 1, NaN))
    @test !right(changed(C, 1, 1, Inf))
    @test !right(Float64.(Float32.(C)))
    @test !right(Matrix(C'))
    @test !right(dense(B) * dense(A))
    @test !right(zero(C))
    @test !right((X = copy(C); X[33:64, 65:96] .= 0; X))
end

@testset "what a kernel must not do" begin
    case = Gemm(40, 16, 1)
    C, A, B, _ = kernel_arguments(TEAM, case)
    @test all(isnan, C)
    accepted(C, A, B) = verdict(case, kernel_error(TEAM, case, (C, A, B, 16), nothing, 5)).correct
    @test accepted(A * B, A, B)
    @test !accepted(C, A, B)
    @test !accepted(A * B, changed(A, 40, 1, 1e-12), B)
    @test !accepted(A * B, A, changed(B, 1, 40, 1e-12))
end

@testset "$author" for author in ("reference", "tasks", "vendor")
    kernel = program(@__DIR__, author, :gemm!)
    for (n, tile) in [(1, 1), (5, 1), (5, 7), (64, 16), (100, 32), (130, 64), (257, 64)]
        @test share_of_bound(kernel, Gemm(n, tile, 100n + tile)) <= 1
    end
    @test detects_wrong_results(kernel, Gemm(100, 32, 1))
    BLAS.set_num_threads(1)
end
