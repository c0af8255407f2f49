# Is no Julia: an end is missing.
function gemm!(C, A, B, tile)
    for k in 1:tile:size(C, 2)
        C[k, k] = (1 +
    end
