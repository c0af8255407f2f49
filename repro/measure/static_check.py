"""Flags from the source of a program: it is read, not run.

A flag is a hint for the reader of a result, not a verdict: it reports what the text shows, and a
program can evade it. The rules cover the usual forms; in doubt there is no flag.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from repro.measure.julia_source import (
    DEFINITIONS,
    REPEATS,
    Source,
    above,
    arguments,
    called,
    identifiers,
    inside,
    parameters,
    text,
    walk,
)  # fmt: skip
from repro.measure.static_ranks import flags_of_ranks
from repro.study.directories import (
    FrameworkDefinition,
    FrameworkDirectory,
    ProblemDirectory,
    WholeCalls,
)

_WORKERS = re.compile(r"@everywhere\b|\bworkers?\b|\bprocs\b|remotecall|\bscope\b|\bwith_options\b")
_WRAPPERS = {"Symmetric", "Hermitian", "transpose", "adjoint", "copy", "Matrix"}
_POINTERS = {"pointer", "Ref"}
_C_CALLS = {"ccall", "@ccall"}
_FEWEST_OF_ROUTINE = 5
"""Arguments of LAPACK's potrf; BLAS's gemm has 13."""


def static_flags(
    kernel: Path, problem: ProblemDirectory, framework: FrameworkDirectory
) -> list[str]:
    """Return the flags of a program from its text; see `repro.measure.outcomes.FLAGS`.

    Args:
        kernel: the kernel of the program.
        problem: defines the entry function and the calls that do all the work.
        framework: defines the calls that create tasks.

    Raises:
        OSError: a file of the program cannot be read.
    """
    kind = framework.definition.programs
    shared = kind == "shared"
    source = Source.read(kernel, problem.entry(kind))
    rules = framework.definition
    flags = flags_of_ranks(source) if kind == "ranks" else _of_tasks(source, rules)
    if shared and _solves_at_once(source, problem.definition.static):
        flags.append("single-blas-call")
    if not shared and _holds_whole(source):
        flags.append("whole-matrix")
    return flags


def _of_tasks(source: Source, framework: FrameworkDefinition) -> list[str]:
    rules, on_workers = framework.static, framework.programs == "workers"
    tasks = [node for node in source.nodes() if source.full_name(node) in rules.tasks]
    loops = [node for node in source.nodes() if source.full_name(node) in rules.loops]
    everything = " ".join(text(node) for nodes in source.definitions.values() for node in nodes)
    placed = not on_workers or _WORKERS.search(everything + source.top_level)
    if not (tasks or loops) or not placed:
        return ["no-parallel-construct"]
    flags = ["single-task"] if not loops and _is_waited_for(source, tasks) else []
    if on_workers and _on_one_worker(source):
        flags.append("one-worker-computes")
    return flags


def _is_waited_for(source: Source, tasks: list[Node]) -> bool:
    """True if a single task is created once, and nothing else runs while it does.

    The task is outside of loops, comprehensions and closures, in a function that does not call
    itself and is mentioned once. It is passed directly to `fetch` or `wait`, or is alone in a
    `@sync` or a region.
    """
    if len(tasks) != 1:
        return False
    (task,) = tasks
    top = next(node for node in source.reached() if task in set(walk(node)))
    waits = False
    for parent, child in above(task, top):
        name = source.full_name(parent).rpartition(".")[2]
        waits = waits or name in ("fetch", "wait", "@sync", "spawn_datadeps")
        waits = waits or text(parent).endswith(("|> fetch", "|> wait"))
        region = parent.type == "do_clause" and _is_region(parent)
        beside = [node for node in parent.named_children if node != child]
        looped = any(node.type == "for_clause" for node in beside)
        if parent != top and (looped or (parent.type in REPEATS and not region)):
            return False
        if not waits and any(_computes(node) for node in beside):
            return False
    name = identifiers(top)[0]
    mentions = sum(identifiers(node).count(name) for node in source.reached())
    return waits and mentions <= (1 if name == source.entry else 2)


def _computes(node: Node) -> bool:
    """True if a statement next to a task can do a part of the work."""
    block = node.type in ("assignment", "call_expression", "for_statement")
    return block and any(part.type in REPEATS or called(part) for part in walk(node))


def _is_region(closure: Node) -> bool:
    call = closure.parent
    return call is not None and called(call).endswith("spawn_datadeps")


def _on_one_worker(source: Source) -> bool:
    """True if every scope has the same constant worker, or the driver."""
    given = [
        text(node.named_children[-1])
        for node in source.nodes()
        if node.type == "named_argument" and text(node.named_children[0]) == "worker"
    ]
    fixed = re.compile(r"\d+|myid\(\)|first\(workers\(\)\)|workers\(\)\[\d+\]")
    return bool(given) and len(set(given)) == 1 and bool(fixed.fullmatch(given[0]))


def _holds_whole(source: Source) -> bool:
    """True if a program for distributed memory allocates an n by n matrix, or joins all tiles.

    Only functions with both n and the tile size as parameters count, because in a helper n can be
    the size of a tile.
    """
    knowing = [d for d in source.reached() if {"n", "tile"} <= set(parameters(d))]
    texts = []
    for node in (part for definition in knowing for part in inside(definition)):
        sizes = [text(a) for a in arguments(node) if a.type in ("identifier", "tuple_expression")]
        makes = re.match(r"(?:zeros|ones|rand|fill|Matrix|Array)\b", called(node))
        plain = makes and "Blocks" not in text(node)
        if plain and (sizes[-2:] == ["n", "n"] or sizes[-1:] == ["(n, n)"]):
            return True
        if called(node) in ("hvcat", "reduce"):
            texts.append(text(node))
    rows = any(t.startswith("reduce(hcat") and "make_" in t for t in texts)
    columns = any(t.startswith("reduce(vcat") for t in texts)
    return (rows and columns) or any(t.startswith("hvcat") and "make_" in t for t in texts)


def _solves_at_once(source: Source, rules: WholeCalls) -> bool:
    """True if the kernel passes its whole arguments to one library call.

    It may do so in a function that it calls with them, if nothing else calls that.
    """
    entries = source.definitions.get(source.entry, []) if rules.whole_calls else []
    # The last parameter is the size of a tile.
    waiting = [(definition, set(parameters(definition)[:-1])) for definition in entries]
    seen = {source.entry}
    while waiting:
        definition, whole = waiting.pop()
        for node in _with_aliases(definition, whole):
            if _takes_whole(node, source.entry, rules, whole):
                return True
            name = called(node)
            if name in source.definitions and name not in seen and _is_mentioned_once(source, name):
                seen.add(name)
                waiting += [(d, _passed_whole(node, d, whole)) for d in source.definitions[name]]
    return False


def _is_mentioned_once(source: Source, name: str) -> bool:
    mentions = sum(identifiers(node).count(name) for node in source.reached())
    return mentions == len(source.definitions[name]) + 1


def _passed_whole(call: Node, definition: Node, whole: set[str]) -> set[str]:
    """The parameters of a function that are whole arguments in a call of it."""
    pairs = zip(parameters(definition), arguments(call), strict=False)
    return {name for name, argument in pairs if _is_whole(argument, whole)}


def _with_aliases(body: Node, whole: set[str]) -> Iterator[Node]:
    """Yield the nodes of a function, without inner functions whose parameters shadow `whole`.

    `X = A` adds X to `whole`.
    """
    waiting = list(reversed(body.named_children))
    while waiting:
        node = waiting.pop()
        if node.type in DEFINITIONS and set(parameters(node)) & whole:
            continue
        if node.type == "assignment":
            target, value = node.named_children[0], node.named_children[-1]
            if target.type == "identifier" and text(value) in whole:
                whole.add(text(target))
        yield node
        waiting += reversed(node.named_children)


def _takes_whole(node: Node, entry: str, rules: WholeCalls, whole: set[str]) -> bool:
    if node.type == "binary_expression":
        operands, name = node.named_children, text(node.named_children[1])
    else:
        operands, name = arguments(node), called(node)
    name = name.removeprefix("LinearAlgebra.").removeprefix("Base.")
    if name in _C_CALLS:
        # Which routine it is may be known only when it runs.
        given = _of_c_call(node)
        many = len(given) >= _FEWEST_OF_ROUTINE
        return many and sum(_is_whole(a, whole) for a in given) >= rules.whole_arguments
    if name not in rules.whole_calls:
        return False
    if name == entry and len(operands) > 1:
        return False  # f!(A, tile) is the program itself, f!(A) the function of the library
    return sum(_is_whole(operand, whole) for operand in operands) >= rules.whole_arguments


def _of_c_call(node: Node) -> list[Node]:
    """The values that a call of C passes, without the routine and the types."""
    if node.type == "call_expression":
        return arguments(node)[3:]
    typed = [found for found in inside(node) if found.type == "typed_expression"]
    return [each.named_children[0] for each in typed]


def _is_whole(node: Node, whole: set[str]) -> bool:
    if node.type == "identifier":
        return text(node) in whole
    if node.type == "call_expression" and called(node) in _POINTERS:
        given = arguments(node)
        return len(given) == 1 and _is_whole(given[0], whole)
    if node.type == "call_expression" and called(node) in _WRAPPERS:
        return any(_is_whole(argument, whole) for argument in arguments(node))
    return node.type == "adjoint_expression" and _is_whole(node.named_children[0], whole)
