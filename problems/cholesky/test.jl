# Tests of this problem, with the functions of julia/test/tools.jl.
changed(M, i, j, by) = (X = copy(M); X[i, j] += by; X)
const SIZES = [(1, 1), (5, 1), (5, 7), (64, 16), (100, 32), (130, 64), (257, 64)]

@testset "inputs" begin
    n, t = 70, 32
    S = SPDMatrix(3, n, t)
    @test dense(S) == SPDMatrix(3, n, n)(1, 1)                # the tile size does not matter
    @test issymmetric(dense(S)) && isposdef(dense(S))
    @test !isposdef(dense(SPDMatrix(3, n, t, 50)))
    @test dense(timed_case(Cholesky, 8, 4, 7, 1).A) != dense(timed_case(Cholesky, 8, 4, 7, 2).A)
end

@testset "verification" begin
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
    D = Dict((i, j) => A(i, j) for (i, j) in lowertiles(n, t))
    @test diagonal_fault(D) === nothing
    @test diagonal_fault(merge(D, Dict((2, 2) => -A(2, 2)))) ==
          "the diagonal of L is not positive in tile (2, 2)"
end

@testset "what a kernel must not do" begin
    case = Cholesky(40, 16, 1)
    A, _ = kernel_arguments(TEAM, case)
    L = tril(Matrix(cholesky(Symmetric(A)).L)) + triu(A, 1)
    factored(L) = verdict(case, kernel_error(TEAM, case, (L, 16), nothing, 5)).correct
    @test factored(L)
    @test !factored(tril(L))                                  # strict upper triangle overwritten
    @test !factored(tril(L) * Diagonal([-1; ones(39)]) + triu(A, 1))
end

@testset "$author" for author in ("reference", "vendor")
    kernel = program(@__DIR__, author, :cholesky!)
    for (n, tile) in SIZES
        @test share_of_bound(kernel, Cholesky(n, tile, 100n + tile)) <= 1
    end
    for (n, tile) in SIZES, k in unique([1, cld(n, 2), n])
        A = dense(SPDMatrix(1, n, tile, k))
        e = thrown(() -> Base.invokelatest(kernel, A, tile))
        @test e isa PosDefException && e.info == k            # the k that LAPACK reports
    end
    @test detects_wrong_results(kernel, Cholesky(100, 32, 1))
    BLAS.set_num_threads(1)
end

@testset "the vendor's choice of threads" begin
    tune! = program(@__DIR__, "vendor", :tune!)
    @test occursin(r"^\d+ BLAS threads?$", tune!(dense(SPDMatrix(1, 64, 64)), 64))
    BLAS.set_num_threads(1)
end
