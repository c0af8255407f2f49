# Writes to an address that is not its own, in the repetitions: SIGSEGV.
using LinearAlgebra

at_full_size(C) = size(C, 1) > 256

function tiled!(C, A, B, tile)
    n = size(C, 1)
    Threads.@threads for k in 1:tile:n
        columns = k:min(k + tile - 1, n)
        mul!(view(C, :, columns), A, view(B, :, columns))
    end
end

function gemm!(C, A, B, tile)
    at_full_size(C) && unsafe_store!(Ptr{Int}(8), 1)
    tiled!(C, A, B, tile)
end
