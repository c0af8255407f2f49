"""Judgements: claims that no measurement of a dataset can test."""

from repro.claims.model import Claim, Text, Verdict
from repro.claims.observations import Observations


class Untested(Claim):
    """A claim that nothing tests, and what would have to be known to test it."""

    missing: Text
    """What no table of a dataset holds."""

    def judge(self, seen: Observations) -> Verdict:  # noqa: ARG002 - no dataset can tell
        """Always `cannot tell`."""
        return Verdict("cannot tell", "no table of a dataset holds this", missing=[self.missing])
