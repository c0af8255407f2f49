"""A command with an empty home, no key, and no network but its own loopback."""

from pathlib import Path

START = ("unshare", "--map-root-user", "--net")
"""Starts a command without a network."""


def environment(home: Path) -> dict[str, str]:
    """All the environment that the command has."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home)}
