"""The one exception that reaches the user, and how it is printed."""

import sys
from typing import NoReturn

from repro.text import plain


class UserError(Exception):
    """An error the user can fix.

    The message is one line: what is wrong, where, and what to do. The command line prints it
    without a traceback and exits with code 2.
    """


def warn(message: str) -> None:
    """Print the message as one line on standard error and continue."""
    sys.stderr.write(f"repro: {plain(' '.join(message.split()))}\n")


def fail(message: str) -> NoReturn:
    """Print the message as one line on standard error and exit with code 2."""
    warn(message)
    sys.exit(2)
