# The processes that run a cell together.
#
# A framework is a file in frameworks/ that loads the packages it needs and defines `form_team(o)`.
# The type of the team that this returns decides everything else that differs between frameworks:
#
#   kernel_name(team, case)                  the function that a kernel file must define
#   kernel_arguments(team, case)             fresh arguments for one call
#   timed_call(team, kernel, arguments)      call it: (value, time in s, bytes, gctime in s)
#   kernel_error(team, case, arguments, returned, seed)
#                                            the error of a result, to be compared with
#                                            `bound(case)`, or the promise that was broken, in words
#
# and, where there is more than one process, the functions below.  The contracts of the kernels are
# the docstrings in problems/.
abstract type Team end

"Which process this is of those that run the harness, from 0 up; 0 writes the records."
rank(::Team) = 0

"How many processes compute, and the threads of the one that has fewest."
computing(::Team) = (ranks = 1, threads = Threads.nthreads())

"The most BLAS threads that any process has."
most_blas_threads(::Team) = blas_threads()

"What the process of rank 0 says, on all of them."
share(::Team, x) = x

"End them all."
leave(::Team, code) = exit(code)
