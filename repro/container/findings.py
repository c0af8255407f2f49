"""A finding: what `repro doctor` and `repro image verify` print, a line each.

Standard library only: nodes of a cluster import it before it is known whether more can be.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    meaning: str
    """What follows, or what to do; empty if nothing."""

    ok: bool
    needed: bool
    """Can nothing go on unless it is good?"""

    @property
    def blocks(self) -> bool:
        """Does it keep everything from going on?"""
        return self.needed and not self.ok


def finding(
    what: str, found: str, meaning: str = "", *, ok: bool = True, needed: bool = False
) -> Finding:
    """A finding; unless it is said otherwise it is good, and things go on without it."""
    return Finding(what, found, meaning, ok, needed)
