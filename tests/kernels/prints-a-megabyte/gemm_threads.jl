# Prints a megabyte at each call; the result is right.
using LinearAlgebra

function tiled!(C, A, B, tile)
    n = size(C, 1)
    Threads.@threads for k in 1:tile:n
        columns = k:min(k + tile - 1, n)
        mul!(view(C, :, columns), A, view(B, :, columns))
    end
end

function gemm!(C, A, B, tile)
    foreach(_ -> println("x" ^ 1023), 1:1024)
    tiled!(C, A, B, tile)
end
