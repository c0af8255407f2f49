# A task a tile of C, in a @sync block.
using LinearAlgebra

function gemm!(C, A, B, tile)
    n = size(A, 1)
    BLAS.set_num_threads(1)
    ranges = [s:min(s + tile - 1, n) for s in 1:tile:n]
    @sync for rj in ranges, ri in ranges
        Threads.@spawn compute_tile!(C, A, B, ri, rj, ranges)
    end
    return C
end

function compute_tile!(C, A, B, ri, rj, ranges)
    Cij = @view C[ri, rj]
    fill!(Cij, 0.0)
    for rk in ranges
        @views mul!(Cij, A[ri, rk], B[rk, rj], 1.0, 1.0)
    end
    return nothing
end
