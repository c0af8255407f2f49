# The processes that run a cell together.
#
# A framework is a directory in frameworks/.  Its team.jl loads packages and defines `form_team(o)`,
# which returns a team.  The type of the team selects the methods that differ between frameworks:
#
#   kernel_arguments(team, case)             fresh arguments for one call
#   timed_call(team, kernel, arguments)      call it: (value, time in s, bytes, gctime in s, and
#                                            what all processes used, see metering.jl)
#
# and, with several processes, the functions below.  Problems verify results by functions of teams
# only, without any knowledge of frameworks (cases.jl).
abstract type Team end

"One process with threads: a kernel gets whole inputs.  See shared_memory.jl."
struct SharedMemory <: Team end

"Several processes: a kernel gets functions that make parts of the inputs."
abstract type DistributedMemory <: Team end

"Return the number of this process among those that run the harness; 0 writes the records."
rank(::Team) = 0

"Return the number of processes that compute, and the smallest number of threads among them."
computing(::Team) = (ranks = 1, threads = Threads.nthreads())

"Return the largest number of BLAS threads of any process."
most_blas_threads(::Team) = blas_threads()

"Return what carries the messages between processes, as far as it can be told, or `nothing`."
transport(::Team) = nothing

"Return the `x` of rank 0 on all processes."
share(::Team, x) = x

"Return the first complaint by rank on all processes; `nothing` if there is none."
agree(::Team, complaint) = complaint

"Return the largest `x` of all processes."
largest(::Team, x) = x

"Wait before a failure is recorded: with workers, the cause can be that one has ended."
let_launcher_speak(::Team) = nothing

"Exit all processes."
leave(::Team, code) = exit(code)

timed_call(::Team, kernel, arguments) = metered(() -> Base.invokelatest(kernel, arguments...))

# Functions for results.  A fault is a text, the same on all processes, or `nothing`.
#
#   number_fault(team, returned)             `nothing` if all processes return the same real number
#   tiles_fault(team, tiles, expected, n, tile)
#                                            `nothing` if all tiles have one owner, the right size
#   owners_fault(f, team, tiles)             the first fault of f(tiles), called on the owners
#   result_of(team, tiles)                   the result, for verification (tiled/verify.jl)
#   input_of(team, maker)                    an input, for verification
#   share_of(team, n, tile)                  the tiles of inputs that this process applies
#   allsum!(team)                            a function that sums a vector over all processes
#   corrupt_tiles!(team, what, tiles, ij)    see tiled/corrupt.jl
number_fault(::Team, returned) = returned isa Real ? nothing : "returned $(brief(returned))"
