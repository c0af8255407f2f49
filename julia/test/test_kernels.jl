# The reference and vendor kernels, at awkward sizes.
const SIZES = [(1, 1), (5, 1), (5, 7), (64, 16), (100, 32), (130, 64), (257, 64)]

"A module that has the kernels of all problems."
function kernels(who)
    m = Core.eval(Main, :(module $(gensym(who)) end))
    foreach(p -> Base.include(m, "$(@__DIR__)/../$who/$(p)_threads.jl"), keys(PROBLEMS))
    m
end

const KERNELS = Dict(who => kernels(who) for who in ("reference", "vendor"))

"The error of a kernel as a part of what is allowed."
function share_of_bound(kernel, case)
    arguments = kernel_arguments(TEAM, case)
    returned = timed_call(TEAM, kernel, arguments).value
    kernel_error(TEAM, case, arguments, returned, rand(RandomDevice(), 1:2^52)) / bound(case)
end

function thrown(f)
    try
        f()
        nothing
    catch e
        e
    end
end

@testset "$who" for who in ("reference", "vendor")
    BLAS.set_num_threads(1)
    m = KERNELS[who]
    kernel(case) = getfield(m, kernel_name(TEAM, case))
    for n in [1, 2, 3, 10, 191, 1000, 10^6, 10^6 + 1]
        @test share_of_bound(kernel(Pi(n, 1)), Pi(n, 1)) <= 1
    end
    for (n, tile) in SIZES, problem in (Gemm, Cholesky)
        case = problem(n, tile, 100n + tile)
        @test share_of_bound(kernel(case), case) <= 1
    end
    for (n, tile) in SIZES, k in unique([1, cld(n, 2), n])
        A = dense(SPDMatrix(1, n, tile, k))
        e = thrown(() -> m.cholesky!(A, tile))
        @test e isa PosDefException && e.info == k            # the k that LAPACK reports
    end
    if who == "vendor"
        @test occursin(r"^\d+ BLAS threads?$", m.tune!(dense(SPDMatrix(1, 64, 64)), 64))
    end
    BLAS.set_num_threads(1)
end
