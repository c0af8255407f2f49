"""The one exception that reaches the user."""


class UserError(Exception):
    """Something the user can put right.

    The message is one line: what is wrong, where, and what to do. The command line prints it
    without a traceback and exits with 2.
    """
