"""The table of claims: a line for each, by the dataset that tells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repro.claims.judge import Finding, Judged
from repro.claims.model import Claim

HEADS = ("claim", "verdict", "number", "95 % interval", "cores", "dataset")
"""Headings of `Row.columns`."""
DISAGREE = "disagree"
"""The verdict where one dataset supports a claim and another refutes it."""


@dataclass(frozen=True)
class Row:
    """A claim with what several datasets say to it together.

    Attributes:
        claim: the claim.
        findings: by dataset: of the one that tells, or of one for each verdict if they disagree.
    """

    claim: Claim
    findings: Mapping[str, Finding]

    @property
    def verdict(self) -> str:
        """`supported`, `refuted`, `cannot tell` or `disagree`."""
        words = [finding.verdict.word for finding in self.findings.values()]
        return words[0] if len(words) == 1 else DISAGREE

    @property
    def label(self) -> str:
        """Its name; that of a part is indented and leaves out what it has in common."""
        whole = self.claim.part_of
        return f"  {self.claim.name.removeprefix(whole)}" if whole else self.claim.name

    @property
    def clause(self) -> str:
        """What is told instead of a number: which datasets disagree, or what is missing."""
        told = {name: finding.verdict for name, finding in self.findings.items()}
        if len(told) > 1:
            return ", ".join(f"{verdict.word} by {name}" for name, verdict in told.items())
        return "".join(
            f"needs {finding.needs}" for finding in self.findings.values() if finding.needs
        )

    @property
    def headline(self) -> list[str]:
        """The number, its interval, and the cores of the verdict; empty where there is none."""
        finding = next(iter(self.findings.values()))
        headline = finding.verdict.headline
        number = [headline.number, headline.interval] if headline else ["", ""]
        return [*number, str(finding.cores or "")]

    @property
    def columns(self) -> list[str]:
        """Its line, as `HEADS` names the columns; with a clause, that is the last column."""
        if self.clause:
            return [self.label, self.verdict, self.clause]
        return [self.label, self.verdict, *self.headline, *self.findings]


def rows_of(judged: Sequence[Judged]) -> list[Row]:
    """A row for each claim, in the order of the claims.

    Of several datasets the one counts that tells; of several that tell the same, that whose cells
    ran on the most cores, then the one with the most cells.
    """
    found: dict[str, dict[str, Finding]] = {}
    for each in judged:
        for finding in each.findings:
            found.setdefault(finding.claim.name, {})[each.dataset] = finding
    return [Row(next(iter(group.values())).claim, _telling(group)) for group in found.values()]


def lines(rows: Iterable[Row]) -> list[str]:
    """The table as text: its heading, then a line for each row."""
    columns = [list(HEADS), *(row.columns for row in rows)]
    full = [line for line in columns if len(line) == len(HEADS)]
    widths = [max(len(line[i]) for line in full) for i in range(len(HEADS))]
    for i in (0, 1):
        widths[i] = max(len(line[i]) for line in columns)
    return ["  ".join(_aligned(line, widths)).rstrip() for line in columns]


def as_json(judged: Iterable[Judged], rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What `repro claims --json` writes: the datasets, each with all findings.

    A finding in the table has `in_table`; if datasets disagree, several have.
    """
    told = [each.as_json() for each in judged]
    chosen = {(name, row.claim.name) for row in rows for name in row.findings}
    for each in told:
        for claim in each["claims"]:
            claim["in_table"] = (each["dataset"], claim["name"]) in chosen
    return told


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    if len(line) < len(HEADS):
        return [f"{line[0]:{widths[0]}}", f"{line[1]:{widths[1]}}", line[2]]
    right = [HEADS.index("number"), HEADS.index("cores")]
    return [
        f"{text:{'>' if i in right else '<'}{width}}"
        for i, (text, width) in enumerate(zip(line, widths, strict=True))
    ]


def _telling(found: Mapping[str, Finding]) -> dict[str, Finding]:
    telling = {name: each for name, each in found.items() if each.verdict.word != "cannot tell"}
    best: dict[str, str] = {}
    for name in sorted(telling or found, key=lambda name: _weight(found[name]), reverse=True):
        best.setdefault(found[name].verdict.word, name)
    return {name: found[name] for name in best.values()}


def _weight(finding: Finding) -> tuple[bool, int, int]:
    """How much a finding rests on."""
    return not finding.needs, finding.cores or 0, len(finding.verdict.cells)
