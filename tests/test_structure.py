"""The rules of the house, checked: imports run downwards, every command is documented."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from repro import ROOT
from repro.cli.main import COMMANDS, cli

LAYERS = [
    "study",
    "container",
    "measure",
    "archive",
    "analysis",
    "claims",
    "launch",
    "docs_server",
    "agent",
    "report",
    "cli",
]
"""From the bottom to the top; each may import from those before it."""
GROUND = {"directories", "errors", "files", "records", "text"}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "repro").rglob("*.py")), ids=str)
def test_imports_run_downwards(path: Path) -> None:
    package = path.relative_to(ROOT / "repro").parts[0].removesuffix(".py")
    if package in ("__init__", "__main__", *GROUND):  # the root knows all, the ground nothing
        return
    allowed = {*GROUND, *LAYERS[: LAYERS.index(package) + 1]}
    used = {name.split(".")[1] for name in imports_of(path) if name.startswith("repro.")}
    assert used <= allowed
    if package != "cli":
        assert not {name for name in imports_of(path) if name.startswith("paper_figures")}


def test_figures_know_analysis_and_matplotlib_only() -> None:
    for path in (ROOT / "paper_figures").glob("*.py"):
        ours = {name for name in imports_of(path) if name.startswith("repro.")}
        assert all(name.startswith("repro.analysis") for name in ours), path


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command, name
        yield name, command
        if isinstance(command, click.Group):
            for sub, inner in command.commands.items():
                yield f"{name} {sub}", inner


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    assert command.help, name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"


CHANGING = {
    "setup", "doctor", "run", "cancel", "collect", "figures", "all", "cell run", "problem new",
    "image fetch", "image build", "local-model setup", "generate", "docs build",
    "export", "import", "fetch", "report",
}  # fmt: skip
LISTING = {
    "contract", "problem list", "problem check", "problem prompts",
    "plan", "status", "logs", "verify", "doctor", "cell show", "cell compare",
    "image verify", "local-model status", "replay", "docs search", "metrics", "claims",
    "compare",
}  # fmt: skip


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=str)
def test_what_changes_state_can_be_tried_and_what_lists_can_be_read_by_programs(
    name: str, command: click.Command
) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--dry-run" in options) == (name in CHANGING)
    assert ("--json" in options) == (name in LISTING)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom repro.cli.main import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "heavy = {'pydantic', 'rich', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_the_watchdog_imports_the_standard_library_only() -> None:
    code = (
        "import sys\nimport repro.measure.watchdog\n"
        "third = {'pydantic', 'psutil', 'rich', 'click', 'tree_sitter'} & set(sys.modules)\n"
        "sys.exit(str(third) if third else 0)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_no_registry_and_no_path_of_a_machine_is_named() -> None:
    """Lock files carry hashes, not URLs; data carries placeholders, not paths."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    tracked = subprocess.run(
        ["git", "grep", "-lIF", f"{ROOT}/"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    ).stdout.split()  # fmt: skip
    assert tracked == []


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line.startswith('    "') and "==" in line]
    assert len(pinned) > 10
    assert [line for line in pinned if "  # " not in line] == []


def test_the_architecture_page_lists_what_there_is() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages, directories = (
        re.findall(r"^\| `(.+?)` \|", part, re.MULTILINE) for part in page.split("\n## ")[1:]
    )
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert packages == LAYERS
    assert {*packages} == {Path(name).parts[1] for name in tracked if re.match("repro/.+/", name)}
    assert len(directories) == len({*directories})
    assert {*directories} == {Path(name).parts[0] for name in tracked if "/" in name}
