# Runs one kernel at one scale point, in a process of its own, or one a rank.  It checks the kernel
# at a small size, which compiles it, then times repetitions and verifies every one of them.
#
#   julia --startup-file=no -t T run_cell.jl --kernel FILE --entry FUNCTION --problem PROBLEM
#       --framework FRAMEWORK --n N --tile T --check-n N --check-tile T --repetitions R --seed S
#       --result FILE [--tune] [--wrong-results] [--ranks R --copies C --worker-command COMMAND...]
#
# PROBLEM and FRAMEWORK are names of directories in problems/ and frameworks/, or paths of others.
# With --wrong-results nothing is timed: right results are spoilt, and verification is to notice it.
# The last three are for frameworks with workers: R come up when COMMAND is run C times.
#
# The first line of standard input is the token that signs the records (records.jl).  Exit code: 0
# when the run came to its end, whatever the results; 1 when the kernel failed; 2 for a wrong call.
module Harness
include("harness.jl")
end

abspath(PROGRAM_FILE) == @__FILE__() && Harness.main()
