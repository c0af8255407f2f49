"""Every claim beside a dataset: its verdict, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.analysis.damaged_data import Damage
from repro.analysis.tidy import Tidy, load
from repro.claims.load import claims_of
from repro.claims.model import Claim, Verdict
from repro.claims.observations import Observations, observed
from repro.errors import UserError


@dataclass(frozen=True)
class Finding:
    """A claim with what a dataset says to it.

    Attributes:
        claim: the claim.
        verdict: the dataset's.
        needs: what the dataset lacks to tell, in a clause; empty if it tells, and if it has all
            that is needed but the number's interval is too wide.
        cores: the most cores that the verdict's cells could run on; None if it has none, or an
            older dataset does not say.
    """

    claim: Claim
    verdict: Verdict
    needs: str = ""
    cores: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as `repro claims --json` writes it."""
        claim, verdict, headline = self.claim, self.verdict, self.verdict.headline
        found = headline.found.as_json() if headline else None
        return {
            "name": claim.name, "source": claim.source, "text": claim.text, "test": claim.tested,
            "verdict": verdict.word, "reason": verdict.reason, "numbers": dict(verdict.numbers),
            "cells": list(verdict.cells), "missing": list(verdict.missing),
            "telling": list(claim.telling), "study": claim.study, "part_of": claim.part_of,
            "against_control": claim.against_control, "needs": self.needs, "cores": self.cores,
            "number": {"what": headline.what} | found if headline and found else None,
        }  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A dataset with the findings on every claim.

    Attributes:
        dataset: its name.
        machines: where its cells ran.
        damaged: its damaged files.
        findings: on the claims about its study; empty if the study cannot be read.
    """

    dataset: str
    machines: Sequence[str]
    damaged: Damage
    findings: Sequence[Finding]

    def as_json(self) -> dict[str, Any]:
        """One dataset of `repro claims --json`."""
        return {
            "dataset": self.dataset, "machines": list(self.machines), "damaged": self.damaged,
            "claims": [finding.as_json() for finding in self.findings],
        }  # fmt: skip


def judge_dataset(dataset: Path) -> Judged:
    """Judge the claims about a dataset's study by what of the dataset can be read.

    Raises:
        UserError: a file of claims is wrong.
    """
    damage: Damage = []
    try:
        tidy = load(dataset, damage)
    except UserError as error:
        return Judged(dataset.name, (), [*damage, str(error)], ())
    findings = judge_all(claims_of(tidy.study), tidy, damage)
    return Judged(dataset.name, sorted(set(tidy.cells["machine"])), damage, findings)


def judge_all(claims: Sequence[Claim], tidy: Tidy, damage: Damage) -> list[Finding]:
    """Judge every claim by a dataset.

    What a damaged dataset lacks may be what decides: each verdict on one is `cannot tell`, and
    its reason says what the rest of the data would give.

    Args:
        claims: in the order of the findings.
        tidy: the dataset.
        damage: its damaged files.
    """
    seen = observed(tidy)
    return [_finding(claim, seen, _despite(damage, claim.judge(seen))) for claim in claims]


def _finding(claim: Claim, seen: Observations, verdict: Verdict) -> Finding:
    lacks = verdict.word == "cannot tell" and verdict.missing
    needs = claim.needed(seen, verdict) if lacks else ""
    return Finding(claim, verdict, needs, seen.cores(verdict.cells))


def _despite(damage: Damage, verdict: Verdict) -> Verdict:
    if not damage or verdict.word == "cannot tell":
        return verdict
    reason = f"files are damaged; what is left would say {verdict.word}: {verdict.reason}"
    missing = [*verdict.missing, *damage]
    return Verdict(
        "cannot tell", reason, verdict.numbers, verdict.cells, missing,
        needs="the files that are damaged",
    )  # fmt: skip
