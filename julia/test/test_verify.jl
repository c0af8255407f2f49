@testset "tiles have one owner and the right size" begin
    n, t, N = 200, 32, tiles(200, 32)
    A = RandomMatrix(3, n, t)
    D = Dict((i, j) => A(i, j) for (i, j) in lowertiles(n, t))
    fault(D) = tile_fault(sizes(D), lowertiles(n, t), n, t)
    owners(D; times = 1) = owner_fault(times * owned_here(keys(D), n, t), lowertiles(n, t))
    @test is_tiles(D) && fault(D) === owners(D) === nothing
    @test owners(filter(p -> p[1] != (3, 2), D)) == "tile (3, 2) has no owner"
    @test owners(D; times = 2) == "tile (1, 1) has 2 owners"
    @test fault(merge(D, Dict((1, 2) => A(1, 2)))) == "tile (1, 2) is not one of the result's"
    @test fault(merge(D, Dict((N + 1, 1) => A(1, 1)))) == "tile (8, 1) is not one of the result's"
    @test fault(merge(D, Dict((N, 1) => A(1, 1)))) == "tile (7, 1) has size (32, 32), not (8, 32)"
    other = merge(Dict{Tuple{Int,Int},Any}(D), Dict((2, 1) => Float32.(A(2, 1))))
    @test !is_tiles(other) && fault(other) == "tile (2, 1) has size nothing, not (32, 32)"
    @test !any(is_tiles, (nothing, D[1, 1], Dict(1 => D[1, 1]), Dict((1, 1) => 2.0)))
end
