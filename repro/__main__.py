"""Where `repro` starts."""

import sys

from repro.errors import UserError, fail


def main() -> None:
    """Run the command line.

    A plain `repro verify` is answered without it: of checking 20,000 small files, importing click
    would be a quarter, and the check is to be as fast as `sha256sum -c`.
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
            print("\n".join(report.lines(name)), flush=True)  # noqa: T201 - this is its answer
            found |= bool(report.problems)
    except UserError as error:
        fail(str(error))
    return int(found)


if __name__ == "__main__":
    main()
