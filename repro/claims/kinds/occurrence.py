"""An outcome that occurs: whether any cell has it."""

from repro.claims.headline import share
from repro.claims.model import ManyPrograms, Text, Verdict, Word, listed
from repro.claims.observations import Observations
from repro.study.model import Name


class Occurrence(ManyPrograms):
    """Some cell of the models' programs has a certain outcome."""

    outcome: Name
    """The outcome."""

    counted_as: Text
    """What the number of such cells is called in `numbers`."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return "an outcome of every cell"

    def judge(self, seen: Observations) -> Verdict:
        """Supported if a cell has it; refuted only if every cell has another."""
        every = [point for points in self.programs(seen).values() for point in points]
        known = [point for point in every if point.outcome]
        found = [point for point in known if point.outcome == self.outcome]
        numbers = {self.counted_as: len(found), "cells": len(known)}
        whose = listed(self.models)
        reason = f"{len(found)} of {len(known)} cells of {whose} with an outcome are {self.outcome}"
        headline = share(f"cells that are {self.outcome}", len(found), len(known))
        if found:
            cells = [point.cell for point in found]
            return Verdict("supported", reason, numbers, cells, headline=headline)
        missing = self.unknown(seen)
        word: Word = "cannot tell" if missing else "refuted"
        cells = [point.cell for point in known]
        return Verdict(word, reason, numbers, cells, missing, headline)
