"""Writes docs/artifact.md, docs/cli.md and the README's table of claims, or checks them.

python docs/generate.py [--check]    # `make docs` runs it without --check
"""

import difflib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from repro.agent.models import MODELS, ModelSettings
from repro.claims.table import lines
from repro.study.toml import load_toml

import artifact_tables
import cli_reference

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
CLAIMS = ("<!-- `make docs` writes this table -->\n```text\n", "```\n<!-- its end -->\n")
"""What stands before and after the table of claims in the README."""


def cli_facts() -> dict[str, Any]:
    """Collect the facts for the page on the command line."""
    models = [load_toml(path, ModelSettings) for path in sorted(MODELS.glob("*.toml"))]
    keys = sorted({model.key for model in models if model.key})
    return {"sections": list(cli_reference.sections()), "keys": keys}


PAGES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "artifact.md": artifact_tables.facts,
    "cli.md": cli_facts,
}


def render(page: str) -> str:
    """Return the text of a page.

    Raises:
        UserError: a study, a dataset or a pin is damaged.
    """
    environment = Environment(  # noqa: S701 - Markdown
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(f"{page}.j2").render(PAGES[page]())


def readme() -> str:
    """Return the text of the README, with the table of claims as `repro claims` prints it."""
    before, after = README.read_text(encoding="utf-8").split(CLAIMS[0])
    _, after = after.split(CLAIMS[1])
    table = "".join(f"{line}\n" for line in lines(artifact_tables.verdicts()))
    return CLAIMS[0].join([before, CLAIMS[1].join([table, after])])


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each page with the text that it should have."""
    for page in PAGES:
        yield HERE / page, render(page)
    yield README, readme()


def main() -> int:
    """Write the pages; with --check, show only what would change."""
    stale = 0
    for path, text in pages():
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if text == there:
            continue
        stale += 1
        if "--check" in sys.argv[1:]:
            both, names = (there.splitlines(), text.splitlines()), (path.name, "generated")
            sys.stdout.writelines(
                f"{line}\n" for line in difflib.unified_diff(*both, *names, lineterm="")
            )
        else:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        sys.stdout.write(f"{stale} pages are out of date; run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
