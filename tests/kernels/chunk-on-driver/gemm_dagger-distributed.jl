# Right, but the tiles are made on the driver.
using Distributed, Dagger
@everywhere using Dagger

function gemm(n, tile, make_a, make_b)
    N = cld(n, tile)
    product(i, j) = sum(make_a(i, k) * make_b(k, j) for k in 1:N)
    here = Dagger.scope(worker = myid())
    made = [(i, j) => Dagger.@spawn(scope = here, product(i, j)) for i in 1:N for j in 1:N]
    Dict(ij => fetch(t; raw = true) for (ij, t) in made)
end
