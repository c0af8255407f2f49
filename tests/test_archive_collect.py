"""A run becomes a dataset: complete, canonical, free of the machine, whole or not at all."""

import fcntl
import hashlib
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rocrate.rocrate import ROCrate
from test_user_errors import refused, tmpfs

from repro import ROOT, __version__
from repro.analysis.tidy import load_tables
from repro.archive.dataset import Dataset
from repro.archive.scrub import Places, scrub, scrub_text
from repro.archive.verify import verify
from repro.cli.main import cli
from repro.errors import UserError
from repro.study.kernels import program_sha256

from archive_runs import (
    CREATED,
    FIRST,
    JULIA,
    KERNEL,
    OTHER_SIZE,
    OUTCOME,
    SECOND,
    add_attempt,
    full_run,
    make_run,
    repetition,
)


def collect(run: Path, data: Path, *options: str, name: str = "d") -> Result:
    command = ["collect", "--run", str(run), "--dataset", name, "--data", str(data), *options]
    return CliRunner().invoke(cli, command, standalone_mode=False)


def collected(run: Path, data: Path, *options: str) -> Path:
    answer = collect(run, data, *options)
    assert answer.exception is None, answer.exception
    return data / "d"


def why_refused(answer: Result) -> str:
    assert isinstance(answer.exception, UserError), answer.exception
    return str(answer.exception)


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_dataset_is_laid_out_as_documented(tmp_path: Path) -> None:
    files = content(collected(full_run(tmp_path / "run"), tmp_path / "data"))
    log = "reference/logs/pi_threads_0/1x1x1"
    assert sorted(files) == sorted(
        [
            "SHA256SUMS", "dataset.toml", "environment/e1.json", "ro-crate-metadata.json",
            "study.toml", "reference/attempts.csv", "reference/kernels/pi_threads_0.jl",
            "reference/runtimes/pi_threads_0.csv", "vendor/attempts.csv",
            "vendor/kernels/gemm_threads_0.jl", "vendor/runtimes/gemm_threads_0.csv",
            f"{log}/2/stdout.txt", f"{log}/2/stderr.txt",
            "reference/logs/pi_threads_0/1x1x2/1/stdout.txt",
            *(
                f"{attempt}/{file}"
                for attempt in (
                    f"{log}/1", f"{log}/2", "reference/logs/pi_threads_0/1x1x2/1",
                    "vendor/logs/gemm_threads_0/1x1x16,n=512/1",
                )
                for file in ("attempt.json", "outcome.json", "result.jsonl", "samples.csv")
            ),
        ]
    )  # fmt: skip
    assert files["study.toml"] == (ROOT / "studies" / "smoke.toml").read_bytes()
    assert files["reference/kernels/pi_threads_0.jl"] == KERNEL


SIBLINGS = {"tiles.jl": "t() = 1\n", "grid.jl": "g() = 2\n"}


def test_what_a_kernel_includes_lies_beside_it(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    add_attempt(run, "reference/gemm/threads/0@1x1x1", siblings=SIBLINGS)
    add_attempt(run, "reference/cholesky/threads/0@1x1x1", siblings=SIBLINGS)
    dataset = collected(run, tmp_path / "data")
    kernels = dataset / "reference" / "kernels"
    assert sorted(path.name for path in kernels.iterdir()) == [
        "cholesky_threads_0.jl", "gemm_threads_0.jl", "grid.jl", "pi_threads_0.jl", "tiles.jl",
    ]  # fmt: skip
    assert {name: (kernels / name).read_text() for name in SIBLINGS} == SIBLINGS
    rows = (dataset / "reference" / "attempts.csv").read_text()
    assert program_sha256(kernels / "gemm_threads_0.jl") in rows
    assert hashlib.sha256(KERNEL).hexdigest() in rows, "without siblings it is the file's own"
    (kernels / "grid.jl").write_text("g() = 3\n")
    (kernels / "tiles.jl").unlink()
    assert [tuple(problem) for problem in verify(dataset).problems] == [
        ("changed", "reference/kernels/grid.jl"),
        ("missing", "reference/kernels/tiles.jl"),
    ]


@pytest.mark.parametrize("change", ["write", "unlink", "unrelated"])
def test_a_sibling_that_changed_after_it_was_run_is_refused(tmp_path: Path, change: str) -> None:
    run = make_run(tmp_path / "run")
    add_attempt(run, FIRST, siblings=SIBLINGS)
    kernels = run / "kernels" / "reference"
    (kernels / "other.jl").touch()
    if change == "unrelated":
        assert not (collected(run, tmp_path / "data") / "reference/kernels/other.jl").exists()
        return
    if change == "write":
        (kernels / "grid.jl").write_text("g() = 3\n")
    else:
        (kernels / "grid.jl").unlink()
    said = why_refused(collect(run, tmp_path / "data"))
    assert f"this file, or one that it includes, changed after attempt 1 of {FIRST}" in said


def test_the_tables(tmp_path: Path) -> None:
    files = content(collected(full_run(tmp_path / "run"), tmp_path / "data"))
    attempts = files["reference/attempts.csv"].decode().splitlines()
    assert attempts[0] == (
        "cell,attempt,model,problem,framework,sample,nodes,ranks,threads,n,tile,outcome,flags,"
        "repetitions,wall_seconds,cpu_seconds,peak_memory_bytes,environment,kernel_sha256,detail"
    )
    name = "reference,pi,threads,0,1,1"
    assert attempts[1].startswith(
        f"{FIRST},1,{name},1,1000,1,infrastructure,oversubscribed;tampered,0,5.759,6.200,246824960,"
    )
    assert attempts[1].endswith(',"lost {run}/x, on a node"')
    assert attempts[2].startswith(f"{FIRST},2,{name},1,1000,1,ok,,2,")
    assert attempts[3].startswith(f"{SECOND},1,{name},2,1000,1,ok,,2,")
    assert files["vendor/runtimes/gemm_threads_0.csv"].decode().splitlines() == [
        (
            "cell,attempt,model,problem,framework,sample,nodes,ranks,threads,n,tile,"
            "repetition,seed,seconds,error,bound,correct"
        ),
        (
            f'"{OTHER_SIZE}",1,vendor,gemm,threads,0,1,1,16,1000,1,'
            f"1,{2**64 - 1},0.071013210,,1.900000e-07,false"
        ),
    ]


def test_what_runs_of_before_did_not_record_is_a_column_where_it_is_recorded(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path / "run")
    add_attempt(run, FIRST)
    used = {"busy_seconds": 0.0712, "busy_threads": 1, "input_seconds": None}
    records = [repetition(1, **used), repetition(2, **used | {"busy_seconds": None})]
    add_attempt(run, SECOND, outcome=OUTCOME | {"available_cores": 1}, records=records)
    dataset = collected(run, tmp_path / "data")
    files = content(dataset)
    header, first, second = files["reference/attempts.csv"].decode().splitlines()
    assert header.endswith(",detail,available_cores")
    assert first.endswith(" correct,")
    assert second.endswith(" correct,1")
    table = files["reference/runtimes/pi_threads_0.csv"].decode().splitlines()
    assert table[0].endswith(",correct,busy_seconds,busy_threads"), "no input was made in the time"
    assert [row.partition(",true,")[2] for row in table[1:]] == [",", ",", "0.071200,1", ",1"]
    opened = Dataset(dataset)
    assert [row["available_cores"] for row in opened.attempts()] == ["", "1"]
    assert {row["input_seconds"] for row in opened.runtimes()} == {""}
    cells = load_tables(dataset)[1].set_index("cell")
    assert list(cells["crowded"]) == [False, True]
    assert cells.loc[SECOND, "flags"] == "oversubscribed"


def test_cells_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for threads in (16, 2, 1):
        add_attempt(run, f"reference/pi/threads/0@1x1x{threads}")
    for number in (10, 9):
        add_attempt(run, "reference/pi/threads/0@1x1x4", number)
    rows = (collected(run, tmp_path / "data") / "reference" / "attempts.csv").read_text()
    keys = [tuple(row.split("@1x1x")[1].split(",")[:2]) for row in rows.splitlines()[1:]]
    assert keys == [("1", "1"), ("2", "1"), ("4", "9"), ("4", "10"), ("16", "1")]


def test_nothing_tells_of_the_machine(tmp_path: Path) -> None:
    host = socket.gethostname()
    run = make_run(tmp_path / "run")
    said = f"on {host}: {run}/x {ROOT}/julia -I{ROOT}/lib {Path.home()}/a {JULIA}/lib {ROOT}s/x\n"
    path = add_attempt(
        run, FIRST, records=[repetition(1), {"event": "error", "backtrace": said}],
        stdout=said, stderr=said,
    )  # fmt: skip
    dataset = collected(run, tmp_path / "data")
    expected = "on {host}: {run}/x {repro}/julia -I{repro}/lib {home}/a {julia}/lib "
    log = dataset / "reference" / "logs" / "pi_threads_0" / "1x1x1" / "1"
    assert (log / "stderr.txt").read_text().startswith(expected)
    plan = json.loads((log / "attempt.json").read_text())
    assert plan["command"][:3] == [
        "{julia}/bin/julia", "-L{repro}/lib", "{repro}/julia/run_cell.jl",
    ]  # fmt: skip
    assert plan["command"][-1] == "{run}/cells/" + FIRST + "/1/result.raw"
    assert plan["env"] == {
        "HOME": f"{{run}}/{path.relative_to(run)}/scratch",
        "JULIA_DEPOT_PATH": "{depot}:",
        "LC_ALL": "C",
    }
    for name, data in content(dataset).items():
        for place in (str(run), f"{ROOT}/", f"{Path.home()}/", JULIA):
            assert place.encode() not in data, (name, place)
        if not name.startswith("environment"):
            assert not re.search(rf"\b{re.escape(host)}\b", data.decode()), name


def test_a_run_that_was_made_elsewhere_is_freed_of_that_place(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    path = add_attempt(run, FIRST, stdout="saw /scratch/proj/run7/kernels and /home/x/repro/julia")
    plan = json.loads((path / "attempt.json").read_text())
    plan["command"] = [
        "/home/x/.toolchain/julia", "/home/x/repro/julia/run_cell.jl",
        "--result", f"/scratch/proj/run7/cells/{FIRST}/1/result.raw",
    ]  # fmt: skip
    (path / "attempt.json").write_text(json.dumps(plan))
    log = collected(run, tmp_path / "data") / "reference" / "logs" / "pi_threads_0" / "1x1x1" / "1"
    assert (log / "stdout.txt").read_text() == "saw {run}/kernels and {repro}/julia"
    assert json.loads((log / "attempt.json").read_text())["command"][0] == "{julia}/julia"


def test_longer_places_win_and_words_stay_whole() -> None:
    places: Places = frozenset(
        {("/home/me", "{home}"), ("/home/me/repro", "{repro}"), ("n1", "{host}"), ("/usr", "{x}")}
    )
    said = "/home/me/repro/a /home/me2 file:///home/me. n1 n12 n1-ib0 an1 /usr/lib"
    told = "{repro}/a /home/me2 file://{home}. {host} n12 n1-ib0 an1 /usr/lib"
    assert scrub_text(said, places) == told
    assert scrub({"n1": ["n1", 1, None, {"a": "/home/me"}]}, places) == {
        "n1": ["{host}", 1, None, {"a": "{home}"}]
    }


def test_text_is_utf8_with_line_feeds(tmp_path: Path) -> None:
    dataset = collected(full_run(tmp_path / "run"), tmp_path / "data")
    log = dataset / "reference" / "logs" / "pi_threads_0" / "1x1x2" / "1"
    assert (log / "stdout.txt").read_bytes() == "a\nb\\xffé\n".encode()
    for name, data in content(dataset).items():
        assert b"\r" not in data, name
        data.decode()


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    first = content(collected(run, tmp_path / "one"))
    moved = run.rename(tmp_path / "moved")
    assert content(collected(moved, tmp_path / "two")) == first
    again = full_run(tmp_path / "elsewhere" / "run")
    assert content(collected(again, tmp_path / "three")) == first


def test_we_and_sha256sum_find_it_sound(tmp_path: Path) -> None:
    dataset = collected(full_run(tmp_path / "run"), tmp_path / "data")
    subprocess.run(["sha256sum", "--check", "--strict", "--status", "SHA256SUMS"],
                   cwd=dataset, check=True)  # fmt: skip
    report = verify(dataset)
    assert report.problems == []
    assert report.files == len(content(dataset)) - 1
    for name in content(dataset):
        damaged = dataset / name
        sound = damaged.read_bytes()
        damaged.write_bytes(sound + b"\n")
        problems = verify(dataset).problems
        if name == "SHA256SUMS":
            assert [problem.kind for problem in problems] == ["malformed"]
        else:
            assert [tuple(problem) for problem in problems] == [("changed", name)]
        damaged.write_bytes(sound)


def test_the_description(tmp_path: Path) -> None:
    creator = 'A "B" \\ Ü'
    run = full_run(tmp_path / "run")
    dataset = collected(run, tmp_path / "data", "--creator", creator, "--licence", "CC0-1.0")
    assert (dataset / "dataset.toml").read_text() == (
        'name = "d"\nstudy = "smoke"\nsite = "local"\ncreated = 2026-11-20\n'
        f'creator = "A \\"B\\" \\\\ Ü"\nlicence = "CC0-1.0"\nimage = ""\nrepro = "{__version__}"\n'
    )


def test_the_crate_describes_every_file(tmp_path: Path) -> None:
    dataset = collected(full_run(tmp_path / "run"), tmp_path / "data", "--creator", "A. Nyone")
    crate = ROCrate(dataset)
    root = crate.root_dataset
    assert crate.version == "1.1"
    assert crate.name == "d"
    assert "smoke" in crate.description
    assert root["datePublished"] == CREATED[:10]
    assert root["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    assert root["citation"].id == "https://arxiv.org/abs/2606.16534"
    assert root["creator"]["name"] == "A. Nyone"
    files = content(dataset)
    described = {entity["name"]: entity for entity in crate.data_entities}
    assert set(described) == set(files) - {"ro-crate-metadata.json"}
    for name, entity in described.items():
        assert (dataset / entity.source).is_file()
        assert entity.get("contentSize", str(len(files[name]))) == str(len(files[name]))


def test_a_running_attempt_is_waited_for(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    path = add_attempt(run, "reference/pi/threads/0@1x1x4", outcome=None)
    (path / "started").touch()
    with (path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = why_refused(collect(run, tmp_path / "data"))
    assert "1 attempts are still running (reference/pi/threads/0@1x1x4)" in said
    assert not (tmp_path / "data").exists()


def test_what_never_started_is_left_out_and_what_was_interrupted_is_kept(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    add_attempt(run, FIRST, outcome=None)
    assert "no attempt to collect" in why_refused(collect(run, tmp_path / "data"))
    path = add_attempt(run, SECOND, outcome=None, stdout="so far\n")
    (path / "started").touch()
    assert "(1 never started: left out)" in collect(run, tmp_path / "data").output
    rows = (tmp_path / "data" / "d" / "reference" / "attempts.csv").read_text().splitlines()
    assert len(rows) == 2
    assert ",infrastructure,,0,,,,e1," in rows[1]
    assert rows[1].endswith(",interrupted: its watchdog ended before it did")
    log = tmp_path / "data" / "d" / "reference" / "logs" / "pi_threads_0" / "1x1x2" / "1"
    assert sorted(file.name for file in log.iterdir()) == ["attempt.json", "stdout.txt"]


def test_an_existing_dataset_is_replaced_only_if_asked(tmp_path: Path) -> None:
    run, data = full_run(tmp_path / "run"), tmp_path / "data"
    dataset = collected(run, data)
    before = content(dataset)
    add_attempt(run, SECOND, 2)
    assert "exists; choose another" in why_refused(collect(run, data))
    assert "exists; choose another" in why_refused(collect(run, data, "--dry-run"))
    assert content(dataset) == before
    collected(run, data, "--replace")
    assert len(content(dataset)) == len(before) + 4
    assert [path.name for path in data.iterdir()] == ["d"]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    answer = collect(full_run(tmp_path / "run"), tmp_path / "data", "--dry-run")
    assert answer.output == f"would make {tmp_path}/data/d: 4 attempts of 3 cells\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("run.json", "{}", "run.json: damaged"),
        ("study.toml", "name =", "study.toml: not TOML"),
        ("environment/e1.json", "{", "e1.json: damaged"),
        (f"cells/{FIRST}/2/attempt.json", "{", f"{FIRST}/2/attempt.json: damaged"),
        (f"cells/{FIRST}/2/outcome.json", "", f"{FIRST}/2/outcome.json: damaged"),
        (f"cells/{FIRST}/2/result.jsonl", '{"event"\n', f"{FIRST}/2/result.jsonl: damaged"),
        ("kernels/reference/pi_threads_0.jl", "#", "changed after attempt 1 of"),
    ],
)
def test_a_damaged_run_is_refused(tmp_path: Path, file: str, text: str, said: str) -> None:
    run = full_run(tmp_path / "run")
    (run / file).write_text(text)
    assert said in why_refused(collect(run, tmp_path / "data"))
    assert list(tmp_path.glob("data/*")) == []


@pytest.mark.parametrize(
    "options", [("--licence", "no such/thing"), ("--creator", "two\nlines"), ("--dataset", "../x")]
)
def test_impossible_descriptions_are_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    said = why_refused(collect(full_run(tmp_path / "run"), tmp_path / "data", *options))
    assert f"{options[0][2:].replace('dataset', 'name')} = " in said


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    with tmpfs(tmp_path / "disk", "size=256k"):
        data = tmp_path / "disk" / "data"
        before = content(collected(run, data))
        add_attempt(run, SECOND, 2, stdout="x" * 300_000)
        command = ("collect", "--run", run, "--dataset", "d", "--data", data, "--replace")
        assert "No space left on device" in refused(*command)
        assert [path.name for path in data.iterdir()] == ["d"]
        assert content(data / "d") == before


def test_a_missing_environment_is_named(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    shutil.rmtree(run / "environment")
    assert "e1.json: cannot be read" in why_refused(collect(run, tmp_path / "data"))


def test_no_value_of_a_record_is_lost(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [
        {"event": "start", "julia": "1.12.6", "threads": 2},
        repetition(1, message="a\tb\u00e9"),
        {"event": "end"},
    ]
    run = make_run(tmp_path / "run")
    add_attempt(run, FIRST, records=records)
    log = collected(run, tmp_path / "data") / "reference" / "logs" / "pi_threads_0" / "1x1x1" / "1"
    lines = (log / "result.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == records
    assert list(json.loads(lines[1])) == list(records[1])
