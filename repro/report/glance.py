"""The summary of a dataset: the first questions of a reader, answered in a sentence or two each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.analysis.attribution_words import tally
from repro.claims.load import PAPER, load_claims, models_of
from repro.claims.model import in_words
from repro.measure.outcomes import OUR_OUTCOMES, PROGRAM_OUTCOMES
from repro.report.contents import CellFound, Contents
from repro.report.overview import Analysis

VERDICTS = ("supported", "refuted", "cannot tell")
_REASONS = 6
"""Most reasons listed for unavailable cells."""


class Line(NamedTuple):
    """A question, its answer, and a link to the details."""

    question: str
    answer: str
    page: str
    more: str


def glance(
    contents: Contents,
    endings: Mapping[str, int],
    analysis: Analysis,
    gaps: int,
) -> list[Line]:
    """Summarise what a dataset is, shows and lacks.

    Args:
        contents: the dataset's contents.
        endings: number of sessions by ending.
        analysis: whose fault failures are, and the paper's claims with their verdicts.
        gaps: number of missing or damaged files and records.
    """
    cells = [cell for found in contents.programs for cell in found.cells.values()]
    what = f"{_programs(contents)}{_scale(cells)}."
    lines = [Line("What is it?", what, "environment.html", "machines and sizes")]
    of = f" of {len(cells):,}" if contents.study else ""
    lines.append(Line("What are the outcomes?", _outcomes(cells, of), "matrix.html", "every cell"))
    if len(analysis.attribution) and contents.study:
        told = f"Of {len(analysis.attribution):,} failed cells: {tally(analysis.attribution)}. "
        told += f"Each is compared with what {contents.study.control} does at its scale point."
        lines.append(
            Line(
                "Whose fault are failures?", told, "#whose-fault-failures-are", "every failed cell"
            )
        )
    if endings:
        order = sorted(endings, key=lambda name: (-endings[name], name))
        text = f"In {sum(endings.values())} sessions, by ending: {_counts(endings, order)}."
        question = "How were the programs written?"
        lines.append(Line(question, text, "sessions.html", "every session"))
    claims = analysis.claims
    verdicts = Counter(str(claim["verdict"]) for claim in claims)
    text = f"Of {len(claims)}: {_counts(verdicts, VERDICTS, zeros=True)}."
    if claims:
        lines.append(Line("What about the paper's claims?", text, "claims.html", "every claim"))
    missing = " ".join(_missing(contents, cells, gaps))
    lines.append(Line("What is missing?", missing, "#missing", "metrics without data"))
    return lines


def _programs(contents: Contents) -> str:
    if not contents.study:
        return f"{len(contents.programs)} programs; the study cannot be read"
    study = contents.study
    models, problems, frameworks = (
        _listed(each.title for each in group.values())
        for group in (study.models, study.problems, study.frameworks)
    )
    return f"Parallel Julia programs for {problems} with {frameworks}; by {models}"


def _scale(cells: Sequence[CellFound]) -> str:
    cores = sorted({cell.name.scale.cores for cell in cells})
    if not cores:
        return ""
    span = f"{cores[0]} to {cores[-1]} threads" if len(cores) > 1 else f"{cores[0]} threads"
    return f"; on {span}"


def _outcomes(cells: Sequence[CellFound], of: str) -> str:
    """Count cells by outcome; without the study, the number of all cells is unknown."""
    attempted = sum(bool(cell.attempts) for cell in cells)
    came = Counter(cell.outcome for cell in cells if cell.outcome in PROGRAM_OUTCOMES)
    flagged = sum(bool(cell.flags) for cell in cells)
    told = f"{attempted:,}{of} cells were attempted"
    if came:
        others = PROGRAM_OUTCOMES[1:]
        told += f"; {came.total():,} have an outcome of the program: {came['ok']:,} ok"
        told += "".join(f", {came[name]:,} {name}" for name in others if came[name])
    elif attempted:
        told += "; none has an outcome of the program"
    return f"{told}. {flagged:,} cells have flags." if flagged else f"{told}."


def _missing(contents: Contents, cells: Sequence[CellFound], gaps: int) -> Iterator[str]:
    models = models_of(load_claims(PAPER))
    if gaps:
        yield f"{gaps:,} files or records are missing or damaged, as listed below."
    else:
        yield "No file is missing or damaged."
    if not contents.study:
        yield "The study cannot be read, so its cells are unknown."
    elif not any(found.program.model in models for found in contents.programs):
        many = f"{in_words(len(models))} models"
        yield f"The dataset has no program of the paper's {many} ({', '.join(models)})."
    never = [cell for cell in cells if not cell.attempts]
    if never:
        without = sum(not contents.has_program(cell.name.program) for cell in never)
        why = f", {without:,} of them because there is no program" if without else ""
        yield f"{len(never):,} cells of the study were never attempted{why}."
    ours = Counter(cell.outcome for cell in cells if cell.outcome in OUR_OUTCOMES)
    if ours:
        lasts = [cell.attempts[-1] for cell in cells if cell.outcome == "unavailable"]
        reasons = sorted({row["detail"] for row in lasts if row["detail"]})[:_REASONS]
        why = f" ({'; '.join(reasons)})" if reasons else ""
        yield f"Cells excluded from rates: {_counts(ours, OUR_OUTCOMES)}{why}."


def _counts(found: Mapping[str, int], order: Iterable[str], *, zeros: bool = False) -> str:
    return ", ".join(
        f"{found.get(name, 0):,} {name}" for name in order if zeros or found.get(name, 0)
    )


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
