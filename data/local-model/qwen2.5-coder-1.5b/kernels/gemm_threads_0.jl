#!/usr/bin/env julia -t 2

# Define the function gemm!
function gemm!(C, A, B, tile)
    n = size(A, 1)
    m = size(B, 2)
    p = size(C, 3)
    for i in 1:n-1
        for j in 1:m-1
            for k in 1:p
                C[i, j, k] = 0.0
                for l in 1:tile
                    for m in 1:tile
                        C[i, j, k] += A[i+l, j+m, k] * B[l, m, k]
                    end
                end
            end
        end
    end
end
