# Tiles go round the workers; a task a product, one after the other for each tile of C.
using Distributed
@everywhere using Dagger, LinearAlgebra

@everywhere accumulate_tile!(C, A, B) = mul!(C, A, B, 1.0, 1.0)
@everywhere zero_tile(m, n) = zeros(m, n)

function gemm(n, tile, make_a, make_b)
    nt = cld(n, tile)
    ws = workers()
    place(i, j) = Dagger.scope(worker = ws[mod1((i - 1) * nt + j, length(ws))])
    extent(i) = min(tile, n - (i - 1) * tile)
    At, Bt, Ct = Dict(), Dict(), Dict()
    for i in 1:nt, j in 1:nt
        s = place(i, j)
        At[i, j] = Dagger.@spawn scope = s make_a(i, j)
        Bt[i, j] = Dagger.@spawn scope = s make_b(i, j)
        Ct[i, j] = Dagger.@spawn scope = s zero_tile(extent(i), extent(j))
    end
    for i in 1:nt, j in 1:nt, k in 1:nt
        Ct[i, j] = Dagger.@spawn scope = place(i, j) accumulate_tile!(Ct[i, j], At[i, k], Bt[k, j])
    end
    return Dict((i, j) => fetch(Ct[i, j]; raw = true) for i in 1:nt for j in 1:nt)
end
