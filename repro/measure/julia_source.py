"""The source of a Julia program: the functions that its entry function reaches, and their calls."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tree_sitter import Node

from repro.study.kernels import kernel_files, parse

DEFINITIONS = {"function_definition", "assignment", "arrow_function_expression"}
REPEATS = {
    "for_statement", "while_statement", "comprehension_expression", "generator", "do_clause",
    "arrow_function_expression", "for_clause",
}  # fmt: skip
"""Nodes that can run their body more than once."""
_MODULES = {"Base.Threads", "Threads", "Dagger", "Distributed", "MPI", "MPI.API"}
_UNEVALUATED = {"quote_expression", "quote_statement", "string_literal", "macro_definition"}


@dataclass
class Source:
    """The files of a program, read as one.

    The entry function is reached, and every function whose name is in reached code, as a call or
    as a value. All methods of a function and all branches count, except for `if false`.
    """

    entry: str
    definitions: dict[str, list[Node]] = field(default_factory=dict)
    """The definitions of each function of the program, by name."""

    imported: dict[str, str] = field(default_factory=dict)
    """The module of each explicitly imported name: `Threads` for `@spawn` of Base.Threads."""

    top_level: str = ""
    """The text of macro calls at the top level, such as `@everywhere`."""

    used: set[str] = field(default_factory=set)
    """The modules after `using`, by the last part of the name: `Threads`."""

    aliases: dict[str, str] = field(default_factory=dict)
    """Modules by alias, from `const T = Base.Threads` and `import Dagger as D`."""

    @classmethod
    def read(cls, kernel: Path, entry: str) -> "Source":
        """Read the kernel and the files next to it that it includes.

        Raises:
            OSError: a file cannot be read.
        """
        source = cls(entry)
        for path in kernel_files(kernel):
            root = parse(path.read_bytes())
            source.top_level += " ".join(
                text(node) for node in root.named_children if node.type == "macrocall_expression"
            )
            for node in walk(root):
                source._take(node)
        return source

    def _take(self, node: Node) -> None:
        if node.type in DEFINITIONS and (name := defined(node)):
            self.definitions.setdefault(name, []).append(node)
        if node.type == "assignment" and text(node.named_children[-1]) in _MODULES:
            self.aliases[text(node.named_children[0])] = text(node.named_children[-1])
        if node.type == "import_alias":
            self.aliases[text(node.named_children[-1])] = text(node.named_children[0])
        if node.type in ("using_statement", "import_statement"):
            for part in node.named_children:
                if part.type == "selected_import":
                    module, *names = map(text, part.named_children)
                    self.imported |= dict.fromkeys(names, module.rpartition(".")[2])
                elif "@" in text(part):
                    module, _, name = text(part).rpartition(".")
                    self.imported[name] = module.rpartition(".")[2]
                elif node.type == "using_statement":
                    self.used.add(text(part).rpartition(".")[2])

    def reached(self) -> list[Node]:
        """Return the reached definitions, the entry function first, without nested definitions."""
        found: list[Node] = []
        waiting = [self.entry]
        seen = set(waiting)
        while waiting:
            for definition in self.definitions.get(waiting.pop(0), []):
                found.append(definition)
                names = {text(node) for node in walk(definition) if node.type == "identifier"}
                waiting += sorted((names & self.definitions.keys()) - seen)
                seen |= names
        inner = {node for outer in found for node in inside(outer)}
        return [node for node in found if node not in inner]

    def nodes(self) -> Iterator[Node]:
        """Yield the nodes of reached code."""
        for definition in self.reached():
            yield from walk(definition)

    def full_name(self, node: Node) -> str:
        """Return the called name, with its module if the text shows it: `Threads.@spawn`."""
        name = called(node)
        module, dot, rest = name.partition(".")
        if dot:
            return f"{self.aliases.get(module, module)}.{rest}".removeprefix("Base.")
        if name in self.imported:
            return f"{self.imported[name]}.{name}"
        exported = {"@spawn": ("Threads", "Distributed"), "@threads": ("Threads",)}
        module = next((m for m in exported.get(name, ()) if m in self.used), "")
        return f"{module}.{name}" if module else name


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and its descendants that can run, in the order of the text."""
    waiting = [node]
    while waiting:  # no recursion, because an expression can be thousands of terms deep
        current = waiting.pop()
        yield current
        interpolates = any(child.type == "string_interpolation" for child in current.children)
        if current.type in _UNEVALUATED and not interpolates:
            continue
        if current.type == "if_statement" and text(current.named_children[0]) == "false":
            continue
        waiting += reversed(current.named_children)


def inside(node: Node) -> Iterator[Node]:
    """Yield the descendants of a node that can run."""
    for child in node.named_children:
        yield from walk(child)


def above(node: Node, top: Node) -> Iterator[tuple[Node, Node]]:
    """Yield (parent, child) from a node upwards to `top`."""
    while node != top and node.parent is not None:
        yield node.parent, node
        node = node.parent


def signature(definition: Node) -> Node | None:
    """Return the `f(x, y)` of a definition, or None if it does not define a named function."""
    head: Node | None = definition.named_children[0] if definition.named_children else None
    while head is not None and head.type in ("signature", "where_expression", "typed_expression"):
        head = head.named_children[0] if head.named_children else None
    return head if head is not None and head.type == "call_expression" else None


def defined(definition: Node) -> str:
    """Return the name of the function that a definition defines, or ""."""
    head = signature(definition)
    return text(head.named_children[0]).rpartition(".")[2] if head else ""


def parameters(definition: Node) -> list[str]:
    """Return the names of the parameters of a definition, in order."""
    head = signature(definition)
    if head is not None:
        given = head.named_children[-1].named_children
    elif definition.type == "arrow_function_expression":
        return identifiers(definition.named_children[0])
    else:
        return []
    return [name for argument in given for name in identifiers(argument)[:1]]


def identifiers(node: Node) -> list[str]:
    """Return the identifiers in a node, in order."""
    return [text(found) for found in walk(node) if found.type == "identifier"]


def called(node: Node) -> str:
    """Return the name in a call or macro call as written, such as `Threads.@spawn`, or ""."""
    if node.type == "call_expression":
        return text(node.named_children[0])
    if node.type == "macrocall_expression":
        parts = [child for child in node.named_children if not child.type.endswith("argument_list")]
        return ".".join(text(part) for part in parts)
    return ""


def arguments(call: Node) -> list[Node]:
    """Return the arguments of a call or a macro call."""
    lists = [child for child in call.named_children if child.type.endswith("argument_list")]
    return lists[0].named_children if lists else []


def text(node: Node) -> str:
    """Return the source of a node."""
    return (node.text or b"").decode(errors="replace")
