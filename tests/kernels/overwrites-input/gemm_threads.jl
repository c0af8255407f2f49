# The product is right, but A is changed.
using LinearAlgebra

function tiled!(C, A, B, tile)
    n = size(C, 1)
    Threads.@threads for k in 1:tile:n
        columns = k:min(k + tile - 1, n)
        mul!(view(C, :, columns), A, view(B, :, columns))
    end
end

function gemm!(C, A, B, tile)
    tiled!(C, A, B, tile)
    A[1, 1] = 0
end
