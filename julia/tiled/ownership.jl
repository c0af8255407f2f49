# Owners of the tiles of a distributed result.  A fault is a text, or `nothing` without a fault.

is_tiles(x) = x isa AbstractDict &&
              all(k isa Tuple{Int,Int} && v isa AbstractMatrix{Float64} for (k, v) in x)

"Return the size of each tile; `nothing` for a value that is not a tile."
sizes(tiles) = Dict(ij => tile isa AbstractMatrix{Float64} ? size(tile) : nothing
                    for (ij, tile) in tiles)

"Return the first tile of `sizes`, (i,j) => size, that is unexpected or has a wrong size."
function tile_fault(sizes, expected, n, tile)
    wanted = Set(expected)
    for ij in sort!(collect(keys(sizes)))
        ij in wanted || return "tile $ij is not one of the result's"
        right = length.(span.(n, tile, ij))
        sizes[ij] == right || return "tile $ij has size $(sizes[ij]), not $right"
    end
    nothing
end

"Return a matrix with an entry per tile: 1 for these tiles, otherwise 0."
function owned_here(keys, n, tile)
    here = zeros(tiles(n, tile), tiles(n, tile))
    foreach(ij -> here[ij...] = 1, keys)
    here
end

"Return the first expected tile without exactly one owner; `owners` has the numbers of owners."
function owner_fault(owners, expected)
    for ij in expected
        owners[ij...] == 0 && return "tile $ij has no owner"
        owners[ij...] == 1 || return "tile $ij has $(Int(owners[ij...])) owners"
    end
    nothing
end
