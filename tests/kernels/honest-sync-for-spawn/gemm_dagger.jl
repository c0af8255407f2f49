# A Dagger task a tile of C, in a @sync block.
using Dagger
using LinearAlgebra

function tile_product!(Cij, Arow, Bcol)
    fill!(Cij, 0.0)
    for (Aik, Bkj) in zip(Arow, Bcol)
        mul!(Cij, Aik, Bkj, 1.0, 1.0)
    end
    return nothing
end

function gemm!(C, A, B, tile)
    n = size(C, 1)
    r = [i:min(i + tile - 1, n) for i in 1:tile:n]
    @sync for i in eachindex(r)
        for j in eachindex(r)
            Dagger.@spawn tile_product!(view(C, r[i], r[j]), [view(A, r[i], rk) for rk in r],
                                        [view(B, rk, r[j]) for rk in r])
        end
    end
    return C
end
