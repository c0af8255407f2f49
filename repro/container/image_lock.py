"""Selects the entries of requirements.lock that the image needs, for the image's Python."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from repro import ROOT
from repro.errors import UserError

BUILD_SYSTEM = "hatchling"
"""The build system in pyproject.toml, which makes the editable install."""

_ENTRY = re.compile(r"^(?!#)\S.*(?:\n[ \t]+.*)*", re.MULTILINE)
_HASH = re.compile(r"--hash=\S+")


def image_lock(lock: str, python: str, roots: tuple[str, ...] = ("repro", BUILD_SYSTEM)) -> str:
    """Return the entries of `lock` that `roots` need on Linux x86_64, without markers.

    pip would evaluate markers for its own Python, which is not the image's. Dependencies are read
    from pyproject.toml and from the installed packages; a package that is not installed counts as
    having none.

    Args:
        lock: the text of requirements.lock.
        python: the image's Python, such as `3.13`.
        roots: the packages to install in the image, without development extras.

    Raises:
        UserError: an entry cannot be read or has no hash.
    """
    wanted = _closure(roots, python)
    kept = []
    for requirement, hashes in _entries(lock):
        marker = requirement.marker
        fits = marker is None or marker.evaluate(_environment(python) | {"extra": ""})
        if fits and canonicalize_name(requirement.name) in wanted:
            pinned = f"{requirement.name}{requirement.specifier}"
            kept.append(" \\\n    ".join([pinned, *hashes]))
    return "".join(f"{entry}\n" for entry in kept)


def _entries(lock: str) -> Iterator[tuple[Requirement, list[str]]]:
    for match in _ENTRY.finditer(lock):
        text = match[0].replace("\\\n", " ")
        hashes = _HASH.findall(text)
        name = _HASH.sub("", text).strip()
        try:
            requirement = Requirement(name)
        except InvalidRequirement as error:
            raise UserError(f"requirements.lock: {name}: not a requirement; correct it") from error
        if not hashes:
            raise UserError(f"requirements.lock: {name}: no hash; add it")
        yield requirement, hashes


def _closure(roots: tuple[str, ...], python: str) -> set[str]:
    """Return the packages that `roots` need, including those of requested extras."""
    left = [(str(canonicalize_name(root)), "") for root in roots]
    found = set(left)
    while left:
        name, extra = left.pop()
        environment = _environment(python) | {"extra": extra}
        for requirement in map(Requirement, _requires(name)):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                of = str(canonicalize_name(requirement.name))
                new = {(of, extra) for extra in ("", *requirement.extras)} - found
                found |= new
                left += new
    return {name for name, _ in found}


def _requires(name: str) -> list[str]:
    if name == "repro":  # the installed metadata can be older than the file
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return list(project["dependencies"])
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


def _environment(python: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
