# The processes that run a cell together.
#
# A framework is a directory in frameworks/ whose team.jl loads the packages that it needs and defines
# `form_team(o)`.  The team that this returns decides what differs between frameworks:
#
#   kernel_arguments(team, case)             fresh arguments for one call
#   timed_call(team, kernel, arguments)      call it: (value, time in s, bytes, gctime in s)
#
# and, where there is more than one process, the functions below.  Problems verify results by what a
# team can do, and know no framework (cases.jl).
abstract type Team end

"One process with threads: a kernel is given whole inputs.  See shared_memory.jl."
struct SharedMemory <: Team end

"Several processes: a kernel is given functions that make parts of the inputs."
abstract type DistributedMemory <: Team end

"Which process this is of those that run the harness, from 0 up; 0 writes the records."
rank(::Team) = 0

"How many processes compute, and the threads of the one that has fewest."
computing(::Team) = (ranks = 1, threads = Threads.nthreads())

"The most BLAS threads that any process has."
most_blas_threads(::Team) = blas_threads()

"What the process of rank 0 says, on all of them."
share(::Team, x) = x

"The complaint of the lowest process that has one, on all of them; `nothing` if none has."
agree(::Team, complaint) = complaint

"The largest of what all processes say."
largest(::Team, x) = x

"End them all."
leave(::Team, code) = exit(code)

timed_call(::Team, kernel, arguments) = @timed Base.invokelatest(kernel, arguments...)

# For results.  A fault is a text, the same on all processes, or `nothing`.
#
#   number_fault(team, returned)             did all processes return the same real number?
#   tiles_fault(team, tiles, expected, n, tile)
#                                            has every expected tile one owner and the right size?
#   owners_fault(f, team, tiles)             the first fault that f(tiles) finds where they are
#   result_of(team, tiles)                   a result as verification takes it (tiled/verify.jl)
#   input_of(team, maker)                    an input, likewise
#   share_of(team, n, tile)                  the tiles of inputs that this process applies
#   allsum!(team)                            a function that sums a vector over all processes
#   spoil_tiles!(team, what, tiles, ij)      see tiled/spoil.jl
number_fault(::Team, returned) = returned isa Real ? nothing : "returned $(brief(returned))"
