"""The figures, one small module each; they know `repro.analysis` and matplotlib, nothing else.

The same dataset gives the same bytes on any x86-64 machine with the locked packages: see
`style` for how.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def _keep_matplotlib_apart() -> None:
    """Give matplotlib a directory of ours, before it is imported.

    There it keeps its list of fonts, which takes a second to make, and finds no matplotlibrc.
    Where the user has no writable cache, it is a temporary one, without matplotlib's warning.
    """
    given = os.environ.get("MPLCONFIGDIR")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    for directory in [Path(given)] if given else [cache / "repro" / "matplotlib"]:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(directory, os.W_OK | os.X_OK):
            os.environ["MPLCONFIGDIR"] = str(directory)
            return
    temporary = tempfile.mkdtemp(prefix="repro-matplotlib-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    os.environ["MPLCONFIGDIR"] = temporary


_keep_matplotlib_apart()
