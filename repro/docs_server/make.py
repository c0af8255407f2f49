"""Makes the index of this machine's Julia, and checks whether an index is current."""

from pathlib import Path

from repro.container.julia import Julia
from repro.docs_server.entries import parse
from repro.docs_server.extract import extract, recipe
from repro.docs_server.index import About, about, build, open_index
from repro.errors import UserError


def make_index(julia: Julia, path: Path) -> About:
    """Extract Julia's documentation and write its index to `path`.

    Raises:
        UserError: Julia fails, or the file cannot be written.
    """
    return build(parse(extract(julia)), path, recipe(julia))


def is_current(julia: Julia, path: Path) -> bool:
    """True if the index was made by this code from this Julia with these packages."""
    try:
        database = open_index(path)
    except UserError:
        return False
    try:
        return about(database).recipe == recipe(julia)
    finally:
        database.close()
