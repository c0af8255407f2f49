# MPI.jl: every rank calls the kernel and returns the tiles that it owns.
using MPI

struct Ranks <: DistributedMemory
    kernels::MPI.Comm       # what kernels are given
    ours::MPI.Comm          # the harness's own: nothing that a kernel left behind gets in its way
end

function form_team(o)
    MPI.Initialized() || MPI.Init()
    world = MPI.COMM_WORLD
    Ranks(world, MPI.Comm_split(world, 0, MPI.Comm_rank(world)))
end

rank(team::Ranks) = MPI.Comm_rank(team.ours)
share(team::Ranks, x) = MPI.bcast(x, 0, team.ours)
largest(team::Ranks, x) = MPI.Allreduce(x, max, team.ours)
allsum!(team::Ranks) = v -> MPI.Allreduce!(v, +, team.ours)
most_blas_threads(team::Ranks) = largest(team, something(blas_threads(), 0))
computing(team::Ranks) = (ranks = MPI.Comm_size(team.ours),
                          threads = MPI.Allreduce(Threads.nthreads(), min, team.ours))

"The complaint of the lowest rank that has one, on all ranks."
function agree(team::Ranks, complaint)
    complaining = complaint === nothing ? typemax(Int) : rank(team)
    first_one = MPI.Allreduce(complaining, min, team.ours)
    first_one == typemax(Int) ? nothing : MPI.bcast(complaint, first_one, team.ours)
end

# The launcher then ends the others too, which may be waiting for this one.
leave(team::Ranks, code) = MPI.Abort(team.kernels, code)

kernel_arguments(team::Ranks, case) = (team.kernels, distributed_arguments(case)...)

"From the moment that all ranks are ready to the moment that the last has its result."
function timed_call(team::Ranks, kernel, arguments)
    MPI.Barrier(team.ours)
    run = @timed Base.invokelatest(kernel, arguments...)
    (value = run.value, time = largest(team, run.time), gctime = largest(team, run.gctime),
     bytes = MPI.Allreduce(run.bytes, +, team.ours))
end

function number_fault(team::Ranks, returned)
    first_one = share(team, returned isa Real ? Float64(returned) : NaN)
    fault = returned isa Real && returned == first_one ? nothing : brief(returned)
    agree(team, fault === nothing ? nothing : "rank $(rank(team)) returned $fault")
end

"What breaks the promise that every tile has one owner; the same answer on all ranks."
function tiles_fault(team::Ranks, tiles, expected, n, tile)
    fault = is_tiles(tiles) ? tile_fault(sizes(tiles), expected, n, tile) :
            "returned $(brief(tiles)), not tiles"
    fault = agree(team, fault === nothing ? nothing : "rank $(rank(team)): $fault")
    fault === nothing || return fault
    owner_fault(allsum!(team)(owned_here(keys(tiles), n, tile)), expected)
end

owners_fault(f, team::Ranks, tiles) = agree(team, f(tiles))
result_of(::Ranks, tiles) = (i, j) -> tiles[(i, j)]
input_of(::Ranks, maker) = maker

"The tiles of the inputs that this rank applies in verification."
share_of(team::Ranks, n, tile) = alltiles(n, tile)[rank(team)+1:MPI.Comm_size(team.ours):end]

spoil_tiles!(::Ranks, what, tiles, ij) = spoil_tile!(what, tiles, ij)
