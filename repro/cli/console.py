"""Rich's console, for tables and progress; a module of its own, because importing it takes time."""

from collections.abc import Iterable
from typing import Any

from rich import console
from rich.segment import Segment
from rich.text import Text

from repro.text import plain


class Console(console.Console):  # noqa: TID251 - the one place
    """Prints tables and progress; the sequences that it sends itself are the only ones."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a string: harmless before it is measured."""
        return super().render_str(plain(text), **options)

    def render(
        self, renderable: console.RenderableType, options: console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Return the pieces to print, each harmless."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(plain(piece.text), piece.style)
