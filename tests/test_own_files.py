"""The files of an attempt, against programs that lay something else in their place."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from repro.measure.harness_records import RecordReader
from repro.measure.own_files import OwnFiles, remove

OWN = {"attempt.json": b"{}", "node.json": b"{1}"}
PRINTED = b"what it printed"
NOBODY = 65534


def watched(tmp_path: Path, program: Callable[[Path], object]) -> list[str]:
    """Let a program run in an attempt's directory; return what it changed."""
    attempt = tmp_path / "1"
    attempt.mkdir(exist_ok=True)
    for name, content in OWN.items():
        (attempt / name).write_bytes(content)
    files = OwnFiles(attempt)
    with files.create("stdout.txt") as out:
        out.write(PRINTED)
        program(attempt)
    changed = files.put_right()
    assert {name: (attempt / name).read_bytes() for name in OWN} == OWN
    assert (attempt / "stdout.txt").read_bytes() == PRINTED
    for name in ("result.jsonl", "outcome.json"):
        assert not os.path.lexists(attempt / name)
    return changed


def test_an_honest_program_changes_nothing(tmp_path: Path) -> None:
    assert watched(tmp_path, lambda attempt: (attempt / "scratch").mkdir()) == []


@pytest.mark.parametrize("name", ["outcome.json", "result.jsonl", "stdout.txt", "attempt.json"])
@pytest.mark.parametrize("what", ["directory", "link", "dangling link", "pipe", "file"])
def test_what_lies_in_the_place_of_a_file_is_removed_and_named(
    name: str, what: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")

    def program(attempt: Path) -> None:
        path = attempt / name
        path.unlink(missing_ok=True)
        if what == "directory":
            (path / "deep" / "er").mkdir(parents=True)
            (path / "deep").chmod(0)
        elif what == "pipe":
            os.mkfifo(path)
        elif what == "file":
            path.write_text("forged")
        else:
            path.symlink_to(elsewhere if what == "link" else "nowhere")

    assert watched(tmp_path, program) == [name]
    assert elsewhere.read_text() == "untouched"


@pytest.mark.parametrize("how", ["removed", "moved", "a file", "unwritable"])
def test_the_directory_itself(how: str, tmp_path: Path) -> None:
    def program(attempt: Path) -> None:
        if how == "unwritable":
            attempt.chmod(0o500)
        elif how == "moved":
            attempt.rename(tmp_path / "away")
        else:
            shutil.rmtree(attempt)
            if how == "a file":
                attempt.write_text("no directory")

    changed = watched(tmp_path, program)
    assert ("the directory" in changed) == (how != "unwritable")


def test_a_link_to_a_directory_is_removed_but_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "there" / "file").mkdir(parents=True)
    (tmp_path / "link").symlink_to("there")
    remove(tmp_path / "link")
    remove(tmp_path / "never was")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_directory_that_nobody_may_enter_is_removed_by_its_owner_without_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    (closed / "in").mkdir(parents=True)
    (closed / "in" / "file").touch()
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    for path in (tmp_path, closed, closed / "in"):
        os.chown(path, owner, -1)
    (closed / "in").chmod(0)
    closed.chmod(0)
    monkeypatch.chdir(tmp_path)  # the directories above may be closed to that user
    before = os.geteuid()
    os.seteuid(owner)  # root may enter all
    try:
        remove(Path("closed"))
    finally:
        os.seteuid(before)
    assert not closed.exists()


def test_directories_too_deep_to_be_removed_are_out_of_the_way(tmp_path: Path) -> None:
    def program(attempt: Path) -> None:
        before = Path.cwd()
        os.chdir(attempt)
        for name in ["outcome.json", *["d"] * 3000]:
            os.mkdir(name)  # noqa: PTH102 - a path would be too long
            os.chdir(name)
        os.chdir(before)

    try:
        assert watched(tmp_path, program) == ["outcome.json"]
        assert (tmp_path / "1" / ".left-outcome.json").is_dir()
    finally:
        subprocess.run(["rm", "-r", tmp_path / "1"], check=True)  # pytest could not


@pytest.mark.parametrize("how", ["removed", "replaced", "emptied", "appended", "pipe", "directory"])
def test_what_becomes_of_the_records_is_seen(how: str, tmp_path: Path) -> None:
    path = tmp_path / "result.raw"
    path.write_bytes(b"")
    reader = RecordReader(path, "secret")
    if how in ("pipe", "directory"):
        path.unlink()
        path.mkdir() if how == "directory" else os.mkfifo(path)
    reader.look()
    if how in ("removed", "replaced"):
        path.unlink()
    if how == "replaced":
        path.write_bytes(b"")
    if how == "emptied":
        path.write_bytes(b"a record that is gone before anybody reads it\n")
        os.truncate(path, 0)
    if how == "appended":
        path.write_bytes(b"no line")
    reader.end()
    reader.close()
    assert len(reader.rejected) == 1
