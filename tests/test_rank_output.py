"""What ranks print is told apart, and a deadlock from work."""

import pytest

from repro.measure.rank_output import FailedRank, by_rank, failed_rank, grouped, whereabouts

IN_MPI = """
signal (10): User defined signal 1
in expression starting at /run_cell.jl:17
opal_progress at /lib/libopen-pal.so.40 (unknown line)
PMPI_Allreduce at /lib/libmpi.so.40 (unknown line)
compute_pi at /kernels/pi_mpi_0.jl:{line}
Allocations: 9329797 (Pool: 9327511; Big: 2286); GC: 22
"""
UNCLEAR = """
signal (10): User defined signal 1
in expression starting at /run_cell.jl:17
unknown function (ip: 0x7f45aa809d50)
unknown function (ip: (nil))
Allocations: 9329797 (Pool: 9327511; Big: 2286); GC: 22
"""
BUSY = """
[411] signal 10: User defined signal 1
in expression starting at /run_cell.jl:17
compute_pi at /kernels/pi_mpi_0.jl:9
Allocations: 9329797 (Pool: 9327511; Big: 2286); GC: 22
"""
IDLE = """
signal (10): User defined signal 1
in expression starting at /run_cell.jl:17
epoll_pwait at /lib/libc.so.6 (unknown line)
jl_task_get_next at /lib/libjulia.so.1 (unknown line)
poptask at ./task.jl:704
Allocations: 2545 (Pool: 2535; Big: 10); GC: 0
"""
WAITS, ELSEWHERE = IN_MPI.format(line=12), IN_MPI.format(line=13)


def printed(*by_rank: list[str]) -> str:
    """As Open MPI passes it on: pieces of ranks in any order, each with its mark."""
    return "".join(
        f"[1,{rank}]<stderr>:{piece}" for rank, pieces in enumerate(by_rank) for piece in pieces
    )


def test_pieces_of_ranks_are_put_together() -> None:
    text = (
        "mpiexec says\n[1,0]<stderr>:ERROR: [1,11]<stderr>:Load[1,0]<stderr>:one[1,0]<stderr>:\n"
        "[1,11]<stderr>:Error\n[1,0]<stderr>:two\n"
    )
    assert by_rank(text) == {-1: "mpiexec says\n", 0: "ERROR: one\ntwo\n", 11: "LoadError\n"}
    assert (
        grouped(text) == "mpiexec says\n----- rank 0\nERROR: one\ntwo\n----- rank 11\nLoadError\n"
    )


def test_lines_that_srun_labels_are_put_together() -> None:
    assert by_rank("0: a\n10: b\n0: c\nsrun: error: d\n") == {
        -1: "", 0: "a\nc\nsrun: error: d\n", 10: "b\n",
    }  # fmt: skip


def test_output_without_marks_is_left_as_it_is() -> None:
    assert grouped("mpiexec: no such file\n") == "mpiexec: no such file\n"
    assert grouped("") == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1,1]<stderr>: Killed\n[1,1]<stderr>: repro: rank 1 ended with exit code 137\n",
         FailedRank(1, 137)),
        ("10: repro: rank 10 ended with exit code 3\n", FailedRank(10, 3)),
        ("MPI_ABORT was invoked on rank 2 in communicator MPI_COMM_WORLD\n  Errorcode: 7\n",
         FailedRank(2, None)),
        ("application called MPI_Abort(MPI_COMM_WORLD, 7) - process 2\n", FailedRank(2, None)),
        ("[1,0]<stderr>: rank 1 is late\n", None),
    ],
    ids=["tagged", "labelled", "Open MPI's abort", "MPICH's abort", "no failure"],
)  # fmt: skip
def test_the_rank_that_failed_is_found(text: str, found: FailedRank | None) -> None:
    assert failed_rank(text) == found


DEADLOCKS = {
    "all in MPI": ([WAITS] * 5, [WAITS, UNCLEAR, UNCLEAR, WAITS, UNCLEAR], 2.0,
                   "every rank waits: pi_mpi_0.jl:12 in MPI_Allreduce, 2 of 2 ranks"),
    "one elsewhere": ([WAITS] * 5, [ELSEWHERE] * 5, 2.0,
                      ("every rank waits: pi_mpi_0.jl:12 in MPI_Allreduce, 1 of 2 ranks; "
                       "pi_mpi_0.jl:13 in MPI_Allreduce, 1 of 2 ranks")),
    "one idle": ([IDLE] * 5, [WAITS] * 5, 1.1,
                 ("every rank waits: idle, 1 of 2 ranks; "
                  "pi_mpi_0.jl:12 in MPI_Allreduce, 1 of 2 ranks")),
}  # fmt: skip
OTHERS = {
    "one computes": ([WAITS] * 5, [BUSY] * 5, 2.0),
    "one computed once": ([WAITS] * 5, [WAITS] * 4 + [BUSY], 2.0),
    "one moved on": ([WAITS] * 5, [WAITS, WAITS, ELSEWHERE, ELSEWHERE, ELSEWHERE], 2.0),
    "one says too little": ([WAITS] * 5, [WAITS] + [UNCLEAR] * 4, 2.0),
    "one says nothing": ([WAITS] * 5, [], 2.0),
    "all idle": ([IDLE] * 5, [IDLE] * 5, 0.0),
    "another thread computes": ([WAITS] * 5, [IDLE] * 5, 1.9),
}


@pytest.mark.parametrize(
    ("first", "second", "cores", "said"), list(DEADLOCKS.values()), ids=list(DEADLOCKS)
)
def test_ranks_that_wait_for_each_other(
    first: list[str], second: list[str], cores: float, said: str
) -> None:
    found = whereabouts(printed(first, second), 2, "/kernels")
    assert found.is_settled
    assert found.deadlock(cores) == said


@pytest.mark.parametrize(("first", "second", "cores"), list(OTHERS.values()), ids=list(OTHERS))
def test_what_is_no_deadlock(first: list[str], second: list[str], cores: float) -> None:
    assert whereabouts(printed(first, second), 2).deadlock(cores) is None


def test_asking_goes_on_until_all_have_told() -> None:
    assert not whereabouts(printed([WAITS, WAITS], [WAITS, UNCLEAR]), 2).is_settled
    assert whereabouts(printed([WAITS, WAITS], [WAITS, WAITS]), 2).is_settled
    assert whereabouts(printed([WAITS], [BUSY]), 2).is_settled
