# Runs one kernel at one scale point, in one process or one per rank.  It checks the kernel at a
# small size, which also compiles it, then times repetitions and verifies each of them.
#
#   julia --startup-file=no -t T run_cell.jl --kernel FILE --entry FUNCTION --problem PROBLEM
#       --framework FRAMEWORK --n N --tile T --check-n N --check-tile T --repetitions R --seed S
#       --result FILE [--tune] [--wrong-results] [--ranks R --copies C --worker-command COMMAND...]
#
# PROBLEM and FRAMEWORK are names of directories in problems/ and frameworks/, or paths of others.
# With --wrong-results nothing is timed: right results are corrupted, and must be found out.
# The last three are for frameworks with workers: C runs of COMMAND start R workers in total.
#
# The first line of standard input is the token that signs the records (records.jl).  Exit code: 0 if
# the run finished, with right or wrong results; 1 if the kernel failed; 2 for wrong options.
module Harness
include("harness.jl")
end

abspath(PROGRAM_FILE) == @__FILE__() && Harness.main()
