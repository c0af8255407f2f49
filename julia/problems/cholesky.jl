"""
Compute the lower Cholesky factor L of a symmetric positive definite n × n matrix of Float64,
A = L*L', by tiles.

The matrix is divided into tiles of `tile` × `tile` entries; those in the last tile row and column
are smaller if `tile` does not divide n. Both n and `tile` are any integers from 1 up, and `tile`
may exceed n. The work on tiles runs in parallel as tasks; a task may call BLAS and LAPACK on tiles,
but the factorisation must not be one LAPACK call, and BLAS itself must stay at one thread. L has a
positive diagonal. If A is not positive definite, throw `LinearAlgebra.PosDefException(k)`, where k
is the order of the first leading minor that is not positive.

# Shared memory (threads, dagger)
Define `cholesky!(A, tile)` for a matrix of type Matrix{Float64}. It overwrites the lower triangle
of A, diagonal included, by L, leaves the strict upper triangle as it is, and has finished all its
work when it returns. It uses all Julia threads.

# Distributed memory (mpi)
Define `cholesky(comm, n, tile, make_a)`. All ranks of `comm` call it; MPI is already initialised
and must not be finalised. `make_a(i, j)` returns a new copy of tile (i, j) of A and can be called
on any rank. Each rank returns the tiles (i, j) of L, i ≥ j, that it owns as
Dict{Tuple{Int,Int},Matrix{Float64}}; every such tile must be owned by exactly one rank. The strict
upper triangle of a diagonal tile is ignored. No rank may hold the whole matrix. If A is not
positive definite, every rank throws the exception.

# Distributed memory (dagger-distributed)
Define `cholesky(n, tile, make_a)`. It is called once, on the driver process. `make_a(i, j)` returns
a new copy of tile (i, j) of A and can be called on any worker. Return the tiles (i, j) of L, i ≥ j,
as Dict of (i, j) => Dagger.Chunk; the data stays on the workers. The strict upper triangle of a
diagonal tile is ignored. The file is included in Main of the driver; what workers need of it, it
defines on them by `@everywhere`.
"""
struct Cholesky
    n::Int
    tile::Int
    seed::Int
    A::SPDMatrix
end
Cholesky(n, tile, seed) = Cholesky(n, tile, seed, SPDMatrix(derive(seed, 1), n, tile))

bound(case::Cholesky) = matrix_bound(case.n)
flops(case::Cholesky) = case.n^3 / 3
