"""What the text of a program gives away: each cheat its flags, honest programs none."""

from pathlib import Path

import pytest

from repro.measure.outcomes import FLAGS
from repro.measure.static_check import static_flags
from repro.study.directories import PROBLEMS, find_framework, find_problem, known_frameworks

from trials import KERNELS

CHEATS = {
    "cheats-comment-only": {"no-parallel-construct"},
    "cheats-dead-code": {"no-parallel-construct"},
    "cheats-driver-only": {"no-parallel-construct"},
    "cheats-empty-region": {"no-parallel-construct"},
    "cheats-everybody-everything": {"no-work-division"},
    "cheats-import-only": {"no-parallel-construct"},
    "cheats-no-communication": {"no-parallel-construct"},
    "cheats-no-rank": {"no-work-division"},
    "cheats-one-blas-call": {"single-blas-call"},
    "cheats-one-worker": {"one-worker-computes"},
    "cheats-other-framework": {"no-parallel-construct"},
    "cheats-rank-0": {"one-rank-computes"},
    "cheats-sibling": {"no-parallel-construct"},
    "cheats-single-task": {"single-task"},
    "cheats-top-level": {"no-parallel-construct"},
    "cheats-unreached": {"no-parallel-construct"},
    "cheats-whole-matrix": {"whole-matrix"},
    "cheats-whole-on-root": {"one-rank-computes", "whole-matrix"},
}


def programs(directories: list[Path]) -> list[Path]:
    """The kernels, without the files that they include."""
    files = [path for directory in directories for path in sorted(directory.glob("*.jl"))]
    return [path for path in files if path.stem.partition("_")[0] in ("pi", "gemm", "cholesky")]


BY_HAND = [
    path
    for author in ("reference", "tasks")
    for path in PROBLEMS.glob(f"*/{author}/*.jl")
    if path.stem in known_frameworks()
]


def flags_of(kernel: Path) -> set[str]:
    problem, _, framework = kernel.stem.partition("_")
    if kernel.is_relative_to(PROBLEMS):
        problem, framework = kernel.parent.parent.name, kernel.stem
    flags = static_flags(kernel, find_problem(problem), find_framework(framework))
    assert set(flags) <= set(FLAGS)
    assert len(set(flags)) == len(flags)
    return set(flags)


def name(kernel: Path) -> str:
    return f"{kernel.parent.name}/{kernel.name}"


@pytest.mark.parametrize("kernel", programs([KERNELS / cheat for cheat in CHEATS]), ids=name)
def test_a_cheat_earns_its_flags(kernel: Path) -> None:
    assert flags_of(kernel) == CHEATS[kernel.parent.name]


@pytest.mark.parametrize("kernel", programs(sorted(KERNELS.glob("honest-*"))), ids=name)
def test_an_honest_program_earns_none(kernel: Path) -> None:
    assert flags_of(kernel) == set()


@pytest.mark.parametrize("kernel", sorted(BY_HAND), ids=name)
def test_the_programs_by_hand_earn_none(kernel: Path) -> None:
    assert flags_of(kernel) == set()


def test_every_fixture_is_tried() -> None:
    assert {path.name for path in KERNELS.glob("cheats-*")} == set(CHEATS)
    tried = {path.stem.partition("_")[2] for path in programs(sorted(KERNELS.glob("honest-*")))}
    assert tried == {"threads", "dagger", "mpi", "dagger-distributed"}


TASKS = "tasks() = foreach(wait, [Threads.@spawn(i) for i in 1:3])\n"


@pytest.mark.parametrize(
    ("problem", "source", "is_one_call"),
    [
        ("gemm", "gemm!(C, A, B, tile) = (tasks(); mul!(C, A, B))", True),
        ("gemm", "function gemm!(C, A, B, t)\n tasks()\n D = A\n C .= D * B\nend", True),
        ("gemm", ("function gemm!(C, A, B, t::Int)\n tasks()\n if t > 1\n"
         "  BLAS.gemm!('N', 'N', 1.0, A, B, 0.0, C)\n end\nend"), True),
        ("gemm", ("function gemm!(C, A, B, t)\n tasks()\n mul!(view(C, 1:t, 1:t), view(A, 1:t, :),"
         " view(B, :, 1:t))\nend"), False),
        ("gemm", "function gemm!(C, A, B, t)\n tasks()\n tile!(C, A, B) = mul!(C, A, B)\nend",
         False),
        ("cholesky", "cholesky!(A, t) = (tasks(); LAPACK.potrf!('L', A))", True),
        ("cholesky", "cholesky!(A, t) = (tasks(); LinearAlgebra.cholesky!(Symmetric(A, :L)))",
         True),
        ("cholesky", "function cholesky!(A, t)\n tasks()\n potrf!('L', view(A, 1:t, 1:t))\nend",
         False),
        ("gemm", ("gemm!(C, A, B, t) = (tasks(); ccall((:dgemm_64_, lib), Cvoid, (Ref{UInt8},"
         " Ref{Int}, Ptr{Float64}, Ptr{Float64}, Ptr{Float64}), 'N', t, A, B, C))"), True),
        ("gemm", ("gemm!(C, A, B, t) = (tasks(); work(pointer(A), B, C, 1.0, t))\n"
         "work(a, b, c, s, n) = ccall(f[], Cvoid, (Ptr{Float64}, Ptr{Float64}, Ptr{Float64},"
         " Ref{Float64}, Ref{Int}), a, b, c, s, n)"), True),
        ("gemm", ("gemm!(C, A, B, t) = (tasks(); work(A, B, C, t))\n"
         "work(a, b, c, n) = ccall(f[], Cvoid, (Ptr{Float64}, Ptr{Float64}, Ptr{Float64},"
         " Ref{Float64}, Ref{Int}), pointer(a), b, c, 1.0, n)"), True),
        ("cholesky", ("cholesky!(A, t) = (tasks(); @ccall lib.dpotrf_64_('L'::Ref{UInt8},"
         " t::Ref{Int}, A::Ptr{Float64}, t::Ref{Int}, i::Ref{Int})::Cvoid)"), True),
        ("cholesky", ("cholesky!(A, t) = (tasks(); ccall((:dpotrf_64_, lib), Cvoid, (Ref{UInt8},"
         " Ref{Int}, Ptr{Float64}, Ref{Int}, Ref{Int}), 'L', t, pointer(A, t), t, i))"), False),
        ("gemm", "gemm!(C, A, B, t) = (tasks(); work(A, B, C))\nwork(a, b, c) = mul!(c, a, b)",
         True),
        ("gemm", ("gemm!(C, A, B, t) = (tasks(); work(A, B, C))\nwork(a, b, c) = size(a, 1) < 64 ?"
         " mul!(c, a, b) : foreach(h -> work(a[h, :], b, view(c, h, :)), halves(a))"), False),
        ("gemm", ("gemm!(C, A, B, t) = (tasks(); ccall(:memset, Ptr{Cvoid}, (Ptr{Float64}, Cint,"
         " Csize_t), C, 0, sizeof(A)))"), False),
    ],
)  # fmt: skip
def test_the_whole_problem_in_one_call_of_the_library(
    problem: str, source: str, tmp_path: Path, *, is_one_call: bool
) -> None:
    kernel = tmp_path / f"{problem}_threads.jl"
    kernel.write_text(TASKS + source)
    assert flags_of(kernel) == ({"single-blas-call"} if is_one_call else set())


@pytest.mark.parametrize("source", [b"", b"compute_pi(n) = (", b"\xff\xfe", b"end end end"])
def test_what_does_not_parse_is_read_all_the_same(tmp_path: Path, source: bytes) -> None:
    kernel = tmp_path / "pi_threads.jl"
    kernel.write_bytes(source)
    assert flags_of(kernel) == {"no-parallel-construct"}


def test_a_very_long_expression_is_read(tmp_path: Path) -> None:
    kernel = tmp_path / "pi_threads.jl"
    kernel.write_text("compute_pi(n) = " + " + ".join(["n"] * 5000))
    assert flags_of(kernel) == {"no-parallel-construct"}


HONEST = {
    "pi_mpi": [
        """
        work(n, r, p) = deep(n, r, p)
        deep(n, r, p) = sum(1 / i for i in r+1:p:n)
        function compute_pi(comm, n)
            rank, np = MPI.Comm_rank(comm), MPI.Comm_size(comm)
            s = work(n, rank, np)
            rank == 0 && for source in 1:np-1
                s += MPI.recv(comm; source = source)
            end
            rank == 0 || MPI.send(s, comm; dest = 0)
            MPI.bcast(s, 0, comm)
        end
        """,
        """
        function compute_pi(comm, n)
            rank = MPI.Comm_rank(comm)
            s = 0.0
            if rank == 0
                for i in 1:div(n, 2) s += 1 / i end
            elseif rank == 1
                for i in div(n, 2)+1:n s += 1 / i end
            end
            MPI.Allreduce(s, +, comm)
        end
        """,
    ],
    "pi_threads": [
        """
        function compute_pi(n)
            a = b = 0.0
            @sync begin
                Threads.@spawn (a = half(1, n))
                b = half(2, n)
            end
            a + b
        end
        half(k, n) = sum(1 / i for i in k:2:n)
        """,
        """
        compute_pi(n) = sum(fetch, @sync collect(Threads.@spawn half(k, n) for k in 1:2))
        half(k, n) = sum(1 / i for i in k:2:n)
        """,
        """
        import Base.Threads.@spawn
        compute_pi(n) = sum(fetch, [@spawn half(k, n) for k in 1:2])
        half(k, n) = sum(1 / i for i in k:2:n)
        """,
    ],
    "gemm_mpi": [
        """
        buffer(n) = zeros(n, n)
        function gemm(comm, n, tile, make_a, make_b)
            rank, np = MPI.Comm_rank(comm), MPI.Comm_size(comm)
            work = buffer(tile)
            MPI.Barrier(comm); MPI.Bcast!(work, 0, comm)
            Dict((i, j) => work for i in rank+1:np:cld(n, tile) for j in 1:cld(n, tile))
        end
        """,
    ],
}


@pytest.mark.parametrize("stem", list(HONEST))
def test_other_honest_forms_earn_no_flag(stem: str, tmp_path: Path) -> None:
    for source in HONEST[stem]:
        kernel = tmp_path / f"{stem}.jl"
        kernel.write_text(f"using MPI\n{source}")
        assert flags_of(kernel) == set(), source
