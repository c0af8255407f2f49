# Tasks that depend on one another: each adds a product to the result of the one before.
import Dagger as D
using LinearAlgebra

product(a, b) = a * b
add_product(c, a, b) = BLAS.gemm!('N', 'N', 1.0, a, b, 1.0, c)

function gemm!(C, A, B, tile)
    n = size(A, 1)
    starts = collect(1:tile:n)
    span(s) = s:min(s + tile - 1, n)
    results = Dict{Tuple{Int,Int},Any}()
    for i in starts, j in starts
        t = D.@spawn product(A[span(i), span(1)], B[span(1), span(j)])
        for k in starts[2:end]
            t = D.@spawn add_product(t, A[span(i), span(k)], B[span(k), span(j)])
        end
        results[(i, j)] = t
    end
    for ((i, j), t) in results
        C[span(i), span(j)] .= fetch(t)
    end
    return C
end
