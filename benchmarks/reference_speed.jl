# How fast is the reference program of a problem, for threads?  One JSON line a measurement.
#
#   julia --startup-file=no -t 2 benchmarks/reference_speed.jl vendor DIRECTORY ENTRY N TILE,... TIMES
#   julia --startup-file=no -t 2 benchmarks/reference_speed.jl ideal  DIRECTORY ENTRY N TIMES
#
# DIRECTORY is the problem's, ENTRY the function that its kernels define.
# vendor: seconds of the reference and of the vendor program in this process, taken in turn so that a
# busy machine slows both, the best of so many times each; "of_vendor" is the reference's share of the
# vendor's speed, which may choose its own number of BLAS threads.
# ideal: seconds in processes of one thread and of as many as this one has, in turn; "of_ideal" is the
# speedup's share of the number of threads.
#
# Some old OpenBLAS do not know new processors: compare at OPENBLAS_CORETYPE=SkylakeX or the like.
include(joinpath(@__DIR__, "..", "julia", "test", "tools.jl"))
const CASE = problem(abspath(ARGS[2]))

function seconds(kernel, case)
    arguments = kernel_arguments(TEAM, case)
    GC.gc()
    BLAS.set_num_threads(1)
    @elapsed Base.invokelatest(kernel, arguments...)
end

"The vendor's kernel, tuned on a case if it can be."
function vendor_kernel(directory, entry, case)
    kernel = program(directory, "vendor", entry)
    file = parentmodule(kernel)
    if isdefined(file, :tune!)
        Base.invokelatest(getfield(file, :tune!), kernel_arguments(TEAM, case)...)
    end
    kernel
end

function of_vendor(directory, entry, n, tiles, times)
    reference = program(directory, "reference", entry)
    vendor = vendor_kernel(directory, entry, CASE(n, n, 1))
    foreach(kernel -> seconds(kernel, CASE(64, 16, 1)), (reference, vendor))       # compile
    best = Dict{Any,Float64}()
    for _ in 1:times, (label, kernel, tile) in [(:vendor, vendor, n); [(t, reference, t) for t in tiles]]
        best[label] = min(get(best, label, Inf), seconds(kernel, CASE(n, tile, 1)))
    end
    for tile in tiles
        report(directory, n, "tile" => tile, "reference_seconds" => best[tile],
               "vendor_seconds" => best[:vendor], "of_vendor" => best[:vendor] / best[tile])
    end
end

function of_ideal(directory, entry, n, times)
    source = """
        include(raw"$(joinpath(directory, "reference", "threads.jl"))")
        $entry(1000)
        print(@elapsed $entry($n))
        """
    julia(threads) = `$(Base.julia_cmd()) --startup-file=no -t $threads -e $source`
    threads = Threads.nthreads()
    runs = [(parse(Float64, read(julia(1), String)), parse(Float64, read(julia(threads), String)))
            for _ in 1:times]
    one, many = minimum(first, runs), minimum(last, runs)
    report(directory, n, "one_thread_seconds" => one, "seconds" => many, "speedup" => one / many,
           "of_ideal" => one / many / threads)
end

function report(directory, n, fields...)
    println(json(("problem" => basename(directory), "n" => n, fields..., "threads" => Threads.nthreads(),
                  "julia" => string(VERSION), "blas_core" => blas_core())))
    flush(stdout)
end

function main(against, directory, entry, n, rest...)
    numbers = [parse.(Int, split(text, ',')) for text in rest]
    directory, entry, n = abspath(directory), Symbol(entry), parse(Int, n)
    against == "ideal" ? of_ideal(directory, entry, n, only(numbers[1])) :
                         of_vendor(directory, entry, n, numbers[1], only(numbers[2]))
end

main(ARGS...)
