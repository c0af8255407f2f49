# The product of two dense matrices in tiles.
struct Gemm <: Case
    n::Int
    tile::Int
    seed::Int
    A::RandomMatrix
    B::RandomMatrix
end
Gemm(n, tile, seed) = Gemm(n, tile, seed, RandomMatrix(derive(seed, 1), n, tile),
                           RandomMatrix(derive(seed, 2), n, tile))

bound(case::Gemm) = matrix_bound(case.n)

# C holds NaN, to detect entries that are never written.
kernel_arguments(::SharedMemory, case::Gemm) =
    (fill(NaN, case.n, case.n), dense(case.A), dense(case.B), case.tile)
distributed_arguments(case::Gemm) = (case.n, case.tile, case.A, case.B)

function kernel_error(::SharedMemory, case::Gemm, (C, A, B, _), returned, seed)
    holds(A, case.A) || return "A was changed"
    holds(B, case.B) || return "B was changed"
    n, tile = case.n, VERIFY_TILE
    gemm_error(asmatrix(C, n, tile), retiled(case.A), retiled(case.B), n, tile; seed = seed)
end

function kernel_error(team::DistributedMemory, case::Gemm, arguments, tiles, seed)
    n, tile = case.n, case.tile
    fault = tiles_fault(team, tiles, alltiles(n, tile), n, tile)
    fault === nothing || return fault
    gemm_error(result_of(team, tiles), input_of(team, case.A), input_of(team, case.B), n, tile;
               seed = seed, mine = share_of(team, n, tile), owned = keys(tiles),
               allsum! = allsum!(team))
end

"Return max |Cx − A(Bx)| / (|A||B||x|): Freivalds' test with a real probe vector."
function gemm_error(C, A, B, n, tile; seed, mine = alltiles(n, tile), owned = mine,
                    allsum! = identity)
    x = probe(n, seed)
    on(M, v; op) = allsum!(apply(M, mine, v, n, tile; op = op))
    Cx = allsum!(apply(C, owned, x, n, tile; op = plain))
    worst(Cx - on(A, on(B, x; op = plain); op = plain),
          on(A, on(B, abs.(x); op = modulus); op = modulus))
end

wrong_results(::SharedMemory, case::Gemm) = [WRONG_MATRICES; "a changed A"; "a changed B"]
wrong_results(::DistributedMemory, case::Gemm) = WRONG_TILES

function corrupt!(::SharedMemory, case::Gemm, what, (C, A, B, _), returned)
    changed = what == "a changed A" ? A : what == "a changed B" ? B : nothing
    changed === nothing ? corrupt_matrix!(what, C, case.n, case.tile) : (changed[end, 1] += 1e-12)
    returned
end
corrupt!(team::DistributedMemory, case::Gemm, what, arguments, tiles) =
    corrupt_tiles!(team, what, tiles, last(alltiles(case.n, case.tile)))

Gemm
