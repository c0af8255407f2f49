"""Renders templates: every value is escaped, and only the report's own script may run."""

import base64
import hashlib
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from repro import __version__
from repro.measure.outcomes import FLAGS, OUTCOMES
from repro.report.evidence import PROGRAM
from repro.report.highlight import julia
from repro.report.matrix import LETTERS
from repro.report.text import in_unit
from repro.report.words import ENDING_MEANINGS, OUTCOME_MEANINGS
from repro.text import plain

TEMPLATES = Path(__file__).with_name("templates")

VIEWS = {
    "index.html": "Overview",
    "matrix.html": "Outcomes",
    "sessions.html": "Sessions",
    "claims.html": "Claims",
    "environment.html": "Environment",
    "find.html": "Find",
}
"""The pages in the bar at the top; a digit key opens each."""


@cache
def _environment() -> Environment:
    """Return the environment; style and script are in each page, allowed by their hashes alone.

    So a page needs no other file, and the policy also holds under file://, where browsers disagree
    about a page's origin.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    style, script = (
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    environment.globals |= {
        "style": Markup(style),  # noqa: S704 - a file of this package
        "script": Markup(script),  # noqa: S704 - a file of this package
        "policy": (
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        "views": VIEWS,
        "letters": LETTERS,
        "outcomes": OUTCOMES,
        "flag_meanings": FLAGS,
        "outcome_meanings": OUTCOME_MEANINGS,
        "ending_meanings": ENDING_MEANINGS,
        "repro": PROGRAM,
        "version": __version__,
    }
    environment.filters["amount"] = _amount
    environment.filters["dollars"] = _dollars
    environment.filters["julia"] = julia
    environment.filters["bytes"] = _bytes
    environment.filters["shell"] = shlex.quote
    environment.filters["breakable"] = _breakable
    return environment


def render(template: str, values: Mapping[str, Any]) -> str:
    """Render a page."""
    return _environment().get_template(template).render(values)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _finalize(value: Any) -> Any:
    """Make hidden characters visible in all text except this package's markup."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(name: object) -> Markup:
    """Allow line breaks after a name's slashes without changing what is copied."""
    return Markup("<wbr>").join(f"{part}/" for part in plain(str(name)).split("/"))[:-1]


def _amount(value: float | None, form: str = ",.6g") -> str:
    """Format a number; a dash if it is unknown."""
    return "-" if value is None else format(value, form)


def _dollars(value: float | None) -> str:
    return "0" if value == 0 else _amount(value, ",.4f")


def _bytes(value: str | float) -> str:
    """Format bytes in a suitable unit; return other text unchanged."""
    try:
        number = float(value)
    except ValueError:
        return str(value)
    return in_unit(number)
