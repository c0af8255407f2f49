"""Judgements: claims that no measurement of a dataset can test."""

from repro.claims.model import Claim, Text, Verdict
from repro.claims.observations import Observations


class Untested(Claim):
    """A claim that nothing tests, and what would have to be known to test it."""

    missing: Text
    """What no table of a dataset holds."""

    @property
    def needs(self) -> str:
        """See `Claim.needs`."""
        return self.missing

    def judge(self, seen: Observations) -> Verdict:  # noqa: ARG002 - no dataset can tell
        """Always `cannot tell`."""
        told, missing = "no table of a dataset holds this", self.missing
        return Verdict("cannot tell", told, missing=[missing], needs=missing)
