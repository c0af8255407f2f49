"""A finding: one line of `repro doctor` or `repro image verify`.

Standard library only: nodes of a cluster import it before other packages are known to work.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    found: str
    meaning: str
    """What the result means, or what to do; can be empty."""

    ok: bool
    needed: bool
    """True if nothing works without it."""

    @property
    def blocks(self) -> bool:
        """True if nothing works because of it."""
        return self.needed and not self.ok


def finding(
    what: str, found: str, meaning: str = "", *, ok: bool = True, needed: bool = False
) -> Finding:
    """Return a finding, by default a good one that is not needed."""
    return Finding(what, found, meaning, ok, needed)
