using Dagger, LinearAlgebra

# Each thread's first task, one after the other.  Where two are a thread's first at once, Dagger may make its
# run loop twice, and then waits for ever (docs/dagger.md).
foreach(1:Threads.nthreads()) do t
    fetch(Dagger.@spawn scope = Dagger.scope(worker = 1, thread = t) identity(t))
end

"""
C .= A*B.  One Dagger task per square block of tiles of C; they share nothing they write.  The larger
a block, the more BLAS computes with each of the copies that it makes of A and B.  The scopes deal the
blocks out to the threads, because Dagger's own choice for long tasks is any thread but the first.
"""
function gemm!(C, A, B, tile::Int)
    block = tile * tiles_per_block(cld(size(C, 1), tile), cld(size(C, 2), tile))
    spans(n) = [k:min(k + block - 1, n) for k in 1:block:n]
    function block!(i, j)
        BLAS.gemm!('N', 'N', 1.0, view(A, i, :), view(B, :, j), 0.0, view(C, i, j))
        nothing
    end
    work = [(i, j) for i in spans(size(C, 1)), j in spans(size(C, 2))]
    thread(w) = Dagger.scope(worker = 1, thread = mod1(w, Threads.nthreads()))
    foreach(fetch, [Dagger.@spawn scope = thread(w) block!(i, j) for (w, (i, j)) in enumerate(work)])
    C
end

# With four blocks a thread, no thread gets much more than another.
tiles_per_block(rows, columns) = max(1, isqrt(div(rows * columns, 4 * Threads.nthreads())))
