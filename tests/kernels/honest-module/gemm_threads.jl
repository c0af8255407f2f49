# In a module of its own, with an alias for the module of threads.
module Tiled

using LinearAlgebra
const T = Base.Threads

export multiply!

struct Tiles
    size::Int
    n::Int
end
Base.length(t::Tiles) = cld(t.n, t.size)
Base.getindex(t::Tiles, i) = (i - 1) * t.size + 1 : min(i * t.size, t.n)

function one_tile!(C, A, B, t, i, j)
    c = view(C, t[i], t[j])
    c .= 0
    for k in 1:length(t)
        mul!(c, view(A, t[i], t[k]), view(B, t[k], t[j]), 1, 1)
    end
end

function multiply!(C, A, B, tile)
    t = Tiles(tile, size(A, 1))
    todo = vec([(i, j) for i in 1:length(t), j in 1:length(t)])
    T.@threads for (i, j) in todo
        one_tile!(C, A, B, t, i, j)
    end
    C
end

end

using .Tiled

gemm!(C, A, B, tile) = Tiled.multiply!(C, A, B, tile)
