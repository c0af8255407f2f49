"""Tests communication between MPI ranks through a library, without a compiler and MPI.jl.

`python mpi_hello.py LIBRARY WORD` prints `WORD HOST SIZE VERSION`: the number of ranks, by a sum
of ones over all of them, and the library's version. Standard library only: it runs on nodes.
"""

import ctypes
import os
import sys
from typing import Any


def main(library: str, word: str) -> None:
    """Initialise MPI, sum ones, print, finalise."""
    mpi = ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    world, integer, plus = _handles(mpi)
    one, ranks = ctypes.c_int(1), ctypes.c_int(0)
    text, length = ctypes.create_string_buffer(8192), ctypes.c_int(0)
    mpi.MPI_Get_library_version(text, ctypes.byref(length))
    version = text.value.decode(errors="replace").split(",")[0]  # the rest names hosts and people
    mpi.MPI_Init(None, None)
    mpi.MPI_Allreduce(ctypes.byref(one), ctypes.byref(ranks), 1, integer, plus, world)
    # One write, so that the lines of two ranks do not mix.
    os.write(1, f"{word} {os.uname().nodename} {ranks.value} {version}\n".encode())
    mpi.MPI_Finalize()


def _handles(mpi: ctypes.CDLL) -> tuple[Any, Any, Any]:
    """Return MPI_COMM_WORLD, MPI_INT, MPI_SUM: addresses in Open MPI, numbers in MPICH's ABI."""
    try:
        names = ("ompi_mpi_comm_world", "ompi_mpi_int", "ompi_mpi_op_sum")
        world, integer, plus = (ctypes.byref(ctypes.c_char.in_dll(mpi, name)) for name in names)
    except ValueError:
        return ctypes.c_int(0x44000000), ctypes.c_int(0x4C000405), ctypes.c_int(0x58000003)
    return world, integer, plus


if __name__ == "__main__":
    main(*sys.argv[1:])
