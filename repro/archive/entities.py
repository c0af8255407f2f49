"""Parts that the descriptions of attempts and sessions in a crate share."""

from collections.abc import Mapping
from typing import Any

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate


def once(crate: ROCrate, identity: str, properties: Mapping[str, Any]) -> Entity:
    """Return the entity with this identity; add it if the crate does not have it."""
    found = crate.dereference(identity)
    return found or crate.add(ContextEntity(crate, identity, dict(properties)))


def ended(problem: str | None) -> dict[str, str]:
    """Return the properties that describe how an action ended.

    Args:
        problem: what went wrong; None if nothing did.
    """
    status = "CompletedActionStatus" if problem is None else "FailedActionStatus"
    found = {"actionStatus": f"http://schema.org/{status}"}
    return found if problem is None else found | {"error": " ".join(problem.split())}
