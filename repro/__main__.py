"""The entry point of `repro`."""

import sys

from repro.errors import UserError, fail


def main() -> None:
    """Run the command line.

    A plain `repro verify` bypasses it: the check must be as fast as `sha256sum -c`, and importing
    click would take a quarter of the time that 20,000 small files need.
    """
    command, names = sys.argv[1:2], sys.argv[2:]
    if command == ["verify"] and not any(name.startswith("-") for name in names):
        sys.exit(_verify(names))
    from repro.cli.main import main as command_line

    command_line()


def _verify(names: list[str]) -> int:
    from repro.archive.find import DATA
    from repro.archive.verify import verify_all

    found = False
    try:
        for name, report in verify_all(names, DATA):
            print("\n".join(report.lines(name)), flush=True)  # noqa: T201 - the command's result
            found |= bool(report.problems)
    except UserError as error:
        fail(str(error))
    return int(found)


if __name__ == "__main__":
    main()
