"""Stacks that Julia printed, as they were seen, and where they say that a thread was."""

from pathlib import Path
from textwrap import dedent

import pytest

from repro.measure.last_stacks import last_stacks
from repro.measure.stacks import Place, looks, tasks, told

STORED = Path(__file__).parent / "stacks"
"""Standard error of real attempts; of equal stacks, two are kept."""

BEGIN = "\ncmd: julia 2904 running 1 of 3\n\nsignal (10): User defined signal 1\n"
END = "unknown function (ip: (nil)) at (unknown file)\n"
HARNESS = """\
    macro expansion at ./timing.jl:697 [inlined]
    timed_call at /repro/frameworks/mpi/team.jl:44
    run_cell at /repro/julia/harness.jl:29
    _start at ./client.jl:550
"""
STACKS = {
    "receives": """\
    opal_progress at /lib/libopen-pal.so.80 (unknown line)
    PMPI_Recv at /lib/libmpi.so.40 (unknown line)
    MPI_Recv at /depot/packages/MPI/pvbg6/src/api/generated_api.jl:2214 [inlined]
    #Recv!#119 at /depot/packages/MPI/pvbg6/src/pointtopoint.jl:108 [inlined]
    take_tile at /kernels/m/gemm_mpi_0.jl:41
    gemm at /kernels/m/gemm_mpi_0.jl:60
""",
    "probes": """\
    PMPI_Iprobe at /lib/libmpi.so.40 (unknown line)
    Iprobe at /depot/packages/MPI/pvbg6/src/pointtopoint.jl:50
    gemm at /kernels/m/gemm_mpi_0.jl:60
""",
    "finalizes": """\
    usleep at /lib/libc.so.6 (unknown line)
    ompi_mpi_finalize at /lib/libmpi.so.40 (unknown line)
    Finalize at /depot/packages/MPI/pvbg6/src/environment.jl:77 [inlined]
    exit at ./initdefs.jl:28 [inlined]
    compute_pi at /kernels/m/pi_mpi_0.jl:7
""",
    "computes": """\
    gemm at /kernels/m/gemm_mpi_0.jl:62
""",
    "fetches": """\
    epoll_pwait at /lib/libc.so.6 (unknown line)
    ijl_task_get_next at /julia/src/scheduler.c:523
    poptask at ./task.jl:1216
    wait at ./task.jl:1228
    #wait#398 at ./condition.jl:141
    fetch at /depot/packages/Dagger/ISzTc/src/eager_thunk.jl:62
    #3 at /kernels/m/gemm_dagger_0.jl:14
""",
    "fetches in a task": """\
    ijl_task_get_next at /julia/src/scheduler.c:523
    poptask at ./task.jl:1216
    fetch at /depot/packages/Dagger/ISzTc/src/eager_thunk.jl:62
    result_of at /kernels/m/pi_dagger_0.jl:10
    #execute!##0 at /depot/packages/Dagger/ISzTc/src/threadproc.jl:26
    start_task at /julia/src/task.c:1252
""",
    "locks": """\
    ijl_task_get_next at /julia/src/scheduler.c:523
    poptask at ./task.jl:1216
    slowlock at ./lock.jl:173
    lock at ./lock.jl:168
    #compute_pi#1 at /kernels/m/pi_dagger_0.jl:6
    #execute!##0 at /depot/packages/Dagger/ISzTc/src/threadproc.jl:26
""",
    "waits for a task": """\
    ijl_task_get_next at /julia/src/scheduler.c:523
    fetch at ./task.jl:525
    #execute!#97 at /depot/packages/Dagger/ISzTc/src/threadproc.jl:32
    do_task at /depot/packages/Dagger/ISzTc/src/sch/Sch.jl:1548
""",
    "compiles": """\
    jl_mutex_lock at /julia/src/julia_locks.h:65 [inlined]
    jl_type_infer at /julia/src/gf.c:464
    start_task at /julia/src/task.c:1252
""",
    "has nothing to run": """\
    epoll_pwait at /lib/libc.so.6 (unknown line)
    ijl_task_get_next at /julia/src/scheduler.c:457
    poptask at ./task.jl:1216
    task_done_hook at ./task.jl:868
""",
    "sleeps in Dagger": """\
    ijl_task_get_next at /julia/src/scheduler.c:523
    poptask at ./task.jl:1216
    sleep at ./asyncevent.jl:312
    DoTaskSpec at /depot/packages/Dagger/ISzTc/src/sch/Sch.jl:1262
""",
    "schedules": """\
    lock at ./lock.jl:173
    schedule! at /depot/packages/Dagger/ISzTc/src/sch/Sch.jl:700
    start_task at /julia/src/task.c:1252
""",
    "runs a task": """\
    gemm! at /julia/stdlib/v1.12/LinearAlgebra/src/blas.jl:1700
    #execute!##0 at /depot/packages/Dagger/ISzTc/src/threadproc.jl:22
    start_task at /julia/src/task.c:1252
""",
    "collects": """\
    pthread_cond_wait at /lib/libc.so.6 (unknown line)
    jl_parallel_gc_threadfun at /julia/src/gc-stock.c:3640
""",
    "unclear": """\
    unknown function (ip: 0x7f45aa809d50) at /lib/libmpi.so.40
""",
}


def printed(*names: str, root: str = "") -> str:
    """What a process prints when it is asked once, with a stack a thread."""
    return BEGIN + "".join(dedent(STACKS[name] + root) + END for name in names) + "\n\nmore\n"


@pytest.mark.parametrize(
    ("threads", "what"),
    [
        (["receives"], "MPI_Recv"),
        (["sleeps in Dagger", "receives"], "MPI_Recv"),
        (["receives", "computes"], "busy"),
        (["finalizes"], "MPI_Finalize"),
        (["probes"], "busy"),
        (["computes"], "busy"),
        (["fetches", "collects"], "idle"),
        (["fetches", "computes"], "busy"),
        (["sleeps in Dagger", "fetches"], "idle"),
        (["schedules", "fetches"], "runtime"),
        (["schedules", "runs a task"], "busy"),
        (["collects"], ""),
        (["unclear"], ""),
    ],
    ids=str,
)
def test_the_thread_that_matters_says_where_a_process_is(threads: list[str], what: str) -> None:
    assert [place.what for place in looks(printed(*threads) * 2, "/kernels/m")] == [what] * 2


def test_the_harness_is_no_runtime() -> None:
    assert [p.what for p in looks(printed("schedules", root=HARNESS), "/kernels/m")] == ["busy"]


def test_the_kernels_own_innermost_line_is_named_and_what_it_waits_in() -> None:
    (receives,) = looks(printed("receives", root=HARNESS), "/kernels/m")
    (fetches,) = looks(printed("sleeps in Dagger", "fetches"), "/kernels/m")
    assert str(receives) == "gemm_mpi_0.jl:41 in MPI_Recv"
    assert str(fetches) == "gemm_dagger_0.jl:14 in fetch"
    (other,) = looks(printed("receives", root=HARNESS), "/kernels/other")
    assert str(other) == "the harness in MPI_Recv"
    assert [str(p) for p in looks(printed("receives"), "/kernels/other")] == ["MPI_Recv"]
    assert [str(p) for p in looks(printed("sleeps in Dagger"), "/kernels/m")] == ["idle"]


def test_the_most_frequent_places_are_told_first() -> None:
    places = [Place("idle"), *[Place("MPI_Recv", "k.jl:4", "Recv!")] * 2]
    assert told(places, "ranks") == "k.jl:4 in MPI_Recv, 2 of 3 ranks; idle, 1 of 3 ranks"


def test_tasks_that_wait_are_told_apart_from_the_runtimes_own() -> None:
    words = (
        "\n[2904] signal 3: Quit\n==== Thread 1 created 2 live tasks\n     ---- Root task (0x7f)\n"
        + dedent(STACKS["fetches"])
        + "     ---- End root task\n     ---- Task 1 (0x7f)\n"
        + dedent(STACKS["sleeps in Dagger"])
        + "     ---- End task 1\n==== End thread 1\n"
        + dedent(STACKS["computes"])
    )
    places = tasks(words, "/kernels/m")
    assert [str(place) for place in places] == ["gemm_dagger_0.jl:14 in fetch", "idle"]


@pytest.mark.parametrize(
    ("stack", "owner"),
    [
        ("receives", "MPI"),
        ("probes", "MPI"),
        ("finalizes", "MPI"),
        ("computes", "program"),
        ("fetches", "Dagger"),
        ("fetches in a task", "program"),
        ("locks", "program"),
        ("sleeps in Dagger", "Dagger"),
        ("schedules", "Dagger"),
        ("runs a task", "program"),
        ("waits for a task", "Dagger"),
        ("compiles", "Julia"),
        ("has nothing to run", "idle"),
        ("unclear", "unclear"),
    ],
)
def test_a_stack_is_in_the_code_of_its_innermost_line(stack: str, owner: str) -> None:
    found = last_stacks(printed(stack), "/kernels/m", launched=False)
    assert found
    assert found.counts == {owner: 1}


@pytest.mark.parametrize(
    ("attempt", "counted", "inside"),
    [
        ("lock-across-fetch", "1 of 11 tasks in the program, 10 in Dagger", "program"),
        ("tasks-in-a-cycle", "2 of 13 tasks in the program, 11 in Dagger", "program"),
        ("dagger-hangs", "0 of 7 threads in the program, 5 in Dagger, 2 idle", "Dagger"),
        ("rank-waits", "1 of 2 tasks in the program, 1 in MPI", "program"),
        ("rank-wrong-tag", "0 of 2 tasks in the program, 2 in MPI", "MPI"),
        ("rank-wrong-tag-not-quit", "0 of 2 ranks in the program, 2 in MPI", "MPI"),
    ],
)
def test_the_stacks_of_a_real_attempt_tell_whose_code_it_was_in(
    attempt: str, counted: str, inside: str
) -> None:
    stderr = (STORED / f"{attempt}.txt").read_text(encoding="utf-8")
    found = last_stacks(stderr, "/kernels/m", launched=attempt.startswith("rank"))
    assert found
    assert (str(found), found.inside) == (counted, inside)


def test_output_without_stacks_has_no_owner() -> None:
    assert last_stacks("no stack at all\n", "/kernels/m", launched=False) is None
    assert last_stacks("----- rank 0\nnone\n", "/kernels/m", launched=True) is None
