using Dagger, LinearAlgebra

"C .= A*B, in a datadeps region with one task per tile of C.  The tiles of C are copies."
function gemm!(C, A, B, tile::Int)
    span(n) = [k:min(k + tile - 1, n) for k in 1:tile:n]
    tiles = [(i, j) for i in span(size(C, 1)), j in span(size(C, 2))]
    T = [zeros(length(i), length(j)) for (i, j) in tiles]
    block!(Cij, i, j) =
        (BLAS.gemm!('N', 'N', 1.0, view(A, i, :), view(B, :, j), 0.0, Cij); nothing)
    Dagger.spawn_datadeps() do
        for (Cij, (i, j)) in zip(T, tiles)
            Dagger.@spawn block!(Out(Cij), i, j)
        end
    end
    for (Cij, (i, j)) in zip(T, tiles)
        C[i, j] = Cij
    end
    C
end
