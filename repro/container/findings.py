"""A finding: what `repro doctor` and `repro image verify` print, a line each.

Standard library only: nodes of a cluster import it before it is known whether more can be.
"""

from typing import Any

Finding = dict[str, Any]


def finding(
    what: str, found: str, meaning: str = "", *, ok: bool = True, needed: bool = False
) -> Finding:
    """What was looked at and found, what that means, is it good, and can nothing go on without."""
    return {"what": what, "found": found, "meaning": meaning, "ok": ok, "needed": needed}
