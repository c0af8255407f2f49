# Arrays of Dagger's own, cut into tiles; Dagger makes the tasks.
using Dagger, LinearAlgebra

function gemm!(C, A, B, tile)
    parts = Blocks(tile, tile)
    DA, DB = distribute(A, parts), distribute(B, parts)
    DC = zeros(parts, Float64, size(C)...)
    mul!(DC, DA, DB)
    copyto!(C, collect(DC))
    return C
end
