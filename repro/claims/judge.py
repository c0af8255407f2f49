"""Every claim beside a dataset: its verdict, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.analysis.damaged_data import Damage
from repro.analysis.tidy import Tidy, load
from repro.claims.load import claims_of
from repro.claims.model import Claim, Verdict
from repro.claims.observations import observed
from repro.errors import UserError


@dataclass(frozen=True)
class Finding:
    """A claim with what a dataset says to it."""

    claim: Claim
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """The finding as `repro claims --json` writes it."""
        claim, verdict = self.claim, self.verdict
        return {
            "name": claim.name, "source": claim.source, "text": claim.text, "test": claim.tested,
            "verdict": verdict.word, "reason": verdict.reason, "numbers": dict(verdict.numbers),
            "cells": list(verdict.cells), "missing": list(verdict.missing),
            "telling": list(claim.telling),
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
    return [Finding(claim, _despite(damage, claim.judge(seen))) for claim in claims]


def _despite(damage: Damage, verdict: Verdict) -> Verdict:
    if not damage or verdict.word == "cannot tell":
        return verdict
    reason = f"files are damaged; what is left would say {verdict.word}: {verdict.reason}"
    missing = [*verdict.missing, *damage]
    return Verdict("cannot tell", reason, verdict.numbers, verdict.cells, missing)
