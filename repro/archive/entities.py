"""What the descriptions of attempts and of sessions in a crate share."""

from collections.abc import Mapping
from typing import Any

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate


def once(crate: ROCrate, identity: str, properties: Mapping[str, Any]) -> Entity:
    """The entity of this identity, made if the crate has none."""
    found = crate.dereference(identity)
    return found or crate.add(ContextEntity(crate, identity, dict(properties)))


def ended(problem: str | None) -> dict[str, str]:
    """How an action ended.

    Args:
        problem: what went wrong; None: it did what it was to do.
    """
    status = "CompletedActionStatus" if problem is None else "FailedActionStatus"
    found = {"actionStatus": f"http://schema.org/{status}"}
    return found if problem is None else found | {"error": " ".join(problem.split())}
