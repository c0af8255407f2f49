"""What a program must do: read from where it is written, the docstrings in `julia/problems/`."""

import re

from repro import ROOT
from repro.errors import UserError

PROBLEMS = ROOT / "julia" / "problems"

_DOCSTRING = re.compile(r'^"""\n(.*?)^"""\nstruct', re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^# [^(\n]*\(([^)\n]*)\)\n", re.MULTILINE)


def contract(problem: str, framework: str) -> str:
    """The contract of a problem in a framework: the task, then what to define.

    The harness documents it, the prompts quote it and the tests check the programs against it.

    Raises:
        UserError: there is no such problem, or it has no contract for the framework.
    """
    known = _docstrings()
    if problem not in known:
        raise UserError(f"{problem}: no such problem; there are {', '.join(sorted(known))}")
    task, *sections = _SECTION.split(known[problem])
    texts = {
        name.strip(): text
        for names, text in zip(sections[::2], sections[1::2], strict=True)
        for name in names.split(",")
    }
    if framework not in texts:
        raise UserError(f"{framework}: no such framework; there are {', '.join(sorted(texts))}")
    return f"{task.strip()}\n\n{texts[framework].strip()}\n"


def _docstrings() -> dict[str, str]:
    """The docstring of each problem that has contracts, by the problem's name."""
    found = {}
    for path in PROBLEMS.glob("*.jl"):
        docstring = _DOCSTRING.search(path.read_text(encoding="utf-8"))
        if docstring and _SECTION.search(docstring[1]):
            found[path.stem] = docstring[1]
    return found
