"""Changing one line of a site's file, which people write and read."""

import os
import re
from pathlib import Path

from repro import ROOT
from repro.files import reading, write_atomic, writing
from repro.launch.site.settings import SITES
from repro.study.toml import find_toml


def note_mpi(site: str, mpi: str) -> Path | None:
    """Set in a site's file which MPI ranks in an image use; its other lines stay as they are.

    Args:
        site: a site with a Slurm, as `--site` takes it.
        mpi: `image` or `host`.

    Returns:
        The file that was written, in the current directory if the package's is read-only; None:
        it needed no change.

    Raises:
        UserError: it cannot be written.
    """
    path = find_toml(site, SITES, "site")
    with reading(path):
        text = path.read_text(encoding="utf-8")
    before = re.search(r'^mpi = "(\w+)".*\n', text, re.MULTILINE)
    if (before[1] if before else "image") == mpi:
        return None
    line = f'mpi = "{mpi}"                    # `repro doctor` tried it\n'
    without = text.replace(before[0], "") if before else text
    target = path if os.access(path, os.W_OK) else Path(SITES.relative_to(ROOT)) / path.name
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, without.replace("[slurm]\n", f"[slurm]\n{line}", 1))
    return target
