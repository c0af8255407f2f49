# Tests of the framework `mpi`, run by every rank: the reference programs are right for any number
# of ranks, and all ranks report the same fault for each kind of wrong result.
#
#   mpiexec -n R julia test/ranks.jl       with MPI.jl, or a stand-in for it on JULIA_LOAD_PATH
#
# test_mpi.jl runs it on ranks that are tasks.
using LinearAlgebra, Random
if !isdefined(@__MODULE__, :Team)
    include("tools.jl")
    foreach(name -> problem(joinpath(PROBLEMS, name)), ("pi", "gemm", "cholesky", "empty"))
end
include("../../frameworks/mpi/team.jl")

mpi_kernel(name, entry) = program(joinpath(PROBLEMS, name), "reference", entry; framework = "mpi")
const MPI_KERNELS = Dict(Pi => mpi_kernel("pi", :compute_pi), Gemm => mpi_kernel("gemm", :gemm),
                         Cholesky => mpi_kernel("cholesky", :cholesky),
                         Empty => mpi_kernel("empty", :empty_messages))

const RANK_SIZES = [(1, 1), (5, 7), (64, 16), (100, 32), (130, 64)]

expect(holds, what...) = holds || error("expected otherwise: ", what...)

"Return the verdict on a result; it must be the same on all ranks."
function judged(team, case, returned)
    found = kernel_error(team, case, kernel_arguments(team, case), returned,
                         share(team, rand(1:2^52)))
    told = verdict(case, share(team, found))
    expect(found isa String ? found == told.fault : told.fault === nothing, "one verdict for all")
    told
end

function run_reference(team, case)
    timed_call(team, MPI_KERNELS[typeof(case)], kernel_arguments(team, case)).value
end

function test_right_results(team)
    for n in [1, 2, 3, 10, 191, 1000, 10^5 + 1]
        case = Pi(n, 1)
        expect(judged(team, case, run_reference(team, case)).correct, case)
    end
    for n in [1, 2, 3, 10, 100]
        case = Empty(n, n)
        expect(judged(team, case, run_reference(team, case)).correct, case)
    end
    for (n, tile) in RANK_SIZES, problem in (Gemm, Cholesky)
        case = problem(n, tile, 100n + tile)
        expect(judged(team, case, run_reference(team, case)).correct, case)
    end
end

"Every rank throws, with the same minor as LAPACK."
function test_not_positive_definite(team)
    for (n, tile) in RANK_SIZES, k in unique([1, cld(n, 2), n])
        thrown = try
            Base.invokelatest(MPI_KERNELS[Cholesky], team.kernels, n, tile, SPDMatrix(1, n, tile, k))
        catch e
            e
        end
        expect(thrown isa PosDefException && thrown.info == k, "n = $n, tile = $tile: $thrown")
    end
end

"Spoil the result of one rank, or of each; return the verdict."
function corrupted(corrupt, team, case; who = rank(team))
    tiles = run_reference(team, case)
    judged(team, case, rank(team) == who ? corrupt(tiles) : tiles)
end

function test_faults(team)
    gemm, cholesky, last_rank = Gemm(100, 32, 1), Cholesky(100, 32, 1), computing(team).ranks - 1
    says(text, told) = expect(told.fault == text && !told.correct, text, " not ", told)
    without(D, ij) = filter(entry -> entry[1] != ij, D)
    with(D, ij, tile) = merge(Dict{Tuple{Int,Int},Any}(D), Dict(ij => tile))

    says("tile (4, 4) has no owner", corrupted(D -> without(D, (4, 4)), team, gemm))
    says("tile (3, 2) has no owner", corrupted(D -> without(D, (3, 2)), team, cholesky))
    if last_rank > 0
        says("tile (1, 1) has $(last_rank + 1) owners",
             corrupted(D -> merge(D, Dict((1, 1) => zeros(32, 32))), team, gemm))
    end
    says("rank $last_rank: tile (5, 1) is not one of the result's",
         corrupted(D -> merge(D, Dict((5, 1) => zeros(4, 32))), team, gemm; who = last_rank))
    says("rank 0: tile (1, 2) is not one of the result's",
         corrupted(D -> merge(D, Dict((1, 2) => zeros(32, 32))), team, cholesky; who = 0))
    says("rank $last_rank: tile (4, 1) has size (32, 32), not (4, 32)",
         corrupted(D -> merge(D, Dict((4, 1) => zeros(32, 32))), team, gemm; who = last_rank))
    says("rank 0: returned a value of type Nothing, not tiles",
         corrupted(D -> nothing, team, gemm; who = 0))
    says("rank $last_rank: returned a value of type $(Dict{Tuple{Int,Int},Any}), not tiles",
         corrupted(D -> with(D, (1, 1), "no matrix"), team, gemm; who = last_rank))
    says("the diagonal of L is not positive in tile (1, 1)",
         corrupted(D -> Dict(ij => -L for (ij, L) in D), team, cholesky))
    says("rank $last_rank returned a value of type Nothing",
         judged(team, Pi(10, 1), rank(team) == last_rank ? nothing : 3.1424259850010987))
    last_rank > 0 && says("rank 1 returned 3.0",
                          judged(team, Pi(10, 1), rank(team) == 1 ? 3.0 : 3.1424259850010987))
end

"Entries with a small error, in one tile of one rank."
function test_wrong_entries(team)
    function off_by(by)
        D -> (isempty(D) || (first(values(D))[1, 1] += by); D)
    end
    for case in (Gemm(100, 32, 2), Cholesky(100, 32, 2)), by in (1e-8, NaN)
        told = corrupted(off_by(by), team, case; who = 0)
        expect(told.fault === nothing && !told.correct, case, " off by ", by, ": ", told)
    end
    float32(D) = Dict(ij => Float64.(Float32.(tile)) for (ij, tile) in D)
    expect(!corrupted(float32, team, Gemm(100, 32, 2)).correct, "single precision")
end

"Every way to corrupt a result that the problem lists is detected."
function test_corrupted_results(team)
    for case in (Pi(1000, 1), Empty(100, 1), Gemm(100, 32, 3), Cholesky(100, 32, 3))
        for what in wrong_results(team, case)
            corrupted = corrupt!(team, case, what, kernel_arguments(team, case), run_reference(team, case))
            expect(!judged(team, case, corrupted).correct, case, " with ", what)
        end
    end
end

function test_team(team)
    expect(share(team, rank(team)) == 0, "rank 0 speaks")
    expect(agree(team, nothing) === nothing, "nobody complains")
    expect(agree(team, "rank $(rank(team))") == "rank 0", "the first complaint")
    last_rank = computing(team).ranks - 1
    complaint = rank(team) == last_rank ? "π" : nothing
    expect(agree(team, complaint) == "π", "the last rank's complaint")
    expect(largest(team, rank(team)) == last_rank, "the largest")
end

function test_ranks()
    team = form_team(Dict())
    BLAS.set_num_threads(1)
    foreach(f -> f(team), (test_team, test_right_results, test_not_positive_definite, test_faults,
                           test_wrong_entries, test_corrupted_results))
    computing(team).ranks
end

if abspath(PROGRAM_FILE) == @__FILE__
    ranks = test_ranks()
    MPI.Comm_rank(MPI.COMM_WORLD) == 0 && println("all well on $ranks ranks")
end
