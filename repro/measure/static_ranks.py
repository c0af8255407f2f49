"""Flags from the source of an MPI program: whether its ranks share work and data."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from repro.measure.julia_source import REPEATS, Source, called, inside, text, walk

_MOVES_DATA = re.compile(
    r"(?:MPI\.)?I?(?:[Bb]cast|All(?:reduce|gather|toall)|[Rr]educe|[Gg]ather|[Ss]catter|[Ss]can|"
    r"Exscan|[Ss]end|[Rr]ecv|Sendrecv|Put|Get|Accumulate)\w*!?"
    r"|(?:MPI\.)?API\.MPI_(?!Comm|Barrier|Wait|Init)\w+"
)
_GETS_WORK = re.compile(r"(?:MPI\.)?I?(?:[Ss]catter|[Rr]ecv|Sendrecv|Get|Fetch)\w*!?")
_RANK = re.compile(r"(?:MPI\.)?(?:Comm_rank|Cart_coords|Cart_create|API\.MPI_Comm_rank)")
_COMPARISONS = ("==", "!=", "≠", "===", ">")
_CONSTANT = re.compile(r"\d+|[A-Z][A-Z_]*|root|master")
_LIBRARY_CALL = re.compile(r"(?:LinearAlgebra\.)?(?:BLAS\.\w+!?|LAPACK\.\w+!?|mul!)")


def flags_of_ranks(source: Source) -> list[str]:
    """Return the flags of an MPI program."""
    calls = [source.full_name(node) for node in source.nodes()]
    if not any(_MOVES_DATA.fullmatch(name) for name in calls):
        return ["no-parallel-construct"]
    ranks = _rank_names(source)
    if _one_rank_computes(source, ranks):
        return ["one-rank-computes"]
    if any(_GETS_WORK.fullmatch(name) for name in calls) or _divides_work(source, ranks):
        return []
    return ["no-work-division"]


def _rank_names(source: Source) -> set[str]:
    """Return the variables to which a call that returns the rank is assigned."""
    names = set()
    for node in source.nodes():
        if node.type == "assignment" and _RANK.search(text(node.named_children[-1])):
            target = node.named_children[0]
            values = node.named_children[-1].named_children
            parts = target.named_children or [target]
            for part, value in zip(parts, values if len(parts) > 1 else parts, strict=False):
                if len(parts) == 1 or _RANK.search(text(value)):
                    names.add(text(part))
    return names


def _asks_rank(node: Node, ranks: set[str]) -> bool:
    return (node.type == "identifier" and text(node) in ranks) or (
        node.type == "call_expression" and bool(_RANK.fullmatch(called(node)))
    )


def _divides_work(source: Source, ranks: set[str]) -> bool:
    """True if the rank has a use other than to be printed or compared with one value."""
    compared = set()
    for definition in source.reached():
        for node in inside(definition):
            if not _asks_rank(node, ranks) or node.parent is None:
                continue
            parent = node.parent
            if parent.type == "argument_list" and parent.parent is not None:
                parent = parent.parent
            if _compares(parent):
                compared.add(text(parent.named_children[-1]))
            is_target = parent.type in ("assignment", "open_tuple", "tuple_expression")
            is_asked = called(parent) in ("iszero", "println", "print") or _compares(parent)
            inside_rank_call = bool(_RANK.fullmatch(called(parent)))
            if not (is_target or is_asked or inside_rank_call):
                return True
    return len(compared) > 1


def _compares(node: Node) -> bool:
    """True for `rank == 0`, `0 != rank`, `rank == ROOT` and similar comparisons."""
    if node.type != "binary_expression":
        return False
    operands = [text(child) for child in node.named_children]
    return operands[1] in _COMPARISONS and any(map(_CONSTANT.fullmatch, operands[::2]))


def _one_rank_computes(source: Source, ranks: set[str]) -> bool:
    """True if only one rank reaches the work.

    Work is a loop or a call of BLAS or LAPACK, in the entry function or in a function of the
    program that it calls. Only one rank reaches a branch of `rank == 0`, and code after
    `rank == 0 || return`.
    """
    entries = source.definitions.get(source.entry, [])
    work = [node for entry in entries for node in inside(entry) if _is_work(source, node)]
    return bool(work) and all(_is_for_one(node, ranks) for node in work)


def _is_work(source: Source, node: Node) -> bool:
    name = called(node)
    if _is_loop(node):
        return True
    seen = {source.entry}
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for part in (part for body in source.definitions.get(name, []) for part in inside(body)):
            if _is_loop(part):
                return True
            waiting.append(called(part))
    return False


def _is_loop(node: Node) -> bool:
    name = called(node)
    named = _LIBRARY_CALL.fullmatch(name) or name in ("sum", "mapreduce", "foreach", "map")
    return node.type in REPEATS or node.type.startswith("broadcast") or bool(named)


def _is_for_one(node: Node, ranks: set[str]) -> bool:
    child = node
    parent = node.parent
    while parent is not None and child.type != "function_definition":
        if parent.type in ("if_statement", "ternary_expression"):
            branches = parent.named_children
            right = _one_rank_when(branches[0], ranks)
            if right is not None and child != branches[0] and _is_first(parent, child) == right:
                return True
        if any(_leaves_one(earlier, ranks) for earlier in _before(parent, child)):
            return True
        child, parent = parent, parent.parent
    return False


def _is_first(branching: Node, child: Node) -> bool:
    """True if a child is in the branch for a true condition."""
    if branching.type == "ternary_expression":
        return child == branching.named_children[1]
    return child.type not in ("else_clause", "elseif_clause")


def _before(parent: Node, child: Node) -> Iterator[Node]:
    for node in parent.named_children:
        if node == child:
            return
        yield node


def _one_rank_when(condition: Node, ranks: set[str]) -> bool | None:
    """True if the condition holds for one rank only, False if for all but one, otherwise None."""
    if not any(_asks_rank(node, ranks) for node in walk(condition)):
        return None
    if called(condition) == "iszero":
        return True
    if _compares(condition):
        return text(condition.named_children[1]) in ("==", "===")
    return None


def _leaves_one(statement: Node, ranks: set[str]) -> bool:
    """True for `rank == 0 || return`, `rank != 0 && return`, `if rank != 0 ... return ... end`."""
    if not any(node.type == "return_statement" for node in walk(statement)):
        return False
    parts = statement.named_children
    if statement.type == "binary_expression":
        return _one_rank_when(parts[0], ranks) is (text(parts[1]) == "||")
    one_liner = statement.type == "if_statement" and parts[-1].type == "return_statement"
    return one_liner and _one_rank_when(parts[0], ranks) is False
