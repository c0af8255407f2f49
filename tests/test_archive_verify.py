"""Verification names every difference between a dataset and its manifest, and nothing else."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.archive.manifest import MANIFEST, flaw, lines_of, render
from repro.archive.verify import Report, verify
from repro.cli.main import cli
from repro.errors import UserError

# Any name that a file may have and a manifest may hold.
NAMES = st.text(
    st.characters(exclude_characters="/\\\x7f", exclude_categories=["Cs", "Cc"]),
    min_size=1, max_size=20,
).filter(lambda name: name not in {".", "..", "-", MANIFEST})  # fmt: skip
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TREES = st.dictionaries(PATHS, st.binary(max_size=200), min_size=1, max_size=12)
in_tmp_path = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_tree(root: Path, tree: dict[str, bytes]) -> dict[str, bytes]:
    """Write what can be written of a tree (a name is a file or a directory), with a manifest."""
    root.mkdir()
    kept = {}
    for path, content in tree.items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        except OSError:  # a directory where a file should be, or the other way about
            continue
        kept[path] = content
    digests = {path: digest(content) for path, content in kept.items()}
    (root / MANIFEST).write_text(render(digests), encoding="utf-8", newline="")
    return kept


def new_directory(tmp_path: Path) -> Path:
    return tmp_path / f"d{len(list(tmp_path.iterdir()))}"


def problems(root: Path) -> list[tuple[str, str]]:
    return [(problem.kind, problem.path) for problem in verify(root).problems]


def sha256sum_agrees(root: Path) -> bool:
    command = ["sha256sum", "--check", "--strict", "--status", MANIFEST]
    return subprocess.run(command, cwd=root, check=False).returncode == 0


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "data" / "d"
    root.parent.mkdir()
    write_tree(root, {"a.txt": b"one", "sub/b.txt": b"two", "sub/deep/c.txt": b""})
    return root


@in_tmp_path
@given(tree=TREES)
def test_a_sound_tree_is_found_sound_by_us_and_by_sha256sum(
    tmp_path: Path, tree: dict[str, bytes]
) -> None:
    root = new_directory(tmp_path)
    kept = write_tree(root, tree)
    size = sum(map(len, kept.values()))
    assert verify(root) == Report(len(kept), size, [])
    assert sha256sum_agrees(root)
    lines = lines_of((root / MANIFEST).read_bytes().decode())
    assert [line[66:] for line in lines] == sorted(kept, key=str.encode)
    assert [flaw(line) for line in lines] == [""] * len(lines)


@in_tmp_path
@given(tree=TREES, data=st.data())
def test_a_flipped_bit_of_any_file_is_named(
    tmp_path: Path, tree: dict[str, bytes], data: st.DataObject
) -> None:
    root = new_directory(tmp_path)
    kept = write_tree(root, {path: content or b"x" for path, content in tree.items()})
    path = data.draw(st.sampled_from(sorted(kept)))
    bit = data.draw(st.integers(0, 8 * len(kept[path]) - 1))
    content = bytearray(kept[path])
    content[bit // 8] ^= 1 << bit % 8
    (root / path).write_bytes(content)
    assert problems(root) == [("changed", path)]
    assert not sha256sum_agrees(root)


@in_tmp_path
@given(tree=TREES, data=st.data())
def test_what_is_added_or_removed_is_named(
    tmp_path: Path, tree: dict[str, bytes], data: st.DataObject
) -> None:
    root = new_directory(tmp_path)
    kept = write_tree(root, tree)
    gone = data.draw(st.sampled_from(sorted(kept)))
    (root / gone).unlink()
    (root / "a new directory").mkdir()
    (root / "a new directory" / MANIFEST).touch()
    assert set(problems(root)) == {("missing", gone), ("extra", f"a new directory/{MANIFEST}")}


def test_every_byte_of_the_manifest_matters(dataset: Path) -> None:
    manifest = dataset / MANIFEST
    sound = manifest.read_bytes()
    for position in range(len(sound) - 1):  # without the last line's end it says the same
        damaged = bytearray(sound)
        damaged[position] ^= 1
        manifest.write_bytes(damaged)
        assert problems(dataset), position


def test_several_workers_share_many_files(tmp_path: Path) -> None:
    root = tmp_path / "many"
    tree = {f"{n % 7}/{n}": os.urandom(n) for n in range(1500)}
    write_tree(root, tree | {"large": os.urandom(300_000)})
    assert verify(root) == Report(1501, 300_000 + sum(range(1500)), [])
    for n in range(0, 1500, 100):
        (root / f"{n % 7}/{n}").write_bytes(b"?" * (n + 1))
    assert {path for _, path in problems(root)} == {f"{n % 7}/{n}" for n in range(0, 1500, 100)}


def test_an_appended_byte_at_the_end_of_a_piece_is_seen(tmp_path: Path) -> None:
    root = tmp_path / "pieces"
    write_tree(root, {"f": bytes(1 << 16)})
    with (root / "f").open("ab") as stream:
        stream.write(b"\0")
    assert problems(root) == [("changed", "f")]


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        ("{d}  ../outside", "unsafe", "../outside"),
        ("{d}  /etc/passwd", "unsafe", "/etc/passwd"),
        ("{d}  sub/../a.txt", "unsafe", "sub/../a.txt"),
        ("{d}  ./a.txt", "unsafe", "./a.txt"),
        ("{d}  sub//b.txt", "unsafe", "sub//b.txt"),
        ("{d}  -", "unsafe", "-"),
        ("{d}  a.txt", "duplicate", "a.txt"),
        ("{d} *a.txt", "malformed", "SHA256SUMS, line 4"),
        ("", "malformed", "SHA256SUMS, line 4"),
        ("{d}  ", "malformed", "SHA256SUMS, line 4"),
        ("<<<<<<< conflict", "malformed", "SHA256SUMS, line 4"),
    ],
)
def test_a_line_that_no_manifest_should_have(
    dataset: Path, line: str, kind: str, name: str
) -> None:
    (dataset.parent / "outside").write_bytes(b"one")
    with (dataset / MANIFEST).open("a") as stream:
        stream.write(line.format(d=digest(b"one")) + "\n")
    assert problems(dataset) == [(kind, name)]


def test_symlinks_and_fifos_are_unsafe_whatever_they_lead_to(dataset: Path) -> None:
    (dataset / "a.txt").rename(dataset.parent / "a.txt")
    (dataset / "a.txt").symlink_to(dataset.parent / "a.txt")
    (dataset / "extra").symlink_to("sub")
    (dataset / "sub" / "b.txt").unlink()
    os.mkfifo(dataset / "sub" / "b.txt")
    assert problems(dataset) == [("unsafe", "a.txt"), ("unsafe", "extra"), ("unsafe", "sub/b.txt")]


def test_a_directory_in_a_files_place(dataset: Path) -> None:
    (dataset / "a.txt").unlink()
    (dataset / "a.txt").mkdir()
    assert problems(dataset) == [("unreadable", "a.txt")]


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\tb", "../a", "/a", "-", "a\udcff"])
def test_names_that_sha256sum_would_escape_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="not allowed in SHA256SUMS"):
        render({name: digest(b"")})


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["verify", *map(str, arguments)], standalone_mode=False)


def test_the_command_checks_all_datasets_and_exits_with_1(dataset: Path) -> None:
    data = dataset.parent
    assert run("--data", data).output == "d: 3 files, 6 bytes, as its manifest says\n"
    write_tree(data / "e", {"x": b"x"})
    (data / "e" / "x").write_bytes(b"y")
    (data / "e" / "odd\x1b[2Jname").touch()
    (data / ".draft").mkdir()
    answer = run("--data", data)
    assert answer.return_value == 1
    assert answer.output.splitlines()[1:] == [
        "e: extra: 'odd\\x1b[2Jname'",
        "e: changed: x",
        "e: NOT as its manifest says: 2 problems, 1 files",
    ]
    assert run("d", "--data", data).return_value == 0
    assert run(data / "e").return_value == 1


def test_the_command_answers_programs(dataset: Path) -> None:
    (dataset / "sub" / "b.txt").unlink()
    answer = run("--data", dataset.parent, "--json")
    assert answer.return_value == 1
    assert json.loads(answer.output) == [
        {
            "dataset": "d",
            "files": 3,
            "bytes": 3,
            "problems": [{"kind": "missing", "path": "sub/b.txt"}],
        }
    ]


def test_what_cannot_be_verified(tmp_path: Path) -> None:
    assert isinstance(run("--data", tmp_path).exception, UserError)
    assert isinstance(run("none", "--data", tmp_path).exception, UserError)
    (tmp_path / "d").mkdir()
    error = run("d", "--data", tmp_path).exception
    assert isinstance(error, UserError)
    assert "d/SHA256SUMS: cannot be read: No such file" in str(error)
