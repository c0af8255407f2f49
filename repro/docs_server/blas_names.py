"""What the names of BLAS and LAPACK routines say: a kind of matrix, and what is done with it.

Their docstrings often give a formula only; the names are a code with a dictionary of its own
(LAPACK Users' Guide, section "Naming Scheme").
"""

import re

MATRICES = {
    "ge": "general matrix", "gb": "general band matrix", "gt": "general tridiagonal matrix",
    "sy": "symmetric matrix", "sb": "symmetric band matrix", "st": "symmetric tridiagonal matrix",
    "he": "hermitian matrix", "hb": "hermitian band matrix", "tr": "triangular matrix",
    "tb": "triangular band matrix", "po": "symmetric positive definite matrix",
    "pt": "positive definite tridiagonal matrix", "ps": "positive semidefinite matrix",
    "or": "orthogonal matrix", "gg": "pair of general matrices", "bd": "bidiagonal matrix",
}  # fmt: skip
"""The first two letters."""

OPERATIONS = {
    "mm": "matrix matrix product multiply", "mv": "matrix vector product multiply",
    "r": "rank 1 update", "rk": "rank k update", "r2k": "rank 2k update",
    "sm": "solve several right hand sides", "sv": "solve linear system",
    "svx": "solve linear system, expert", "trf": "factorization",
    "trs": "solve with factorization",
    "tri": "inverse from factorization", "qrf": "QR factorization",
    "qp3": "pivoted QR factorization",
    "qrt": "QR factorization", "lqf": "LQ factorization", "ev": "eigenvalues and eigenvectors",
    "evr": "eigenvalues and eigenvectors", "evx": "eigenvalues and eigenvectors, expert",
    "svd": "singular value decomposition", "sdd": "singular value decomposition",
    "ls": "least squares", "lsy": "least squares", "lsd": "least squares",
    "es": "Schur factorization", "hrd": "Hessenberg reduction", "bal": "balance",
    "con": "condition number", "rfs": "refine solution error bounds",
    "stf": "pivoted factorization",
}  # fmt: skip
"""The rest."""

_OF_KIND = {
    ("ge", "trf"): "LU", ("po", "trf"): "Cholesky", ("ps", "trf"): "pivoted Cholesky",
    ("sy", "trf"): "Bunch-Kaufman", ("pt", "trf"): "LDLt",
}  # fmt: skip
_ROUTINE = re.compile(r"([a-z]{2})([a-z0-9]+)!?")


def meaning(name: str) -> str:
    """A routine's name in words, as `symmetric matrix rank k update`; empty if it is none."""
    found = _ROUTINE.fullmatch(name)
    if not found or found[1] not in MATRICES or found[2] not in OPERATIONS:
        return ""
    special = _OF_KIND.get((found[1], found[2]), "")
    return f"{MATRICES[found[1]]} {special} {OPERATIONS[found[2]]}"
