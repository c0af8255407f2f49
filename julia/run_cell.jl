# Runs one kernel at one scale point, in a process of its own, or one a rank.  It checks the kernel
# at a small size, which compiles it, then times repetitions and verifies every one of them.
#
#   julia --startup-file=no -t T run_cell.jl --kernel FILE --problem pi|gemm|cholesky
#       --framework threads|dagger|mpi|dagger-distributed --n N --tile T --check-n N --check-tile T
#       --repetitions R --seed S --result FILE [--tune]
#       [--ranks R --copies C --worker-command COMMAND...]
#
# The last three are for dagger-distributed: its R workers come up when COMMAND is run C times.
#
# The first line of standard input is the token that signs the records (records.jl).  Exit code: 0
# when the run came to its end, whatever the results; 1 when the kernel failed; 2 for a wrong call.
module Harness
include("harness.jl")
end

abspath(PROGRAM_FILE) == @__FILE__() && Harness.main()
