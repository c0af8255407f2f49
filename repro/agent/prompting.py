"""The prompts of an agent: templates in `prompts/`, filled in for a problem and a framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from repro.study.model import Study
from repro.study.names import Program

if TYPE_CHECKING:
    from jinja2 import Environment

PROMPTS = Path(__file__).with_name("prompts")
SYSTEM, HARNESS, KERNEL, SINGLE = "system.md", "harness.md", "kernel.md", "single.md"


@dataclass(frozen=True)
class Means:
    """The tools that the prompts describe as available."""

    julia: str
    """The version of Julia."""

    packages: Sequence[str]
    """The installed packages of the study."""

    docs: bool
    """True if the documentation server is available."""


def kernel_name(program: Program) -> str:
    """Return the name of the kernel file that the agent must write."""
    return f"{program.problem}_{program.framework}.jl"


def harness_name(program: Program) -> str:
    """Return the name of the harness file that the agent must write."""
    return f"test_{kernel_name(program)}"


def session_prompts(program: Program, study: Study, means: Means) -> dict[str, str]:
    """Return the system prompt and the prompts of both stages of a session, by file name.

    Args:
        program: the program to write.
        study: the study of the program.
        means: the available tools.
    """
    known = _values(program, study, means)
    return {name: _fill(name, known) for name in (SYSTEM, HARNESS, KERNEL)}


def single_prompts(program: Program, study: Study, means: Means) -> dict[str, str]:
    """Return the prompt of the same task for one completion without tools, by file name."""
    return {SINGLE: _fill(SINGLE, _values(program, study, means))}


def digests(prompts: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of each prompt."""
    return {name: sha256(text.encode()).hexdigest() for name, text in prompts.items()}


def _values(program: Program, study: Study, means: Means) -> dict[str, object]:
    harness = harness_name(program)
    problem = study.problem_directory(program.problem)
    framework = study.framework_directory(program.framework)
    words = framework.definition.prompt
    return {
        "title": study.frameworks[program.framework].title,
        "contract": problem.contract(framework.definition.programs),
        "problem": problem.prompt,
        "framework": framework.prompt,
        "kernel": kernel_name(program),
        "harness": harness,
        "command": f"{words.run} {harness}",
        "workers": words.workers,
        "julia": means.julia,
        "packages": [f"{name}.jl" for name in means.packages],
        "docs": means.docs,
    }


def _fill(name: str, values: Mapping[str, object]) -> str:
    return _environment().get_template(f"{name}.j2").render(values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(  # noqa: S701 - prompts are not HTML
        loader=FileSystemLoader(PROMPTS), undefined=StrictUndefined, keep_trailing_newline=True
    )
