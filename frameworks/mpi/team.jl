# MPI.jl: every rank calls the kernel and returns the tiles that it owns.
using MPI
import Libdl

struct Ranks <: DistributedMemory
    kernels::MPI.Comm       # passed to kernels
    ours::MPI.Comm          # only for the harness: pending messages of kernels cannot interfere
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

"""
Return which of Open MPI's transports was selected when the ranks started, such as `ob1` or `ucx`,
with the byte transfer layers if they were chosen; `nothing` with another MPI.

Its name is in the header of the selected component (opal/mca/mca.h): three numbers, the project's
name in 16 characters, three numbers, the type's name in 32, three numbers, its own name.
"""
function transport(::Ranks)
    library = findfirst(path -> startswith(basename(path), "libmpi.so"), Libdl.dllist())
    library === nothing && return nothing
    loaded = Libdl.dlopen(Libdl.dllist()[library])
    header = Libdl.dlsym(loaded, :mca_pml_base_selected_component; throw_error = false)
    header === nothing && return nothing
    text(offset) = unsafe_string(Ptr{UInt8}(header) + offset)
    (text(12), text(40)) == ("ompi", "pml") || return nothing    # another layout than expected
    layers = get(ENV, "OMPI_MCA_btl", "")
    text(84) == "ob1" && !isempty(layers) ? "ob1 ($layers)" : text(84)
end

"Return the complaint of the lowest rank with one, on all ranks."
function agree(team::Ranks, complaint)
    complaining = complaint === nothing ? typemax(Int) : rank(team)
    first_one = MPI.Allreduce(complaining, min, team.ours)
    first_one == typemax(Int) ? nothing : MPI.bcast(complaint, first_one, team.ours)
end

# The launcher then ends the other ranks too, which can be waiting for this one.
leave(team::Ranks, code) = MPI.Abort(team.kernels, code)

kernel_arguments(team::Ranks, case) = (team.kernels, distributed_arguments(case)...)

"Call the kernel; the time starts when all ranks are ready and ends when the last has its result."
function timed_call(team::Ranks, kernel, arguments)
    MPI.Barrier(team.ours)
    begin_use()
    MPI.Barrier(team.ours)      # noting what was used takes some ranks longer
    run = @timed Base.invokelatest(kernel, arguments...)
    use = used()
    total(x) = MPI.Allreduce(x, +, team.ours)
    (value = run.value, time = largest(team, run.time), gctime = largest(team, run.gctime),
     bytes = total(run.bytes), busy = total(use.busy), threads = total(use.threads),
     input = largest(team, use.input))
end

function number_fault(team::Ranks, returned)
    first_one = share(team, returned isa Real ? Float64(returned) : NaN)
    fault = returned isa Real && returned == first_one ? nothing : brief(returned)
    agree(team, fault === nothing ? nothing : "rank $(rank(team)) returned $fault")
end

"Return a fault, the same on all ranks, unless every tile has one owner and the right size."
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

"Return the tiles of inputs that this rank applies in verification."
share_of(team::Ranks, n, tile) = alltiles(n, tile)[rank(team)+1:MPI.Comm_size(team.ours):end]

corrupt_tiles!(::Ranks, what, tiles, ij) = corrupt_tile!(what, tiles, ij)
