# Who owns which tile of a distributed result.  Faults are named: a text, or `nothing` if all is well.

is_tiles(x) = x isa AbstractDict &&
              all(k isa Tuple{Int,Int} && v isa AbstractMatrix{Float64} for (k, v) in x)

"Size by tile; `nothing` for what is no tile."
sizes(tiles) = Dict(ij => tile isa AbstractMatrix{Float64} ? size(tile) : nothing
                    for (ij, tile) in tiles)

"The first fault among tiles, given as (i,j) => size: none but those expected, of the right size."
function tile_fault(sizes, expected, n, tile)
    wanted = Set(expected)
    for ij in sort!(collect(keys(sizes)))
        ij in wanted || return "tile $ij is not one of the result's"
        right = length.(span.(n, tile, ij))
        sizes[ij] == right || return "tile $ij has size $(sizes[ij]), not $right"
    end
    nothing
end

"One where these tiles are, in a matrix of all tiles."
function owned_here(keys, n, tile)
    here = zeros(tiles(n, tile), tiles(n, tile))
    foreach(ij -> here[ij...] = 1, keys)
    here
end

"Has every expected tile one owner?  `owners` counts them."
function owner_fault(owners, expected)
    for ij in expected
        owners[ij...] == 0 && return "tile $ij has no owner"
        owners[ij...] == 1 || return "tile $ij has $(Int(owners[ij...])) owners"
    end
    nothing
end
