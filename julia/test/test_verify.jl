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
    C, A, B, _ = kernel_arguments(TEAM, gemm)
    @test all(isnan, C)
    judged(case, arguments...) = verdict(case, kernel_error(TEAM, case, arguments, nothing, 5))
    accepted(C, A, B) = judged(gemm, C, A, B, 16).correct
    @test accepted(A * B, A, B)
    @test !accepted(C, A, B)
    @test !accepted(A * B, changed(A, 40, 1, 1e-12), B)
    @test !accepted(A * B, A, changed(B, 1, 40, 1e-12))

    A, _ = kernel_arguments(TEAM, chol)
    L = tril(Matrix(cholesky(Symmetric(A)).L)) + triu(A, 1)
    factored(L) = judged(chol, L, 16).correct
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

@testset "tiles have one owner and the right size" begin
    n, t, N = 200, 32, tiles(200, 32)
    A = SPDMatrix(3, n, t)
    D = Dict((i, j) => A(i, j) for (i, j) in lowertiles(n, t))
    fault(D) = tile_fault(sizes(D), lowertiles(n, t), n, t)
    owners(D; times = 1) = owner_fault(times * owned_here(keys(D), n, t), lowertiles(n, t))
    @test is_tiles(D) && fault(D) === owners(D) === diagonal_fault(D) === nothing
    @test owners(filter(p -> p[1] != (3, 2), D)) == "tile (3, 2) has no owner"
    @test owners(D; times = 2) == "tile (1, 1) has 2 owners"
    @test fault(merge(D, Dict((1, 2) => A(1, 2)))) == "tile (1, 2) is not one of the result's"
    @test fault(merge(D, Dict((N + 1, 1) => A(1, 1)))) == "tile (8, 1) is not one of the result's"
    @test fault(merge(D, Dict((N, 1) => A(1, 1)))) == "tile (7, 1) has size (32, 32), not (8, 32)"
    other = merge(Dict{Tuple{Int,Int},Any}(D), Dict((2, 1) => Float32.(A(2, 1))))
    @test !is_tiles(other) && fault(other) == "tile (2, 1) has size nothing, not (32, 32)"
    @test diagonal_fault(merge(D, Dict((2, 2) => -A(2, 2)))) ==
          "the diagonal of L is not positive in tile (2, 2)"
    @test !any(is_tiles, (nothing, D[1, 1], Dict(1 => D[1, 1]), Dict((1, 1) => 2.0)))
end
