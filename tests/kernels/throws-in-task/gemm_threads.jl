# A task of it throws.
function gemm!(C, A, B, tile)
    @sync for k in 1:tile:size(C, 2)
        Threads.@spawn throw(DimensionMismatch("task $k fails"))
    end
end
