"""Writes docs/artifact.md and docs/cli.md from their templates, or checks that they are up to date.

python docs/generate.py [--check]    # `make docs` runs it without --check
"""

import difflib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from repro.agent.models import MODELS, ModelSettings
from repro.study.toml import load_toml

import artifact_tables
import cli_reference

HERE = Path(__file__).parent


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


def main() -> int:
    """Write the pages; with --check, show only what would change."""
    stale = 0
    for page in PAGES:
        path, text = HERE / page, render(page)
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if text == there:
            continue
        stale += 1
        if "--check" in sys.argv[1:]:
            lines = (there.splitlines(), text.splitlines())
            sys.stdout.writelines(
                f"{line}\n"
                for line in difflib.unified_diff(*lines, page, f"{page}, generated", lineterm="")
            )
        else:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        sys.stdout.write(f"{stale} pages are out of date; run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
