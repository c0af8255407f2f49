# One tile of C is zero, at every size.
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
    C[1:min(tile, end), 1:min(tile, end)] .= 0
end
