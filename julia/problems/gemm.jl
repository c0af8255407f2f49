"""
Compute the matrix product C = A*B of two n × n matrices of Float64 by tiles.

The matrices are divided into tiles of `tile` × `tile` entries; those in the last tile row and
column are smaller if `tile` does not divide n. Both n and `tile` are any integers from 1 up, and
`tile` may exceed n. The work on tiles runs in parallel as tasks; a task may call BLAS on tiles, but
the product must not be one BLAS call, and BLAS itself must stay at one thread. A and B must not be
changed.

# Shared memory (threads, dagger)
Define `gemm!(C, A, B, tile)` for matrices of type Matrix{Float64}. It overwrites C, whose content
on entry is arbitrary (it may be NaN), and has finished all its work when it returns. It uses all
Julia threads.

# Distributed memory (mpi)
Define `gemm(comm, n, tile, make_a, make_b)`. All ranks of `comm` call it; MPI is already
initialised and must not be finalised. `make_a(i, j)` and `make_b(i, j)` return a new copy of tile
(i, j) of A and B and can be called on any rank. Each rank returns the tiles of C that it owns as
Dict{Tuple{Int,Int},Matrix{Float64}}; every tile must be owned by exactly one rank. No rank may
hold a whole matrix.

# Distributed memory (dagger-distributed)
Define `gemm(n, tile, make_a, make_b)`. It is called once, on the driver process. `make_a(i, j)` and
`make_b(i, j)` return a new copy of tile (i, j) of A and B and can be called on any worker. Return
the tiles of C as Dict of (i, j) => Dagger.Chunk; the data stays on the workers. The file is
included in Main of the driver; what workers need of it, it defines on them by `@everywhere`.
"""
struct Gemm
    n::Int
    tile::Int
    seed::Int
    A::RandomMatrix
    B::RandomMatrix
end
Gemm(n, tile, seed) = Gemm(n, tile, seed, RandomMatrix(derive(seed, 1), n, tile),
                           RandomMatrix(derive(seed, 2), n, tile))

bound(case::Gemm) = matrix_bound(case.n)
flops(case::Gemm) = 2.0 * case.n^3
