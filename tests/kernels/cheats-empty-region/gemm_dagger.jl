# A datadeps region in which no task is made.
using Dagger

function multiply!(C, A, B, tile)
    n = size(A, 1)
    fill!(C, 0)
    for j in 1:n, k in 1:n, i in 1:n
        C[i, j] += A[i, k] * B[k, j]
    end
    C
end

function gemm!(C, A, B, tile)
    Dagger.spawn_datadeps() do
        multiply!(C, A, B, tile)
    end
    C
end
