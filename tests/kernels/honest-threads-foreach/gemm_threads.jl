# Tiles of C from a channel, by Threads.foreach.
using LinearAlgebra

const Block = Tuple{UnitRange{Int},UnitRange{Int}}

function gemm!(C, A, B, tile)
    spans = [s:min(s + tile - 1, size(A, 1)) for s in 1:tile:size(A, 1)]
    work = Channel{Block}(length(spans)^2)
    foreach(block -> put!(work, block), Iterators.product(spans, spans))
    close(work)
    Threads.foreach(work) do (rows, cols)
        target = view(C, rows, cols)
        target .= 0
        for inner in spans
            mul!(target, view(A, rows, inner), view(B, inner, cols), true, true)
        end
    end
    return C
end
