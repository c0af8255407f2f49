"""What several processes of tests need is set up by one of them, while the others wait."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from repro.container.julia import TOOLCHAIN


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Wait until no other process sets up what is called `name`; a process that dies lets go."""
    TOOLCHAIN.mkdir(exist_ok=True)
    with (TOOLCHAIN / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
