"""What of requirements.lock the image needs, for the image's Python."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from repro import ROOT
from repro.errors import UserError

BUILD_SYSTEM = "hatchling"
"""Makes the editable install; named in pyproject.toml's build-system."""

_ENTRY = re.compile(r"^(?!#)\S.*(?:\n[ \t]+.*)*", re.MULTILINE)
_HASH = re.compile(r"--hash=\S+")


def image_lock(lock: str, python: str, roots: tuple[str, ...] = ("repro", BUILD_SYSTEM)) -> str:
    """The entries of `lock` that `roots` need on Linux x86_64 with `python`, without markers.

    pip evaluates markers for the Python that it runs on, which is not the image's. What is needed
    is read from pyproject.toml and the packages that are installed here; one that is not installed
    counts as needed with nothing below it.

    Args:
        lock: the text of requirements.lock.
        python: the image's Python, as `3.13`.
        roots: what is installed in the image; their development extras are not.

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
            raise UserError(f"requirements.lock: {name}: not a requirement; mend it") from error
        if not hashes:
            raise UserError(f"requirements.lock: {name}: has no hash; add it")
        yield requirement, hashes


def _closure(roots: tuple[str, ...], python: str) -> set[str]:
    """The packages that `roots` need, with the extras that each is asked for with."""
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
    if name == "repro":  # what was installed may be older than the file
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
