using LinearAlgebra
using Base.Threads: @spawn

"C .= A*B, a task for each tile of C."
function gemm!(C, A, B, tile::Int)
    spans(n) = [k:min(k + tile - 1, n) for k in 1:tile:n]
    @sync for j in spans(size(C, 2)), i in spans(size(C, 1))
        @spawn BLAS.gemm!('N', 'N', 1.0, view(A, i, :), view(B, :, j), 0.0, view(C, i, j))
    end
    C
end
