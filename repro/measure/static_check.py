"""Does a program use what it claims? Its source is read, not run.

A flag is a hint for the reader of a result, not a verdict: it says what the text of the program
shows, and a program can hide from it.
"""

from collections.abc import Iterator
from pathlib import Path

import tree_sitter_julia
from tree_sitter import Language, Node, Parser

from repro.study.names import Program

_DAGGER = {"@spawn", "Dagger.@spawn", "spawn_datadeps", "Dagger.spawn_datadeps"}
_PARALLEL = {
    "threads": {"@spawn", "@threads", "Threads.@spawn", "Threads.@threads"},
    "dagger": _DAGGER,
    "dagger-distributed": _DAGGER,
}
"""What makes a program parallel in each framework; for `mpi` it is any call of that module."""

_LIBRARY = {
    "gemm": {"mul!", "*", "BLAS.gemm!", "BLAS.gemm"},
    "cholesky": {"cholesky!", "cholesky", "LAPACK.potrf!", "potrf!"},
}
"""Calls that would solve the whole problem if they were given the whole matrix."""

_MATRICES_IN_CALL = {"gemm": 2, "cholesky": 1}
_KERNELS = {"gemm": {"gemm!"}, "cholesky": {"cholesky!"}}
_WRAPPERS = {"Symmetric", "Hermitian", "transpose", "adjoint", "copy", "Matrix"}
_DEFINITIONS = {"function_definition", "assignment", "arrow_function_expression"}


def static_flags(kernel: Path, program: Program) -> list[str]:
    """The flags that the text of a kernel earns; see `repro.measure.outcomes.FLAGS`."""
    tree = Parser(Language(tree_sitter_julia.language())).parse(kernel.read_bytes())
    flags = []
    if not _is_parallel(tree.root_node, program.framework):
        flags.append("no-parallel-construct")
    if _solves_at_once(tree.root_node, program.problem):
        flags.append("single-blas-call")
    return flags


def _is_parallel(root: Node, framework: str) -> bool:
    names = {_called(node).removeprefix("Base.") for node in _walk(root)}
    if framework == "mpi":
        return any(name.startswith("MPI.") for name in names)
    return bool(names & _PARALLEL[framework])


def _solves_at_once(root: Node, problem: str) -> bool:
    """Does the kernel hand its whole matrices to one library call?"""
    if problem not in _LIBRARY:
        return False
    for definition in _walk(root):
        if definition.type in _DEFINITIONS and _defined(definition) in _KERNELS[problem]:
            whole = _parameters(definition)
            if any(_takes_whole(call, problem, whole) for call in _inside(definition, whole)):
                return True
    return False


def _inside(node: Node, whole: set[str]) -> Iterator[Node]:
    """The nodes of a function's body, but not of inner functions whose parameters hide `whole`.

    `X = A` makes X another name of a whole matrix.
    """
    for child in node.named_children:
        if child.type in _DEFINITIONS and _parameters(child) & whole:
            continue
        if child.type == "assignment":
            target, value = child.named_children[0], child.named_children[-1]
            if target.type == "identifier" and _text(value) in whole:
                whole.add(_text(target))
        yield child
        yield from _inside(child, whole)


def _takes_whole(node: Node, problem: str, whole: set[str]) -> bool:
    if node.type == "binary_expression":
        operands, name = node.named_children, _text(node.named_children[1])
    elif node.type == "call_expression":
        operands, name = node.named_children[-1].named_children, _called(node)
    else:
        return False
    if name.removeprefix("LinearAlgebra.") not in _LIBRARY[problem]:
        return False
    if name == next(iter(_KERNELS[problem])) and len(operands) > 1:
        return False  # cholesky!(A, tile) is the program itself, cholesky!(A) the library
    return sum(_is_whole(operand, whole) for operand in operands) >= _MATRICES_IN_CALL[problem]


def _is_whole(node: Node, whole: set[str]) -> bool:
    if node.type == "identifier":
        return _text(node) in whole
    if node.type == "call_expression" and _called(node) in _WRAPPERS:
        return any(
            _is_whole(argument, whole) for argument in node.named_children[-1].named_children
        )
    if node.type == "adjoint_expression":
        return _is_whole(node.named_children[0], whole)
    return False


def _signature(definition: Node) -> Node | None:
    """The `f(x, y)` of a definition, or None if it defines no function by name."""
    head: Node | None = definition.named_children[0] if definition.named_children else None
    while head is not None and head.type in ("signature", "where_expression", "typed_expression"):
        head = head.named_children[0] if head.named_children else None
    return head if head is not None and head.type == "call_expression" else None


def _defined(definition: Node) -> str:
    signature = _signature(definition)
    return _text(signature.named_children[0]).rpartition(".")[2] if signature else ""


def _parameters(definition: Node) -> set[str]:
    signature = _signature(definition)
    if signature is None:
        if definition.type == "arrow_function_expression":
            return set(_identifiers(definition.named_children[0]))
        return set()
    return {
        name
        for argument in signature.named_children[-1].named_children
        for name in _identifiers(argument)[:1]
    }


def _identifiers(node: Node) -> list[str]:
    return [_text(found) for found in _walk(node) if found.type == "identifier"]


def _called(node: Node) -> str:
    """The name that a call or a macro call calls, with its module: `Threads.@spawn`; else ""."""
    if node.type == "call_expression":
        return _text(node.named_children[0])
    if node.type == "macrocall_expression":
        parts = [child for child in node.named_children if not child.type.endswith("argument_list")]
        return ".".join(_text(part) for part in parts)
    return ""


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from _walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
