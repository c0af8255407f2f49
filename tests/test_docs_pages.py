"""docs/: generated pages are up to date, and say what the commands say."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from repro import ROOT
from repro.agent.endings import Kind
from repro.measure.outcomes import FLAGS, OUTCOMES

REPRO = Path(sys.executable).with_name("repro")
PAGES = ("README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
DESIGN_WORDS = {
    "study", "problem", "framework", "model", "program", "generation", "transcript", "scale point",
    "cell", "attempt", "measurement", "outcome", "dataset", "site", "reference", "vendor", "sample",
}  # fmt: skip
"""The words that the design of this package defines."""
_BLOCK = re.compile(r"^#+ (repro [^\n]+)\n\n```text\n(.*?)\n```\n", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TYPED = re.compile(
    r"^(?:\.venv/bin/repro|apptainer run repro\.sif) (.+?)(?:  +#.*)?$", re.MULTILINE
)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def printed(*words: str) -> str:
    """What `repro WORDS --help` prints."""
    answer = subprocess.run([REPRO, *words, "--help"], check=True, capture_output=True)
    return answer.stdout.decode()


def test_generated_pages_are_what_would_be_generated() -> None:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_what_the_page_quotes_went_well_when_it_was_measured() -> None:
    measured = tomllib.loads(page("docs/measured.toml"))
    assert {name: step["code"] for name, step in measured["steps"].items() if step["code"]} == {}


SHOWN = dict(_BLOCK.findall(page("docs/cli.md")))


@pytest.mark.parametrize("typed", SHOWN)
def test_the_reference_shows_each_command_s_help(typed: str) -> None:
    assert SHOWN[typed] == printed(*typed.split()[1:]).rstrip("\n")


def test_the_reference_has_every_command() -> None:
    def below(typed: str) -> set[str]:
        _, _, listed = printed(*typed.split()[1:]).partition("Commands:\n")
        found = {f"{typed} {name}" for name in re.findall(r"^  (\S+)", listed, re.MULTILINE)}
        return found.union(*map(below, found)) if found else found

    assert set(SHOWN) == below("repro")


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    text = page(name)
    for link in _LINK.findall(text):
        target, _, anchor = link.partition("#")
        if target.startswith("https:"):
            continue
        path = ((ROOT / name).parent / target) if target else ROOT / name
        assert path.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}


@pytest.mark.parametrize("name", PAGES)
def test_commands_that_pages_tell_to_type_exist(name: str) -> None:
    for typed in _TYPED.findall(page(name)):
        words = typed.split()
        known = max((c.split()[1:] for c in SHOWN if words[: len(c.split()) - 1] == c.split()[1:]),
                    key=len, default=None)  # fmt: skip
        assert known, typed
        text = SHOWN[" ".join(["repro", *known])]
        for option in re.findall(r"(?<!\S)--[a-z-]+", typed):
            assert option in text, f"{typed}: {option}"


def test_the_glossary_has_every_word_once() -> None:
    first = re.findall(r"^\| ?(.*?) ?\|", page("docs/glossary.md"), re.MULTILINE)
    words = [word.strip("`") for row in first for word in row.split(", ")]
    once = [word for word in words if word not in ("---", "word", "outcome", "flag", "ending")]
    assert {*DESIGN_WORDS, *OUTCOMES, *FLAGS, *get_args(Kind)} <= {*words}
    assert [word for word in once if once.count(word) > 1] == []
