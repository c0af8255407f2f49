"""Compares the search of Julia's documentation with ripgrep, at 20,000 entries.

The entries are this machine's own, copied until there are enough: copy K of an entry has the same
text, `_K` after its name, and a module `CopyK` around its own. The queries are the 200 committed
questions. ripgrep searches one file per entry for the words of a question, without ranking. As in
normal use, the search is a call in a running server and ripgrep is a process.
"""

import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from repro.container.julia import find_julia
from repro.docs_server.entries import Documentation, Entry, parse
from repro.docs_server.extract import extract
from repro.docs_server.index import build, open_index
from repro.docs_server.search import search
from repro.docs_server.words import STOP_WORDS

from docs_index import questions

ENTRIES = 20_000
LIMIT_MS = 10.0


def copy(entry: Entry, number: int) -> Entry:
    """Copy an entry under another name, to another module."""
    around = f"Copy{number}"
    return replace(
        entry,
        ref=f"{around}.{entry.ref}_{number}",
        name=f"{entry.name}_{number}",
        module=f"{around}.{entry.module}",
        modules=tuple(f"{around}.{name}" for name in entry.modules),
        names=tuple(f"{around}.{name}_{number}" for name in entry.names),
    )


def many(documentation: Documentation) -> Documentation:
    """Fill a documentation with copies up to `ENTRIES`."""
    real = documentation.entries
    entries = [*real]
    for number in range(1, ENTRIES // len(real) + 1):
        entries += [copy(entry, number) for entry in real]
    return replace(documentation, entries=tuple(entries[:ENTRIES]))


def milliseconds(ask: Callable[[str], object]) -> tuple[float, float]:
    """Return median and 95th percentile of one call per question, after an unmeasured round."""
    taken = []
    for measured in (False, True):
        for row in questions():
            begin = time.perf_counter()
            ask(row["query"])
            if measured:
                taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def grep(directory: Path, query: str) -> None:
    """List the files with any word of a question; search for a question without words as it is."""
    words = [word for word in re.findall(r"\w+", query) if word.lower() not in STOP_WORDS]
    patterns = [part for word in words or [query] for part in ("-e", word)]
    command = ["rg", "--ignore-case", "--fixed-strings", "--files-with-matches", *patterns]
    subprocess.run([*command, directory], stdout=subprocess.DEVNULL, check=False)


def rows() -> Iterator[tuple[str, str]]:
    """Measure and yield the rows."""
    julia = find_julia()
    begin = time.perf_counter()
    documentation = parse(extract(julia))
    told = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        begin = time.perf_counter()
        build(documentation, place / "real.sqlite", "benchmark")
        built = time.perf_counter() - begin
        yield (
            f"docs index, {len(documentation.entries):,} real entries",
            f"{told:.1f} s to extract them, {built:.1f} s to build",
        )
        large = many(documentation)
        begin = time.perf_counter()
        build(large, place / "large.sqlite", "benchmark")
        size = (place / "large.sqlite").stat().st_size / 2**20
        yield (
            f"docs index, {len(large.entries):,} entries (copies)",
            f"{time.perf_counter() - begin:.1f} s to build, {size:.0f} MiB",
        )
        with closing(open_index(place / "large.sqlite")) as database:
            median, p95 = milliseconds(lambda query: search(database, query))
        text = f"p95 {p95:.1f} ms (limit {LIMIT_MS:.0f} ms), median {median:.1f} ms"
        yield f"docs search, {len(large.entries):,} entries", text
        if shutil.which("rg") is None:
            yield "ripgrep over the same text", "not installed"
            return
        files = place / "text"
        files.mkdir()
        for number, entry in enumerate(large.entries):
            (files / f"{number}.md").write_text(entry.text, encoding="utf-8")
        median, p95 = milliseconds(lambda query: grep(files, query))
        text = f"p95 {p95:.1f} ms, median {median:.1f} ms, unranked, one file per entry"
        yield "ripgrep over the same text", text


if __name__ == "__main__":
    for name, text in rows():
        print(f"{name}: {text}")
