"""The meaning of the names of BLAS and LAPACK routines: a kind of matrix, and an operation.

Their docstrings often give only a formula; the names follow a code (LAPACK Users' Guide, section
"Naming Scheme"), whose words are in the vocabulary.
"""

import re

from repro.docs_server.vocabulary import VOCABULARY

_ROUTINE = re.compile(r"([a-z]{2})([a-z0-9]+)!?")


def meaning(name: str) -> str:
    """Return a routine's name in words, such as `symmetric matrix rank k update`.

    Empty if the name does not follow the code.
    """
    found = _ROUTINE.fullmatch(name)
    if not found:
        return ""
    matrix = VOCABULARY.matrices.get(found[1])
    operation = VOCABULARY.operations.get(found[2])
    if matrix is None or operation is None:
        return ""
    special = VOCABULARY.factorizations.get(found[1] + found[2], "")
    return f"{matrix} {special} {operation}"
