@testset "inputs" begin
    n, t = 70, 32
    A, S = RandomMatrix(1, n, t), SPDMatrix(3, n, t)
    @test all(-1 <= A[i, j] < 1 for i in 1:n, j in 1:n)
    @test dense(A) == hvcat(3, [A(I, J) for J in 1:3, I in 1:3]...)
    @test dense(S) == SPDMatrix(3, n, n)(1, 1)                # the tile size does not matter
    @test issymmetric(dense(S)) && isposdef(dense(S))
    @test !isposdef(dense(SPDMatrix(3, n, t, 50)))
    @test A[3, 5] == entry(1, 3, 5) == -0.38555337090027986    # as computed in Python
    @test holds(dense(A), A) && !holds(dense(S), A) && !holds(zeros(2, 2), A)
    changed = dense(A)
    changed[2, 1] += eps()
    @test !holds(changed, A) && holds(changed, A; of = (i, j) -> i < j)

    @test length(unique(derive(7, k) for k in 0:1000)) == 1001
    @test all(0 <= derive(7, k) < 2^52 for k in 0:1000)
    @test all(1 <= spot_size(derive(7, k)) <= 2^17 for k in 0:1000)
    for problem in (Gemm, Cholesky)
        @test dense(timed_case(problem, 8, 4, 7, 1).A) != dense(timed_case(problem, 8, 4, 7, 2).A)
    end
    @test timed_case(Pi, 100, 1, 7, 3).n == 102
end
