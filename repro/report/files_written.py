"""The files that an agent's tool calls write, reconstructed call by call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

WORKSPACE = "/workspace"


@dataclass
class Files:
    """The files of a workspace, as far as tool calls show them.

    Calls that OpenCode refused and changes by commands are not visible. Therefore the files that a
    session left are compared with the last version here, and differences are shown.
    """

    texts: dict[str, str] = field(default_factory=dict)

    def follow(self, tool: str, arguments: Mapping[str, Any]) -> None:
        """Apply a call; a malformed one has no effect."""
        path = _inner(arguments.get("filePath"))
        if tool == "write" and path and isinstance(arguments.get("content"), str):
            self.texts[path] = arguments["content"]
        elif tool == "edit" and path:
            self._edit(path, arguments)
        elif tool == "apply_patch" and isinstance(arguments.get("patchText"), str):
            self._patch(arguments["patchText"])

    def _edit(self, path: str, arguments: Mapping[str, Any]) -> None:
        old, new = arguments.get("oldString"), arguments.get("newString")
        if not isinstance(old, str) or not isinstance(new, str):
            return
        text = self.texts.get(path, "")
        if not old:  # OpenCode's way to make a file
            self.texts[path] = new
        elif old in text:
            self.texts[path] = text.replace(old, new, -1 if arguments.get("replaceAll") else 1)

    def _patch(self, patch: str) -> None:
        """The format that GPT models use: `*** Add File: x`, `*** Update File: x` with hunks."""
        for verb, path, lines in _sections(patch):
            if verb == "Delete":
                self.texts.pop(path, None)
            elif verb == "Add":
                self.texts[path] = "".join(f"{line[1:]}\n" for line in lines if line[:1] == "+")
            else:
                for old, new in _hunks(lines):
                    if (text := self.texts.get(path, "")) and old in text:
                        self.texts[path] = text.replace(old, new, 1)


def _inner(path: Any) -> str:
    """Return a path relative to the workspace; empty for any other."""
    if not isinstance(path, str):
        return ""
    try:
        return str(PurePosixPath(WORKSPACE, path).relative_to(WORKSPACE))
    except ValueError:
        return ""


def _sections(patch: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield verb, path and lines of each file of a patch."""
    current: tuple[str, str, list[str]] | None = None
    for line in patch.split("\n"):
        words = line.removeprefix("*** ").split(" File: ", 1) if line.startswith("*** ") else []
        if len(words) == 2 and words[0] in ("Add", "Update", "Delete"):  # noqa: PLR2004 - a pair
            if current:
                yield current
            current = (words[0], _inner(words[1].strip()), [])
        elif current and not line.startswith("*** "):
            current[2].append(line)
    if current:
        yield current


def _hunks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the old and the new text of each hunk."""
    hunks: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("@@"):
            hunks.append([])
        else:
            hunks[-1].append(line)
    for hunk in hunks:
        old = "\n".join(line[1:] for line in hunk if line[:1] in ("", " ", "-"))
        new = "\n".join(line[1:] for line in hunk if line[:1] in ("", " ", "+"))
        if old:
            yield old, new
