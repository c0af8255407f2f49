"""The web report: whole, the same each time, inert, and never stopped by what is damaged."""

import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from test_analysis_data import write_manifest

from repro import ROOT
from repro.agent.endings import Kind
from repro.analysis.sessions import UNFINISHED
from repro.archive import layout
from repro.archive.dataset import Dataset
from repro.cli.main import cli
from repro.measure.outcomes import OUTCOMES
from repro.report import pages
from repro.report.contents import Contents
from repro.report.files_written import Files
from repro.report.highlight import diff, julia
from repro.report.plots import POINTS, Turn, samples_plot, time_line
from repro.report.site import write_site
from repro.report.text import Shelf, cut
from repro.report.transcript import transcript
from repro.report.words import ENDING_MEANINGS, OUTCOME_MEANINGS
from repro.study.names import CellName, Program
from repro.text import plain

from report_data import add_log, made_up, study

SMALL = study(["1x1x2"], [])
SESSION = "gpt-5.5/transcripts/cholesky_threads_0/0"
LOG = "gpt-5.5/logs/cholesky_threads_0/1x1x2/1"


class Page(HTMLParser):
    """What a browser would make of a page, as far as tests ask."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Tags and what they carry."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids |= {str(value) for name, value in attrs if name == "id"}
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        self._in_script = tag == "script"
        self.scripts += [""] if self._in_script else []

    def handle_endtag(self, tag: str) -> None:
        """The end of a script."""
        self._in_script &= tag != "script"

    def handle_data(self, data: str) -> None:
        """Text, and scripts apart."""
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.text += data


def report(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, arguments)], standalone_mode=False)


def content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def site(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "made-up"
    assert write_site(dataset, out).gaps == []
    return out


def test_every_link_leads_somewhere_in_the_report(site: Path) -> None:
    read = {path: Page(path) for path in site.rglob("*.html")}
    assert len(read) == len(pages.VIEWS) + 8 + 4  # programs, sessions
    for path, page in read.items():
        for link in page.links:
            name, _, fragment = unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target in read, f"{path.name}: {link}"
            if fragment and not fragment.startswith("only="):
                assert fragment in read[target].ids, f"{path.name}: {link}"


def test_what_programs_and_models_said_is_inert(site: Path) -> None:
    script = (pages.TEMPLATES / "report.js").read_text(encoding="utf-8")
    shown = 0
    for path in site.rglob("*.html"):
        page = Page(path)
        assert page.scripts == [script]
        assert not page.tags & {"img", "iframe", "object", "embed", "base"}
        assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
        assert not [link for link in page.links if ":" in link.split("#")[0]]
        raw = path.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in raw
        assert not re.search("[\x00\x1b\u202e\u2028\u2066\U000e0041]", raw)
        shown += page.text.count("{{ 7*7 }}")
    assert shown > 20


def test_the_same_dataset_gives_the_same_bytes(site: Path, dataset: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(dataset, tmp_path / "elsewhere" / "made-up")
    assert report("--dataset", copy, "--out", tmp_path / "again").return_value == 0
    assert content(tmp_path / "again") == content(site)
    assert str(dataset.parent).encode() not in b"".join(content(site).values())


def test_it_shows_what_there_is(site: Path) -> None:
    index = Page(site / "index.html").text
    assert "36 cells" in " ".join(index.split())
    assert "1 of 36" in index
    program = Page(site / "programs" / "gpt-5.5" / "cholesky_threads_0.html")
    assert {"1x1x1", "1x1x2", "1x1x4"} <= program.ids
    assert "repro cell run gpt-5.5/cholesky/threads/0@1x1x4 --dataset made-up" in program.text
    assert "oversubscribed: fewer cores than threads, or more runnable" in program.text
    assert f"made-up/{LOG}/stderr.txt" in program.text  # it is cut
    assert "@threads" in program.text
    session = Page(site / "sessions" / "gpt-5.5" / "cholesky_threads_0-0.html")
    assert "repro replay 'gpt-5.5/cholesky/threads/0' --dataset made-up" in session.text
    assert "6 turns, 6 tool calls, of these 2 look-ups" in " ".join(session.text.split())
    assert "cholesky_threads.jl: +10 -0" in session.text
    assert "+# by sed" in session.text
    assert "$0.1260 so far" in session.text
    assert "ran Julia in step 5" in " ".join(session.text.split())


def test_the_first_page_says_what_there_is_and_what_is_not(site: Path) -> None:
    told = " ".join(Page(site / "index.html").text.split())
    for line in (
        "Parallel Julia programs for Pi and Cholesky with Base.Threads and MPI.jl; by Made up and",
        "; on 1 to 8 threads",
        "34 of 36 cells were attempted; 34 have an outcome of the program: 30 ok, 2",
        "2 wrong-result, 1 deadlock, 1 out-of-memory. 2 cells have flags.",
        "In 4 sessions, by ending: 4 finished.",
        "Of 24: 1 supported, 0 refuted, 23 cannot tell.",
        "No file is missing or damaged. 2 cells of the study were never attempted.",
        ".venv/bin/repro verify made-up",
    ):
        assert line in told, line


def test_a_claim_leads_to_its_cells(site: Path) -> None:
    links = Page(site / "claims.html").links
    assert "programs/gpt-5.5/cholesky_threads_0.html#1x1x4" in links


def test_every_word_for_an_ending_or_an_outcome_is_explained() -> None:
    assert set(OUTCOME_MEANINGS) == {*OUTCOMES, ""}
    assert set(ENDING_MEANINGS) == {*get_args(Kind), UNFINISHED}


def commands(report: Path) -> Iterator[str]:
    """Every command that a report shows, as it would be pasted."""
    for path in sorted(report.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for command in re.findall('<pre class="command">(.*?)</pre>', text, re.DOTALL):
            yield from unescape(command).splitlines()


@pytest.mark.parametrize("name", ["baseline", "local-model"])
def test_a_command_can_be_pasted(name: str, tmp_path: Path) -> None:
    write_site(pages.TEMPLATES.parents[2] / "data" / name, tmp_path / "report")
    one_of_each = {}
    for command in commands(tmp_path / "report"):
        program, *arguments = shlex.split(command)
        assert program == ".venv/bin/repro"
        one_of_each[arguments[0]] = arguments
    assert one_of_each.keys() >= {"verify", "figures", "claims", "cell"}
    one_of_each.pop("replay", None)  # a trial of it is the agent's, tests/lab has that
    for arguments in one_of_each.values():
        trial = ["--dry-run"] if arguments[0] in ("cell", "run", "figures") else []
        answer = CliRunner().invoke(cli, [*arguments, *trial])
        assert answer.exit_code == 0, (arguments, answer.output, answer.exception)


def test_a_hostile_name_of_a_dataset_stays_one_word_of_a_command(
    small: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(small, tmp_path / "a b; rm -rf $HOME")
    write_site(copy, tmp_path / "report")
    shown = [shlex.split(command) for command in commands(tmp_path / "report")]
    named = {words[-1] for words in shown if words[-2] != "--study"}
    assert named <= {copy.name, f"data/{copy.name}"}


def test_a_cell_without_attempts_says_how_to_run_it_or_why_it_cannot(
    site: Path, small: Path, tmp_path: Path
) -> None:
    told = Page(site / "programs" / "gpt-5.5" / "pi_mpi_0.html").text
    command = "repro run gpt-5.5/pi/mpi/0@2x8x1 --study data/made-up/study.toml"
    assert f"{command} --programs data/made-up" in told
    copy = shutil.copytree(small, tmp_path / "made-up")
    (copy / "gpt-5.5" / "attempts.csv").unlink()
    (copy / "gpt-5.5" / "kernels" / "pi_threads_0.jl").unlink()
    write_manifest(copy)
    write_site(copy, tmp_path / "report")
    told = Page(tmp_path / "report" / "programs" / "gpt-5.5" / "pi_threads_0.html").text
    assert "has no attempt: there is no program to run" in told
    assert "repro run" not in told


def test_the_harness_says_where_a_program_threw(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    record = {"event": "error", "phase": "check", "rank": 3, "backtrace": "BoundsError\n [1] pi:3"}
    (copy / LOG / "result.jsonl").write_text(f'{json.dumps(record)}\n{{"event": "beg')
    write_site(copy, tmp_path / "report")
    told = Page(tmp_path / "report" / "programs" / "gpt-5.5" / "cholesky_threads_0.html").text
    assert "backtrace, phase check, rank 3" in told
    assert "BoundsError\n [1] pi:3" in told


def test_a_deadlock_shows_whose_code_the_stacks_are_in(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    table = copy / "gpt-5.5" / "attempts.csv"
    table.write_text(table.read_text().replace("wrong-result", "deadlock"))
    plan = {"command": ["julia", "--kernel", "/kernels/m/pi_dagger_0.jl"]}
    (copy / LOG / "attempt.json").write_text(json.dumps(plan))
    shutil.copy(ROOT / "tests" / "stacks" / "lock-across-fetch.txt", copy / LOG / "stderr.txt")
    write_site(copy, tmp_path / "report")
    told = Page(tmp_path / "report" / "programs" / "gpt-5.5" / "cholesky_threads_0.html").text
    assert "1 of 11 tasks in the program, 10 in Dagger" in told


@pytest.mark.parametrize("answers", [6, 5])
def test_what_turns_cost_is_the_gateways_count(answers: int, small: Path, tmp_path: Path) -> None:
    """OpenCode writes 0, for it knows no price of a provider of our own."""
    copy = shutil.copytree(small, tmp_path / "made-up")
    atif = copy / SESSION / "atif.json"
    atif.write_text(atif.read_text().replace('"cost_usd": 0.021', '"cost_usd": 0.0'))
    lines = [{"n": i, "usage": {"dollars": 0.021}} for i in range(answers)]
    lines.append({"n": answers, "usage": None})  # refused by the gateway: it cost nothing
    exchanges = copy / SESSION / "exchanges.jsonl"
    exchanges.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    write_site(copy, tmp_path / "report")
    page = Page(tmp_path / "report" / "sessions" / "gpt-5.5" / "cholesky_threads_0-0.html").text
    whole = "$0.1260 so far" in page
    assert whole == (answers == 6)
    assert ("dollars are known only for the whole session" in page) != whole


def test_a_step_cannot_choose_its_style(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    atif = copy / SESSION / "atif.json"
    atif.write_text(atif.read_text().replace('"source": "agent"', '"source": "agent skip o-ok"'))
    write_site(copy, tmp_path / "report")
    page = tmp_path / "report" / "sessions" / "gpt-5.5" / "cholesky_threads_0-0.html"
    assert 'class="step"' in page.read_text()
    assert not re.search('class="[^"]*skip o-ok', page.read_text())


def test_the_committed_dataset(tmp_path: Path) -> None:
    answer = report("--dataset", "baseline", "--out", tmp_path / "report")
    assert answer.return_value == 0, answer.output
    found = json.loads((tmp_path / "report" / "report.json").read_text())
    assert found["dataset"] == "baseline"
    assert (found["programs"], found["attempts"], found["gaps"]) == (6, 12, [])


def test_a_trial_run_writes_nothing(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    answer = report("--dataset", dataset, "--out", out, "--dry-run")
    said = f"would write {out}: 8 programs, 36 cells, 34 attempts, 4 sessions\n"
    assert (answer.return_value, answer.output) == (0, said)
    assert list(tmp_path.iterdir()) == []


def test_only_a_report_is_replaced(tmp_path: Path) -> None:
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.tex").touch()
    answer = report("--dataset", "baseline", "--out", foreign)
    assert "is not a report" in str(answer.exception)
    out = tmp_path / "report"
    assert report("--dataset", "baseline", "--out", out).return_value == 0
    (out / "stale.html").touch()
    assert report("--dataset", "baseline", "--out", out).return_value == 0
    assert not (out / "stale.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "report"]


def test_no_such_dataset_is_one_line(tmp_path: Path) -> None:
    answer = report("--dataset", "none", "--data", tmp_path, "--out", tmp_path / "report")
    assert "no such dataset" in str(answer.exception)


def _replace(path: Path, by: Path | None) -> None:
    """By a link, or by a directory."""
    path.unlink()
    path.symlink_to(by) if by else path.mkdir()


WAYS: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 3),
    "list": lambda path: path.write_bytes(b"[1, null]\n"),
    "odd": lambda path: path.write_bytes(
        b'{"steps": [{"metrics": {"cost_usd": NaN}}], "ending": 3, "harness": "'
        + b"9" * 5000
        + b'", "usage": [], "kernel": {}, '
        b'"command": {}, "limits": 3, "cores": "x", "machine": 5, '
        b'"seconds": 1' + b"0" * 400 + b"}"
    ),
    "deep": lambda path: path.write_bytes(
        (b"a=" if path.suffix == ".toml" else b"") + b"[" * 9000 + b"]" * 9000 + b"\n"
    ),
    "link": lambda path: _replace(path, Path("/etc/passwd")),
    "directory": lambda path: _replace(path, None),
}
KINDS = (
    layout.DESCRIPTION, layout.STUDY, "SHA256SUMS", "environment/e1.json", "gpt-5.5/attempts.csv",
    "gpt-5.5/runtimes/pi_threads_0.csv", "gpt-5.5/kernels/cholesky_threads_0.jl",
    *(f"{LOG}/{name}" for name in ("attempt.json", "outcome.json", "samples.csv", "stderr.txt")),
    *(f"{SESSION}/{name}" for name in ("session.json", "atif.json")),
    f"{SESSION}/workspace/cholesky_threads.jl",
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up(tmp_path_factory.mktemp("small"), SMALL)


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_leaves_a_report_that_names_it(
    name: str, small: Path, tmp_path: Path
) -> None:
    for way, damage in WAYS.items():
        copy = shutil.copytree(small, tmp_path / way / "made-up")
        damage(copy / name)
        answer = report("--dataset", copy, "--out", tmp_path / way / "report")
        assert answer.exception is None, (way, answer.exc_info)
        assert answer.return_value == 1, way
        index = Page(tmp_path / way / "report" / "index.html").text
        assert "Missing or damaged" in index
        assert Path(name).name in index or name == "SHA256SUMS", way  # then all others are extra
        assert str(tmp_path) not in index
        everything = b"".join(content(tmp_path / way / "report").values())
        assert b"root:x:0" not in everything, way


def test_a_machine_described_at_great_depth_is_cut(small: Path, tmp_path: Path) -> None:
    """A depth that JSON bears and a page does not."""
    copy = shutil.copytree(small, tmp_path / "made-up")
    (copy / "environment" / "e2.json").write_text('{"a":' * 400 + "1" + "}" * 400)
    write_manifest(copy)
    write_site(copy, tmp_path / "report")
    assert "nested too deeply" in Page(tmp_path / "report" / "environment.html").text


def test_an_empty_directory_gives_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    answer = report("--dataset", tmp_path / "nothing", "--out", tmp_path / "report")
    assert answer.return_value == 1
    told = Page(tmp_path / "report" / "index.html").text
    for name in ("SHA256SUMS", layout.STUDY, layout.DESCRIPTION):
        assert f"nothing/{name}: cannot be read" in told
    assert "3 files or records are missing or damaged" in told
    everything = b"".join(content(tmp_path / "report").values())
    assert str(tmp_path).encode() not in everything


def test_rows_that_cannot_be_are_named_and_the_rest_is_shown(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    table = copy / "gpt-5.5" / "attempts.csv"
    lines = table.read_text().splitlines()
    cell = lines[1].split(",")[0]
    for before, after in ((cell, "../../../etc/x/y/0@1x1x1"), (",1,gpt", ",one,gpt"), ("ok", "k")):
        lines.append(lines[1].replace(before, after, 1))
    table.write_text("\n".join([*lines, lines[1]]) + "\n")
    found = Contents(Dataset(copy))
    shown = {str(each.program): len(each.cells) for each in found.programs}
    assert shown["gpt-5.5/pi/threads/0"] == 2
    told = "\n".join(found.gaps)
    for word in ("not a cell's name", "'one' is no number", "is no outcome", "there twice"):
        assert word in told


def test_evidence_that_is_not_there_is_named(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    shutil.rmtree(copy / LOG)
    write_manifest(copy)
    gaps = write_site(copy, tmp_path / "report").gaps
    assert gaps == [f"made-up/{LOG}: missing; the dataset has no evidence of this attempt"]


def test_an_attempt_of_ours_does_not_count_beside_the_programs(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    table = copy / "gpt-5.5" / "attempts.csv"
    line = next(line for line in table.read_text().splitlines() if "wrong-result" in line)
    newer = line.replace("@1x1x2,1,", "@1x1x2,2,").replace("wrong-result", "infrastructure")
    table.write_text(f"{table.read_text()}{newer}\n")
    name = CellName.parse(line.split(",")[0])
    add_log(copy, name, "infrastructure", "lost", 2)
    (cell,) = (
        each.cells[str(name)]
        for each in Contents(Dataset(copy)).programs
        if each.program == name.program
    )
    assert (cell.outcome, cell.counts, len(cell.attempts)) == ("wrong-result", 1, 2)


def test_a_session_that_was_killed_is_told_by_its_events(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "made-up")
    (copy / SESSION / "atif.json").unlink()
    part = {"tool": "bash", "state": {"input": {"command": "ls"}, "output": "x.jl"}}
    events = [
        {"type": "step_start", "timestamp": 1000},
        {"type": "text", "timestamp": 2000, "part": {"text": "Hello"}},
        {"type": "tool_use", "timestamp": 4500, "part": part},
    ]
    text = "".join(f"{json.dumps(event)}\n" for event in events)
    (copy / SESSION / "events.jsonl").write_text(f'{text}{{"type": "te')
    found = transcript(Shelf(Dataset(copy)), Program("gpt-5.5", "cholesky", "threads", 0), 0)
    assert [step.message.head for step in found.steps] == ["Hello", ""]
    assert [step.seconds for step in found.steps] == [0.0, 2.5]
    assert found.steps[1].calls[0].title == "ls"
    assert "no atif.json" in found.remarks[0]


def test_files_are_followed_through_the_agents_tools() -> None:
    files = Files()
    files.follow("write", {"filePath": "/workspace/a.jl", "content": "x = 1\ny = 1\n"})
    files.follow("edit", {"filePath": "a.jl", "oldString": "1", "newString": "2"})
    assert files.texts == {"a.jl": "x = 2\ny = 1\n"}
    files.follow(
        "edit", {"filePath": "a.jl", "oldString": "=", "newString": "+=", "replaceAll": True}
    )
    files.follow("edit", {"filePath": "a.jl", "oldString": "absent", "newString": "z"})
    files.follow("write", {"filePath": "/etc/passwd", "content": "x"})
    files.follow("write", {"filePath": 3, "content": None})
    assert files.texts == {"a.jl": "x += 2\ny += 1\n"}
    patch = (
        "*** Begin Patch\n*** Add File: /workspace/b.jl\n+one\n+two\n*** Update File: a.jl\n@@\n"
        " x += 2\n-y += 1\n+y += 3\n*** End Patch\n"
    )
    files.follow("apply_patch", {"patchText": patch})
    assert files.texts == {"a.jl": "x += 2\ny += 3\n", "b.jl": "one\ntwo\n"}
    files.follow("apply_patch", {"patchText": "*** Delete File: b.jl\n*** End Patch"})
    assert list(files.texts) == ["a.jl"]


def test_a_diff_has_what_changed() -> None:
    found = diff("a.jl", "one\ntwo\n", "one\n--- three\n")
    assert [line.kind for line in found.lines] == ["at", "same", "del", "add"]
    assert (found.added, found.removed, found.left_out) == (1, 1, 0)
    assert diff("a.jl", "", "x\n" * 1000).left_out == 601


def test_colours_go_and_what_hides_is_shown() -> None:
    assert plain("\x1b[1;31mred\x1b[0m\r\n") == "red\n"
    assert plain("a\u202eb\x00\ud800é\tπ") == "a⟨U+202E⟩b⟨U+0000⟩⟨U+D800⟩é\tπ"


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_highlighting_changes_no_text(text: str) -> None:
    shown = unescape(re.sub(r"<[^>]*>", "", str(julia(text))))
    assert shown.rstrip("\n") == plain(text).rstrip("\n")


def test_a_cut_keeps_beginning_and_end() -> None:
    found = cut("a" * 100 + "b" * 100, "x/y", 90)
    assert (found.head, found.tail, found.left_out) == ("a" * 30, "b" * 60, 110)
    assert cut("short", "x/y", 90).left_out == 0


def test_a_file_is_cut_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.write(b"begin")
        file.seek(10**10)  # a hole
        file.write(b"end")
    found = Shelf(Dataset(tmp_path)).excerpt("large.txt", 300)
    assert found
    assert found.head.startswith("begin")
    assert found.tail.endswith("end")
    assert found.left_out == 10**10 + 3 - 300


def samples(rows: Iterator[tuple[float, str, float, float]]) -> str:
    lines = [f"{s},{phase},{cpu},{memory},1,4,1\n" for s, phase, cpu, memory in rows]
    return "seconds,phase,cpu_seconds,memory_bytes,processes,threads,runnable\n" + "".join(lines)


def test_samples_are_thinned_and_scaled() -> None:
    text = samples((i / 10, "a" if i < 500 else "b", 0.2 * i, 1e6) for i in range(1000))
    plot = samples_plot(text, "x")
    assert plot
    assert len(plot.cores.split()) == POINTS
    assert [phase.name for phase in plot.phases] == ["a", "b"]
    assert plot.most_cores == pytest.approx(2.0)
    assert (plot.most_memory, plot.samples, plot.threads) == (1e6, 1000, 4)
    assert samples_plot(samples(iter([(0.0, "a", 0.0, 1.0)])), "x") is None


def test_the_time_line_adds_up_what_was_spent() -> None:
    line = time_line([Turn(3, 0.0, 100, 10, 0.5), Turn(4, 50.0, 200, 20, 0.25)], 100.0)
    assert line
    assert [mark.x for mark in line.turns] == ["0", "360"]
    assert (line.most, line.dollars, line.seconds) == (200, 0.75, 100.0)
    assert time_line([], 5.0) is None
