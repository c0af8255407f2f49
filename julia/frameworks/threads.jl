# Shared memory, Julia threads: how a kernel is called and its result verified.
#
# A framework is a file in this directory.  It loads the packages that the framework needs and
# defines, for every problem's case, the four functions below; run_cell.jl knows nothing else of it.
# The contracts of the kernels are the docstrings in problems/.

"The function that a kernel file must define."
kernel_name(::Pi) = :compute_pi
kernel_name(::Gemm) = :gemm!
kernel_name(::Cholesky) = :cholesky!

"Fresh arguments for one call."
kernel_arguments(case::Pi) = (case.n,)
kernel_arguments(case::Gemm) =
    (fill(NaN, case.n, case.n), dense(case.A), dense(case.B), case.tile)
kernel_arguments(case::Cholesky) = (dense(case.A), case.tile)

"Call the kernel: (value, time in s, bytes allocated, gctime in s)."
timed_call(kernel, arguments) = @timed Base.invokelatest(kernel, arguments...)

"The error of a result, to be compared with `bound(case)`; infinite where a promise was broken."
kernel_error(case::Pi, arguments, returned, seed) = pi_error(returned, case.n)

function kernel_error(case::Gemm, (C, A, B, _), returned, seed)
    holds(A, case.A) && holds(B, case.B) || return Inf
    n, tile = case.n, VERIFY_TILE
    gemm_error(asmatrix(C, n, tile), retiled(case.A), retiled(case.B), n, tile; seed = seed)
end

function kernel_error(case::Cholesky, (L, _), returned, seed)
    holds(L, case.A; of = (i, j) -> i < j) || return Inf
    all(L[i, i] > 0 for i in 1:case.n) || return Inf
    n, tile = case.n, VERIFY_TILE
    cholesky_error(asmatrix(L, n, tile), retiled(case.A), n, tile; seed = seed)
end

# A matrix does not depend on the tiles it is made by: verification takes a size that suits it.
const VERIFY_TILE = 256
retiled(m::RandomMatrix) = RandomMatrix(m.seed, m.n, VERIFY_TILE)
retiled(m::SPDMatrix) = SPDMatrix(m.seed, m.n, VERIFY_TILE, m.broken)
