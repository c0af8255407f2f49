# Tasks wait without end for each other; each looks again and again, which uses some CPU time.
using LinearAlgebra

function tiled!(C, A, B, tile)
    n = size(C, 1)
    Threads.@threads for k in 1:tile:n
        columns = k:min(k + tile - 1, n)
        mul!(view(C, :, columns), A, view(B, :, columns))
    end
end

function gemm!(C, A, B, tile)
    done = Ref(false)
    size(C, 1) > 256 && @sync for _ in 1:4
        @async while !done[]
            sleep(0.001)
            foreach(_ -> yield(), 1:20)
        end
    end
    tiled!(C, A, B, tile)
end
