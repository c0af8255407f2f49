"""The one exception that reaches the user, and how."""

import sys
from typing import NoReturn


class UserError(Exception):
    """Something the user can put right.

    The message is one line: what is wrong, where, and what to do. The command line prints it
    without a traceback and exits with 2.
    """


def warn(message: str) -> None:
    """Say in one line on standard error what does not keep the command from its end."""
    sys.stderr.write(f"repro: {' '.join(message.split())}\n")


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line on standard error and exit with 2."""
    warn(message)
    sys.exit(2)
