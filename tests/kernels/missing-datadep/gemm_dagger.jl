# Two tasks of a tile, one for each half of the products, add to it on two threads, and Dagger is not
# told that they write: they can run at the same time.  A result is wrong only if they do.
using Dagger, LinearAlgebra

function accumulate!(C, A, B)
    before = copy(C)
    product = A * B
    C .= before .+ product
end

function gemm!(C, A, B, tile)
    n = size(C, 1)
    blocks = [i:min(i + tile - 1, n) for i in 1:tile:n]
    halves = [1:n÷2, n÷2+1:n]
    place = [Dagger.scope(worker = 1, thread = t) for t in 1:2]
    fill!(C, 0.0)
    Dagger.spawn_datadeps() do
        for I in blocks, J in blocks, (K, here) in zip(halves, place)
            Dagger.@spawn scope = here accumulate!(In(view(C, I, J)), In(view(A, I, K)), In(view(B, K, J)))
        end
    end
    C
end
