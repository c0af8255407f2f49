@testset "inputs" begin
    n, t = 70, 32
    A = RandomMatrix(1, n, t)
    @test all(-1 <= A[i, j] < 1 for i in 1:n, j in 1:n)
    @test dense(A) == hvcat(3, [A(I, J) for J in 1:3, I in 1:3]...)
    @test A[3, 5] == entry(1, 3, 5) == -0.38555337090027986    # as computed in Python
    @test holds(dense(A), A) && !holds(dense(RandomMatrix(2, n, t)), A) && !holds(zeros(2, 2), A)
    changed = dense(A)
    changed[2, 1] += eps()
    @test !holds(changed, A) && holds(changed, A; of = (i, j) -> i < j)

    @test length(unique(derive(7, k) for k in 0:1000)) == 1001
    @test all(0 <= derive(7, k) < 2^52 for k in 0:1000)
end
