"""The files of a program: its kernel, hand-written or in a dataset, and the files it includes."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import tree_sitter_julia
from tree_sitter import Language, Node, Parser

from repro import ROOT
from repro.study.model import Study
from repro.study.names import Program

_INCLUDE = ("include", "Base.include")
_HERE = "joinpath(@__DIR__,"


def find_kernel(study: Study, program: Program, datasets: tuple[Path, ...] = ()) -> Path | None:
    """Return the kernel of a program, or None if there is no program yet.

    The first of `datasets` that has the kernel comes first, because a repetition of a study must
    run the archived program: `<model>/kernels/<problem>_<framework>_<sample>.jl`. Otherwise a
    hand-written kernel is `reference/<framework>.jl` in the directory of the problem, or, if the
    model names a directory, `<problem>_<framework>.jl` there, with `_<sample>` for several samples.
    """
    candidates = [
        dataset / program.model / "kernels" / f"{program.stem}.jl" for dataset in datasets
    ]
    written = study.models[program.model].kernels
    if written is not None:
        candidates.append(ROOT / written / f"{program.stem}.jl")
    if written is not None and program.sample == 0:
        problem = study.problem_directory(program.problem)
        candidates.append(problem.program(written, program.framework))
        candidates.append(ROOT / written / f"{program.problem}_{program.framework}.jl")
    return next((path for path in candidates if path.is_file()), None)


def kernel_files(kernel: Path) -> tuple[Path, ...]:
    """Return the kernel, then its siblings: files next to it that it includes, directly or not.

    An include counts if it names the file literally and without a directory: `include("f.jl")`,
    `include(joinpath(@__DIR__, "f.jl"))`. The text is read, not run: an include that is never
    reached counts; an include with a computed name does not. A file that does not exist is omitted;
    loading the program then fails.

    Raises:
        OSError: a file cannot be read.
    """
    files = [kernel]
    for file in files:  # the loop appends to it
        for name in _included_names(file.read_bytes()):
            path = kernel.with_name(name)
            if path.is_file() and path not in files:
                files.append(path)
    return tuple(files)


def program_sha256(kernel: Path) -> str:
    """Return the SHA-256 of a program; the kernel must have its final name.

    Without siblings it is the SHA-256 of the kernel. Otherwise it is the SHA-256 of the output of
    `sha256sum KERNEL SIBLING...` in the directory of the kernel, the siblings sorted by name.

    Raises:
        OSError: a file cannot be read.
    """
    first, *siblings = kernel_files(kernel)
    files = (first, *sorted(siblings))
    digests = [sha256(path.read_bytes()).hexdigest() for path in files]
    if not siblings:
        return digests[0]
    lines = [f"{digest}  {path.name}\n" for digest, path in zip(digests, files, strict=True)]
    return sha256("".join(lines).encode()).hexdigest()


def parse(source: bytes) -> Node:
    """Return the syntax tree of Julia source; text that does not parse becomes error nodes."""
    return Parser(Language(tree_sitter_julia.language())).parse(source).root_node


def _included_names(source: bytes) -> Iterator[str]:
    """Yield the names without a directory that Julia source includes literally."""
    nodes = [parse(source)]
    while nodes:
        node = nodes.pop()
        nodes += reversed(node.named_children)
        if node.type == "call_expression" and _text(node.named_children[0]) in _INCLUDE:
            name = _literal(node.named_children[-1].named_children[-1:])
            if name and "/" not in name:
                yield name


def _literal(arguments: list[Node]) -> str:
    """Return the text of an argument `"text"` or `joinpath(@__DIR__, "text")`, otherwise ""."""
    if len(arguments) != 1:
        return ""
    (argument,) = arguments
    text = _text(argument)
    if argument.type == "call_expression" and text.replace(" ", "").startswith(_HERE):
        return _literal(argument.named_children[-1].named_children[1:])
    return text[1:-1] if argument.type == "string_literal" and "$" not in text else ""


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
