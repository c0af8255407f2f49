# Shared memory: one process with threads; a kernel is given whole matrices.
struct SharedMemory <: Team end

form_team(o) = SharedMemory()

kernel_name(::SharedMemory, ::Pi) = :compute_pi
kernel_name(::SharedMemory, ::Gemm) = :gemm!
kernel_name(::SharedMemory, ::Cholesky) = :cholesky!

kernel_arguments(::SharedMemory, case::Pi) = (case.n,)
kernel_arguments(::SharedMemory, case::Gemm) =
    (fill(NaN, case.n, case.n), dense(case.A), dense(case.B), case.tile)
kernel_arguments(::SharedMemory, case::Cholesky) = (dense(case.A), case.tile)

timed_call(::SharedMemory, kernel, arguments) = @timed Base.invokelatest(kernel, arguments...)

kernel_error(::SharedMemory, case::Pi, arguments, returned, seed) = pi_error(returned, case.n)

function kernel_error(::SharedMemory, case::Gemm, (C, A, B, _), returned, seed)
    holds(A, case.A) || return "A was changed"
    holds(B, case.B) || return "B was changed"
    n, tile = case.n, VERIFY_TILE
    gemm_error(asmatrix(C, n, tile), retiled(case.A), retiled(case.B), n, tile; seed = seed)
end

function kernel_error(::SharedMemory, case::Cholesky, (L, _), returned, seed)
    holds(L, case.A; of = (i, j) -> i < j) || return "the strict upper triangle was changed"
    all(L[i, i] > 0 for i in 1:case.n) || return "the diagonal of L is not positive"
    n, tile = case.n, VERIFY_TILE
    cholesky_error(asmatrix(L, n, tile), retiled(case.A), n, tile; seed = seed)
end

# A matrix does not depend on the tiles it is made by: verification takes a size that suits it.
const VERIFY_TILE = 256
retiled(m::RandomMatrix) = RandomMatrix(m.seed, m.n, VERIFY_TILE)
retiled(m::SPDMatrix) = SPDMatrix(m.seed, m.n, VERIFY_TILE, m.broken)
