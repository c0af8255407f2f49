# Splits C in four until a block is a tile; whole matrices go into the recursion, not into BLAS.
using LinearAlgebra

function gemm!(C, A, B, tile)
    multiply!(C, A, B, max(tile, 16))
    return C
end

function multiply!(C, A, B, tile)
    m, n = size(C)
    if m <= tile && n <= tile
        mul!(C, A, B)
    elseif m >= n
        h = m ÷ 2
        upper = Threads.@spawn multiply!(view(C, 1:h, :), view(A, 1:h, :), B, tile)
        multiply!(view(C, h+1:m, :), view(A, h+1:m, :), B, tile)
        wait(upper)
    else
        h = n ÷ 2
        left = Threads.@spawn multiply!(view(C, :, 1:h), A, view(B, :, 1:h), tile)
        multiply!(view(C, :, h+1:n), A, view(B, :, h+1:n), tile)
        wait(left)
    end
    return nothing
end
