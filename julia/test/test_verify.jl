changed(M, i, j, by) = (X = copy(M); X[i, j] += by; X)

@testset "gemm is verified" begin
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

@testset "cholesky is verified" begin
    n, t = 200, 32
    A = SPDMatrix(3, n, t)
    L = Matrix(cholesky(Symmetric(dense(A))).L)
    right(L) = cholesky_error(asmatrix(L, n, t), A, n, t; seed = 7) <= matrix_bound(n)
    @test right(L)
    @test right(L + triu(fill(NaN, n, n), 1))
    @test !right(changed(L, 150, 20, 1e-8))
    @test !right(changed(L, 9, 9, NaN))
    @test !right(Float64.(Float32.(L)))
    @test !right(Matrix(Diagonal(L)))
    @test !right(dense(A))
    @test !right(Matrix(cholesky(Symmetric(dense(SPDMatrix(4, n, t)))).L))
end

@testset "what a kernel must not do" begin
    gemm, chol = Gemm(40, 16, 1), Cholesky(40, 16, 1)
    C, A, B, _ = kernel_arguments(gemm)
    @test all(isnan, C)
    accepted(C, A, B) = kernel_error(gemm, (C, A, B, 16), nothing, 5) <= bound(gemm)
    @test accepted(A * B, A, B)
    @test !accepted(C, A, B)
    @test !accepted(A * B, changed(A, 40, 1, 1e-12), B)
    @test !accepted(A * B, A, changed(B, 1, 40, 1e-12))

    A, _ = kernel_arguments(chol)
    L = tril(Matrix(cholesky(Symmetric(A)).L)) + triu(A, 1)
    factored(L) = kernel_error(chol, (L, 16), nothing, 5) <= bound(chol)
    @test factored(L)
    @test !factored(tril(L))                                  # strict upper triangle overwritten
    @test !factored(tril(L) * Diagonal([-1; ones(39)]) + triu(A, 1))
end

@testset "pi is verified" begin
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

@testset "every tile is owned once" begin
    n, t, N = 200, 32, tiles(200, 32)
    A = SPDMatrix(3, n, t)
    D = Dict((i, j) => A(i, j) for (i, j) in lowertiles(n, t))
    once(D; kw...) = owned_once(D, lowertiles(n, t), n, t; kw...)
    @test once(D)
    @test !once(filter(p -> p[1] != (3, 2), D))
    @test !once(D; allsum! = v -> 2v)
    @test !once(merge(D, Dict((1, 2) => A(1, 2))))
    @test !once(merge(D, Dict((N + 1, 1) => A(1, 1))))
    @test !once(merge(D, Dict((N, 1) => A(1, 1))))
end
