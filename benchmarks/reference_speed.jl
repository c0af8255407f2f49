# How fast are the reference programs?  One JSON line a measurement, on standard output.
#
#   julia --startup-file=no -t 2 benchmarks/reference_speed.jl [n] [tile,tile,...] [times]
#
# gemm and cholesky: seconds of the reference and of the vendor's library in this process, taken in
# turn so that a busy machine slows both, the best of so many times each.  The vendor gets the
# better of one BLAS thread and all; "of_vendor" is the reference's share of its speed.
# pi: seconds in processes of one thread and of as many as this one has, in turn; "of_ideal" is the
# speed-up's share of the number of threads.
#
# Some old OpenBLAS do not know new processors: compare at OPENBLAS_CORETYPE=SkylakeX or the like.
using LinearAlgebra
const ROOM = joinpath(@__DIR__, "..", "julia")
include(joinpath(ROOM, "records.jl"))
include(joinpath(ROOM, "blas.jl"))
include(joinpath(ROOM, "teams.jl"))
include(joinpath(ROOM, "problems", "problems.jl"))
include(joinpath(ROOM, "frameworks", "threads.jl"))
const TEAM = SharedMemory()

module Reference
foreach(p -> include(joinpath(Main.ROOM, "reference", "$(p)_threads.jl")), ("gemm", "cholesky"))
end

const PI_POINTS = 10^9
const PI_PROGRAM = """
    include(raw"$(joinpath(ROOM, "reference", "pi_threads.jl"))")
    compute_pi(1000)
    print(@elapsed compute_pi($PI_POINTS))
    """

vendor!(::Gemm, (C, A, B, _)) = mul!(C, A, B)
vendor!(::Cholesky, (A, _)) = LAPACK.potrf!('L', A)
reference!(::Gemm, arguments) = Reference.gemm!(arguments...)
reference!(::Cholesky, arguments) = Reference.cholesky!(arguments...)

function seconds(run!, case, blas_threads)
    arguments = kernel_arguments(TEAM, case)
    GC.gc()
    BLAS.set_num_threads(blas_threads)
    @elapsed run!(case, arguments)
end

"Best time of each candidate, (label, function, case, BLAS threads), all of them taken in turn."
function best_in_turn(candidates, times)
    best = Dict(first(c) => Inf for c in candidates)
    for _ in 1:times, (label, run!, case, blas_threads) in candidates
        best[label] = min(best[label], seconds(run!, case, blas_threads))
    end
    best
end

function compare(problem, n, tiles, times)
    all = Threads.nthreads()
    small = problem(64, 16, 1)
    foreach(run! -> run!(small, kernel_arguments(TEAM, small)), (vendor!, reference!))     # compile
    case(tile) = problem(n, tile, 1)
    candidates = [[((:vendor, k), vendor!, case(n), k) for k in unique([1, all])];
                  [((:reference, tile), reference!, case(tile), 1) for tile in tiles]]
    best = best_in_turn(candidates, times)
    vendor, k = findmin(Dict(k => best[(:vendor, k)] for k in unique([1, all])))
    for tile in tiles
        t = best[(:reference, tile)]
        report("problem" => lowercase(string(problem)), "n" => n, "tile" => tile,
               "reference_seconds" => t, "vendor_seconds" => vendor, "vendor_blas_threads" => k,
               "reference_gflops" => flops(case(tile)) / t / 1e9, "of_vendor" => vendor / t)
    end
end

function pi_speedup(times)
    julia(threads) = `$(Base.julia_cmd()) --startup-file=no -t $threads -e $PI_PROGRAM`
    threads = Threads.nthreads()
    runs = [(parse(Float64, read(julia(1), String)), parse(Float64, read(julia(threads), String)))
            for _ in 1:times]
    one, many = minimum(first, runs), minimum(last, runs)
    report("problem" => "pi", "n" => PI_POINTS, "one_thread_seconds" => one, "seconds" => many,
           "speedup" => one / many, "of_ideal" => one / many / threads)
end

function report(fields...)
    println(json((fields..., "threads" => Threads.nthreads(), "julia" => string(VERSION),
                  "blas_core" => blas_core())))
    flush(stdout)
end

function main(n = "4096", tiles = "256,512,1024", times = "7")
    sizes = parse.(Int, split(tiles, ','))
    foreach(problem -> compare(problem, parse(Int, n), sizes, parse(Int, times)), (Gemm, Cholesky))
    pi_speedup(parse(Int, times))
end

main(ARGS...)
