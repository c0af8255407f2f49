"""Prints Julia and MPI of this machine or image as JSON: `python -m repro.container.inside`."""

import json
from dataclasses import asdict

from repro.container.julia import PROJECT, find_julia
from repro.container.mpi import find_mpi
from repro.errors import UserError, fail


def main() -> None:
    """Print one line of JSON; without a Julia, exit with code 2 and one line."""
    try:
        julia, mpi = find_julia(), find_mpi()
    except UserError as error:
        fail(str(error))
    said = {"julia": asdict(julia), "mpi": asdict(mpi) if mpi else None, "project": PROJECT}
    print(json.dumps(said, default=str))  # noqa: T201


if __name__ == "__main__":
    main()
