"""The files of a program: its kernel, written by hand or in a dataset, and what it includes."""

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
    """The kernel of a program, or None where nobody has written it yet.

    A dataset of `datasets` that has it comes first, so that what is repeated is what was
    archived: `<model>/kernels/<problem>_<framework>_<sample>.jl`. Else a hand-written one is in the
    problem's own directory, `reference/<framework>.jl`, or, where the model names a directory,
    `<problem>_<framework>.jl` there, with `_<sample>` if there are several.
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
    """The kernel, then its siblings: the files beside it that it includes, and those that they do.

    An include counts if it names the file literally and without a directory: `include("f.jl")`,
    `include(joinpath(@__DIR__, "f.jl"))`. The text is read, not run: one that is never reached
    counts, one whose name is computed does not. A file that does not exist is left out; to load the
    program will then fail.

    Raises:
        OSError: a file cannot be read.
    """
    files = [kernel]
    for file in files:  # which grows on the way
        for name in _included_names(file.read_bytes()):
            path = kernel.with_name(name)
            if path.is_file() and path not in files:
                files.append(path)
    return tuple(files)


def program_sha256(kernel: Path) -> str:
    """The SHA-256 of a program, whose kernel is in its place and has its name there.

    That of the kernel, if it has no siblings. Else that of the lines that
    `sha256sum KERNEL SIBLING...` prints in the kernel's directory, the siblings sorted by name.

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
    """The syntax tree of Julia source; what does not parse is in it as errors."""
    return Parser(Language(tree_sitter_julia.language())).parse(source).root_node


def _included_names(source: bytes) -> Iterator[str]:
    """The plain names that Julia source includes literally."""
    nodes = [parse(source)]
    while nodes:
        node = nodes.pop()
        nodes += reversed(node.named_children)
        if node.type == "call_expression" and _text(node.named_children[0]) in _INCLUDE:
            name = _literal(node.named_children[-1].named_children[-1:])
            if name and "/" not in name:
                yield name


def _literal(arguments: list[Node]) -> str:
    """The text of an argument that is `"text"` or `joinpath(@__DIR__, "text")`; else ""."""
    if len(arguments) != 1:
        return ""
    (argument,) = arguments
    text = _text(argument)
    if argument.type == "call_expression" and text.replace(" ", "").startswith(_HERE):
        return _literal(argument.named_children[-1].named_children[1:])
    return text[1:-1] if argument.type == "string_literal" and "$" not in text else ""


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
