# Tiles of C numbered through, in a loop with a static schedule.
using LinearAlgebra

function gemm!(C, A, B, tile)
    n = size(A, 1)
    nt = cld(n, tile)
    Threads.@threads :static for index in 1:(nt * nt)
        i, j = fldmod1(index, nt)
        rows = ((i - 1) * tile + 1):min(i * tile, n)
        cols = ((j - 1) * tile + 1):min(j * tile, n)
        C[rows, cols] .= 0.0
        for k in 1:nt
            inner = ((k - 1) * tile + 1):min(k * tile, n)
            BLAS.gemm!('N', 'N', 1.0, view(A, rows, inner), view(B, inner, cols), 1.0,
                       view(C, rows, cols))
        end
    end
    return C
end
