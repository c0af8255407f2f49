"""Figures: what they show, that their bytes repeat anywhere, and the command that draws them."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_analysis_data import (
    MACHINE,
    Result,
    add_session,
    full,
    tiled,
    tiny,
    write_dataset,
    write_varied,
)

from paper_figures import outcome_matrix, style
from paper_figures.numbers import csv_text, tex_text
from paper_figures.render import FIGURES, FORMATS, TABLES, drawings, render
from repro import ROOT
from repro.analysis.missing_data import NO_KERNEL
from repro.analysis.tidy import Tidy, load
from repro.cli import figures_command
from repro.errors import UserError
from repro.measure.outcomes import FLAGS, OUTCOMES
from repro.study.expand import Cell

DRAWN = [name for name in FIGURES if name != "granularity"]
"""Figures of a study with one tile for each n."""
NAMES = sorted(f"{name}.{kind}" for name in DRAWN for kind in (*FORMATS, *TABLES))
Shown = Callable[[str], dict[str, Figure]]
ONCE = {"pass_at_k", "agentic", "generation_cost"}
"""Figures of all sizes together."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory: a dataset of two threads, one with every outcome, one with sessions."""
    data = tmp_path_factory.mktemp("data")
    write_dataset(data, "smoke", tiny, "tiny")
    write_dataset(data, "paper", full, "full")
    write_varied(data)
    (data / "varied.toml").unlink()
    write_dataset(data, "granularity", tiled, "tiles")
    return data


@pytest.fixture(scope="module")
def shown(made: Path) -> Shown:
    """The figures of one of these datasets, drawn once; nobody may change them."""
    return cache(lambda name: drawn(load(made / name)))


def drawn(tidy: Tidy) -> dict[str, Figure]:
    with style.printed():
        return {name: figure for name, figure, _ in drawings(tidy)}


@cache
def texts_of(figure: Figure) -> list[Text]:
    """Text that a reader sees."""
    figure.draw_without_rendering()
    seen = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return [text for text in seen if isinstance(text, Text) and text.get_text().strip()]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts_of(figure)]


def test_every_outcome_and_flag_has_a_look() -> None:
    assert tuple(outcome_matrix.OUTCOMES) == (*OUTCOMES, NO_KERNEL)
    assert {*outcome_matrix.CORNERS, "tampered"} == set(FLAGS)
    letters = [look.letter for look in outcome_matrix.OUTCOMES.values()]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("name", ["tiny", "full", "varied", "tiles"])
def test_every_figure_names_its_dataset(shown: Shown, name: str) -> None:
    for figure in shown(name).values():
        assert any(f"Dataset {name}" in text for text in words(figure))


def test_a_figure_with_times_names_machine_and_repetitions(shown: Shown) -> None:
    texts = words(shown("tiny")["strong_scaling_shared"])
    assert f"Dataset tiny; machine: {MACHINE}." in texts
    assert any("geometric mean of 3 correct repetitions" in text for text in texts)


def test_a_panel_without_data_says_so(shown: Shown) -> None:
    figures = shown("tiny")
    assert words(figures["strong_scaling_distributed"]).count("no data in tiny") == 6
    assert "no data in tiny" not in words(figures["strong_scaling_shared"])
    assert "no data (141)" in words(figures["outcome_matrix"])


def test_the_vendor_s_pi_is_not_drawn_and_the_figure_says_so(shown: Shown) -> None:
    figure = shown("tiny")["strong_scaling_shared"]
    assert any(text.startswith("Not drawn: the vendor's pi") for text in words(figure))
    orange = [
        [line for line in axes.lines if line.get_color() == style.MODEL_COLOURS["vendor"]]
        for axes in figure.axes
    ]
    assert [bool(lines) for lines in orange] == [False, False, True, True, True, True]


def test_times_of_other_machines_are_left_out_and_counted(made: Path, tmp_path: Path) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "two")
    (dataset / "environment" / "e2.json").write_text('{"machine": "Another"}')
    attempts = dataset / "vendor" / "attempts.csv"
    attempts.write_text(attempts.read_text().replace(",e1,", ",e2,"))
    texts = words(drawn(load(dataset))["strong_scaling_shared"])
    assert "Not drawn: 4 cells with times of other machines." in texts


def test_threads_are_not_taken_for_cores(made: Path, tmp_path: Path) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "crowded")
    machine = json.dumps({"machine": MACHINE, "cores": 1})
    (dataset / "environment" / "e1.json").write_text(machine)
    figures = drawn(load(dataset))
    texts = words(figures["strong_scaling_shared"])
    assert "Not drawn: 5 cells on fewer cores than threads or ranks." in texts
    assert "2" not in texts, "no tick beyond the cores that there were"
    assert any(
        "6 on fewer cores than threads" in text for text in words(figures["failure_envelope"])
    )
    assert "flag: oversubscribed (6)" in words(figures["outcome_matrix"])
    path = dataset / "environment" / "e1.json"
    path.write_text(machine.replace('"cores": 1', '"cores": 2'))
    assert not any(
        "fewer cores" in text for one in drawn(load(dataset)).values() for text in words(one)
    )


def test_points_that_leave_cores_idle_are_marked(made: Path, tmp_path: Path) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "idle")
    path = dataset / "reference" / "attempts.csv"
    cell = "reference/gemm/threads/0@1x1x2"
    path.write_text("".join(
        line.replace(",ok,,", ",ok,idle-threads,") if line.startswith(cell) else line
        for line in path.read_text().splitlines(keepends=True)
    ))  # fmt: skip
    figure = drawn(load(dataset))["strong_scaling_shared"]
    assert any("(1 of 10 points)" in text for text in words(figure))
    assert "flag idle-threads" in words(figure)
    colour = style.MODEL_COLOURS["reference"]
    filled = [
        len(line.get_xdata())  # type: ignore[arg-type]
        for axes in figure.axes for line in axes.lines
        if line.get_linestyle() == "None" and line.get_markerfacecolor() == colour
        and line.get_marker() != "_"
    ]  # fmt: skip
    assert filled == [1, 1], "in time and in speedup"


def test_whether_a_time_includes_the_input_is_said_where_frameworks_are_compared(
    tmp_path: Path,
) -> None:
    def both(cell: Cell) -> Result | None:
        made = cell.program.model == "reference" and cell.scale.cores <= 2
        return ("ok", "", [1.0, 1.1, 1.2]) if made else None

    dataset = write_dataset(tmp_path, "smoke", both)
    figures = drawn(load(dataset))
    told = "Times include making the input, which those of shared-memory programs do not"
    assert f"{told}." in words(figures["strong_scaling_distributed"])
    other = "Times do not include making the input; those of distributed-memory programs do."
    assert other in words(figures["strong_scaling_shared"])
    runtimes = dataset / "reference" / "runtimes" / "gemm_mpi_0.csv"
    header, *rows = runtimes.read_text().splitlines()
    runtimes.write_text("\n".join([f"{header},input_seconds", *(f"{row},0.11" for row in rows)]))
    texts = " ".join(words(drawn(load(dataset))["strong_scaling_distributed"]))
    assert f"{told}; its part: MPI.jl GEMM 10 %." in texts


def test_several_sizes_give_numbered_figures(made: Path, tmp_path: Path) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "sizes")
    study = dataset / "study.toml"
    larger = "[{ n = 1536, tile = 256 }, { n = 3072, tile = 256 }]"
    study.write_text(study.read_text().replace("[{ n = 1536, tile = 256 }]", larger))
    figures = drawn(load(dataset))
    assert set(figures) == {*DRAWN, *(f"{name}_2" for name in set(DRAWN) - ONCE)}
    assert "GEMM, n = 3,072" in words(figures["outcome_matrix_2"])
    assert not any(text.startswith("Pi") for text in words(figures["outcome_matrix_2"]))


def test_a_study_without_distributed_memory_has_no_figure_of_it(made: Path, tmp_path: Path) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "shared")
    study = dataset / "study.toml"
    text = study.read_text()
    text = text[: text.index("[frameworks.dagger]")] + text[text.index("[scale_points]") :]
    study.write_text(text[: text.index("distributed = ")] + "distributed = []\n")
    without = [name for name in DRAWN if name != "strong_scaling_distributed"]
    assert list(drawn(load(dataset))) == without


def test_a_program_without_its_first_point_has_no_speedup(tmp_path: Path) -> None:
    def late(cell: Cell) -> Result | None:
        first = 2 if cell.program.model == "vendor" else 1
        return tiny(cell) if cell.scale.cores >= first else None

    texts = words(drawn(load(write_dataset(tmp_path, "smoke", late)))["strong_scaling_shared"])
    assert "Programs without a time at 1 have no speedup: 2." in texts


@pytest.mark.parametrize("name", ["tiny", "full", "varied", "tiles"])
def test_labels_do_not_overlap_and_stay_on_the_page(shown: Shown, name: str) -> None:
    for title, figure in shown(name).items():
        boxes = [(text.get_window_extent(), text.get_text()) for text in texts_of(figure)]
        boxes = [(box, text) for box, text in boxes if box.width > 0]
        for box, text in boxes:
            across = box.x0 >= 0 and box.x1 <= figure.bbox.x1
            down = box.y0 >= 0 and box.y1 <= figure.bbox.y1
            assert (across, down) == (True, True), f"{title}: {text} leaves the page"
        for (one, text), (other, second) in itertools.combinations(boxes, 2):
            wide = min(one.x1, other.x1) - max(one.x0, other.x0)
            high = min(one.y1, other.y1) - max(one.y0, other.y0)
            crossing = wide > 1 and high > 1  # a pixel at 100 dpi is less than a line's own space
            assert not crossing, f"{title}: {text!r} over {second!r}"


@pytest.mark.parametrize("name", ["tiny", "full", "varied", "tiles"])
def test_no_text_is_smaller_than_seven_points(shown: Shown, name: str) -> None:
    for figure in shown(name).values():
        assert min(float(text.get_fontsize()) for text in texts_of(figure)) >= 7


DRAW = """
import os, sys
from pathlib import Path
if len(sys.argv) > 3:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from paper_figures.render import render
render(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def draw_elsewhere(
    dataset: Path, out: Path, cwd: Path, *arguments: str, **environment: str
) -> dict[str, bytes]:
    """Draw in a process of its own; its files."""
    subprocess.run(
        [sys.executable, "-W", "error", "-c", DRAW, str(dataset), str(out), *arguments],
        check=True,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
    )
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    assert sorted(one) == sorted(other) == NAMES
    return [name for name in NAMES if one[name] != other[name]]


@pytest.fixture(scope="module")
def reference(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The figures of `full`, drawn once."""
    home = tmp_path_factory.mktemp("home")
    return draw_elsewhere(made / "full", home / "out", home, HOME=str(home))


def test_no_dependence_on_the_user_s_surroundings(
    made: Path, reference: dict[str, bytes], tmp_path: Path
) -> None:
    rc = "font.size: 20\nfont.family: serif\naxes.grid: True\nbackend: svg\n"
    for directory in ("cwd", ".config/matplotlib"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / "matplotlibrc").write_text(rc)
    files = draw_elsewhere(
        made / "full", tmp_path / "out", tmp_path / "cwd", HOME=str(tmp_path),
        TZ="Asia/Kathmandu", LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8", PYTHONHASHSEED="7",
        SOURCE_DATE_EPOCH="86400", MPLBACKEND="svg",
    )  # fmt: skip
    assert differing(reference, files) == []


def test_no_dependence_on_the_processor(
    made: Path, reference: dict[str, bytes], tmp_path: Path
) -> None:
    files = draw_elsewhere(
        made / "full", tmp_path / "out", tmp_path, "one core", HOME=str(tmp_path),
        NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        OPENBLAS_CORETYPE="Prescott", OPENBLAS_NUM_THREADS="1",
        GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4", PYTHONWARNINGS="default",
    )  # fmt: skip
    assert differing(reference, files) == []


def test_intervals_do_not_depend_on_the_processor(made: Path, tmp_path: Path) -> None:
    """Only this dataset has bootstrap intervals."""
    (tmp_path / "home").mkdir()
    old = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4", "OPENBLAS_CORETYPE": "Prescott"}
    one, other = (
        draw_elsewhere(made / "varied", tmp_path / name, tmp_path, "one core",
                       HOME=str(tmp_path / "home"), PYTHONWARNINGS="default", **environment)
        for name, environment in (("one", {}), ("other", old))
    )  # fmt: skip
    assert differing(one, other) == []


def test_every_figure_has_its_numbers_beside_it(made: Path) -> None:
    with style.printed():
        numbers = {name: table for name, _, table in drawings(load(made / "varied"))}
    assert len(numbers["outcome_matrix"]) == 252
    cost = numbers["generation_cost"]
    times = cost[(cost["measure"] == "seconds") & (cost["what"] == "session")]
    assert len(times) == 80
    assert set(numbers["agentic"]["variant"]) == {"agent", "agent, no docs", "single-shot"}
    assert {1, 2, 5, 10} == set(numbers["pass_at_k"]["k"])


def test_numbers_as_csv_and_latex() -> None:
    table = pd.DataFrame({"a_b": ['x, "y"', "50 %"], "n": [3, 12], "v": [float("nan"), 1 / 3]})
    assert csv_text(table) == 'a_b,n,v\n"x, ""y""",3,\n50 %,12,0.333333\n'
    lines = tex_text(table, "d").splitlines()
    assert lines[0].startswith("% Dataset d.")
    assert lines[1] == r"\begin{longtable}{lrr}"
    assert r"a\_b & n & v \\" in lines
    assert r"50 \% & 12 & 0.333333 \\" in lines
    assert 'x, "y" & 3 & -- \\\\' in lines
    assert "no data in d" in tex_text(table.head(0), "d")


def test_a_program_that_was_not_written_is_something_else_than_no_data(
    made: Path, tmp_path: Path
) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "tiny")
    model = next(name for name in load(dataset).study.models if name not in {"reference", "vendor"})
    add_session(dataset, f"{model}/pi/threads/0", ending="no-kernel")
    figures = drawn(load(dataset))
    assert any(text.startswith("no-kernel (") for text in words(figures["outcome_matrix"]))
    assert "no program left" in words(figures["failure_envelope"])


def test_a_model_has_one_colour() -> None:
    assert style.colours(["a", "a", "b"]) == style.colours(["a", "b"])


def test_a_new_framework_has_a_look_of_its_own() -> None:
    looks = style.looks(["threads", "new", "newer"])
    assert len({look["marker"] for look in looks.values()}) == len(looks)
    assert looks["threads"] == style.FRAMEWORKS["threads"]


def test_sessions_that_are_not_the_model_s_doing_are_not_drawn(made: Path, tmp_path: Path) -> None:
    dataset = shutil.copytree(made / "tiny", tmp_path / "ended")
    add_session(dataset, "gpt-5.5/pi/threads/0", 0, ending="provider-down", seconds=9999.0)
    add_session(dataset, "gpt-5.5/pi/threads/0", 1, seconds=120.0)
    figure = drawn(load(dataset))["generation_cost"]
    left_out = "sessions: 1 finished. Not drawn, as not the model's doing: 1 provider-down."
    assert f"Dataset tiny; {left_out}" in words(figure)
    assert "no data in tiny" in words(figure)  # dollars


def test_files_hold_no_dates_and_no_paths(reference: dict[str, bytes], made: Path) -> None:
    for name, content in reference.items():
        assert not re.search(rb"20\d\d-\d\d-\d\d|D:20\d\d", content), name
        assert str(made).encode() not in content
        assert str(ROOT).encode() not in content


def test_an_unwritable_home_leaves_nothing_behind(made: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    files = draw_elsewhere(
        made / "tiny", tmp_path / "out", tmp_path, HOME="/proc/nowhere",
        TMPDIR=str(tmp_path / "tmp"),
    )  # fmt: skip
    assert sorted(files) == NAMES
    assert list((tmp_path / "tmp").iterdir()) == []


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `repro figures` in this process."""
    result = CliRunner().invoke(figures_command.command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return int(result.return_value or 0), result.output


def test_the_command_draws_and_lists(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, output = run("--data", str(made), "--dataset", "tiny", "--out", str(out))
    assert code == 0
    assert sorted(output.split()) == [str(out / name) for name in NAMES]
    assert sorted(path.name for path in out.iterdir()) == NAMES


def test_check_compares_and_update_expected_settles(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures_command, "EXPECTED", tmp_path)
    wanted = ("--data", str(made), "--dataset", "tiny")
    code, output = run(*wanted, "--check")
    assert (code, "missing; make it with --update-expected" in output) == (1, True)
    assert run(*wanted, "--update-expected")[0] == 0
    assert run(*wanted, "--check") == (0, "tiny: 35 files, all as expected\n")
    svg = tmp_path / "tiny" / "outcome_matrix.svg"
    svg.write_text(svg.read_text().replace("</svg>", "</SVG>"))
    code, output = run(*wanted, "--check")
    assert (code, "outcome_matrix.svg: does not match SHA256SUMS" in output) == (1, True)


def test_dry_run_writes_nothing(made: Path, tmp_path: Path) -> None:
    code, output = run("--data", str(made), "--dry-run", "--update-expected")
    assert code == 0
    assert output.count("would draw the figures of") == 4
    out = tmp_path / "out"
    run("--data", str(made), "--dataset", "tiny", "--out", str(out), "--dry-run")
    assert not out.exists()


def test_what_the_user_can_put_right_is_one_line(made: Path, tmp_path: Path) -> None:
    data = ("--data", str(made))
    with pytest.raises(UserError, match=r"^nix: .* has: full, tiles, tiny, varied"):
        run(*data, "--dataset", "nix")
    with pytest.raises(UserError, match="no dataset found; make one with `repro collect`"):
        run("--data", str(tmp_path))
    with pytest.raises(UserError, match="takes the figures of one dataset; add --dataset"):
        run(*data, "--out", "x")
    with pytest.raises(UserError, match="give one of them"):
        run(*data, "--check", "--update-expected")
    with pytest.raises(UserError, match="draw elsewhere; leave it out"):
        run(*data, "--check", "--out", "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        run(*data, "--dataset", "tiny", "--out", str(tmp_path / "file" / "x"))


def test_drawing_twice_in_one_process_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    for name in ("1", "2"):
        render(made / "tiny", tmp_path / name)
    files = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("1", "2")]
    assert differing(*files) == []
