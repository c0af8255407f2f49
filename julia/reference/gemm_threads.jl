using LinearAlgebra
using Base.Threads: @spawn, nthreads, Atomic, atomic_add!

"""
C .= A*B.  The tiles of C are the units of work, in square blocks of as many tiles as leave every
thread some blocks: BLAS copies A and B into a layout of its own, and the larger a block, the more it
computes with each copy.  nthreads() tasks draw the blocks from a shared counter, so tasks never
outnumber threads and no two write the same tile.
"""
function gemm!(C, A, B, tile::Int)
    block = tile * tiles_per_block(cld(size(C, 1), tile), cld(size(C, 2), tile))
    spans(n) = [k:min(k + block - 1, n) for k in 1:block:n]
    work = [(i, j) for i in spans(size(C, 1)), j in spans(size(C, 2))]
    next = Atomic{Int}(1)
    @sync for _ in 1:min(nthreads(), length(work))
        @spawn while true
            drawn = atomic_add!(next, 1)
            drawn > length(work) && break
            i, j = work[drawn]
            BLAS.gemm!('N', 'N', 1.0, view(A, i, :), view(B, :, j), 0.0, view(C, i, j))
        end
    end
    C
end

# With four blocks a thread, the last to finish delays the rest by little.
tiles_per_block(rows, columns) = max(1, isqrt(div(rows * columns, 4 * nthreads())))
