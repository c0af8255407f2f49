# Ways to corrupt a matrix, whole or in tiles.  `problem check` checks that each is detected.

const WRONG_MATRICES = ["an entry off by 1e-6", "an entry that is not a number", "a zero tile"]

"Spoil the last entry of the last tile of a matrix of n rows, whose tiles are `tile` wide."
function corrupt_matrix!(what, M, n, tile)
    last_tile = span(n, tile, tiles(n, tile))
    corrupt_block!(what, view(M, last_tile, last_tile))
end

function corrupt_block!(what, block)
    what == "a zero tile" && return fill!(block, 0)
    block[end, end] = what == "an entry off by 1e-6" ? block[end, end] + 1e-6 : NaN
end

const WRONG_TILES = [WRONG_MATRICES; "a tile without owner"; "a tile of another size"]

"Spoil tile (i, j) if it is among the tiles of this rank or worker."
function corrupt_tile!(what, tiles, ij)
    haskey(tiles, ij) || return tiles
    if what == "a tile without owner"
        delete!(tiles, ij)
    elseif what == "a tile of another size"
        tiles[ij] = zeros(size(tiles[ij]) .+ 1)
    else
        corrupt_block!(what, tiles[ij])
    end
    tiles
end
