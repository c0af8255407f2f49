using Dagger, LinearAlgebra

"""
C .= A*B, a Dagger task for each tile of C.  The scopes deal the tiles out to the threads, because
Dagger's own choice for long tasks is any thread but the first.
"""
function gemm!(C, A, B, tile::Int)
    spans(n) = [k:min(k + tile - 1, n) for k in 1:tile:n]
    function tile!(i, j)
        BLAS.gemm!('N', 'N', 1.0, view(A, i, :), view(B, :, j), 0.0, view(C, i, j))
        nothing
    end
    work = [(i, j) for i in spans(size(C, 1)), j in spans(size(C, 2))]
    threads = [Dagger.scope(worker = 1, thread = t) for t in 1:Threads.nthreads()]
    scope(w) = threads[mod1(w, length(threads))]
    foreach(fetch, [Dagger.@spawn scope = scope(w) tile!(i, j) for (w, (i, j)) in enumerate(work)])
    C
end
