"""Replacing a directory: whatever fails, and whenever, the old one or the new one is there whole.

Failures are real exceptions, and the killings real: an audit hook, which Python calls before it
creates, renames or removes anything, ends the n-th such step.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from repro.directories import replacing_directory

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "os.chmod"}


@dataclass
class Hook:
    """Ends the step whose turn it is, in the place that is watched."""

    place: str = ""
    left: int = -1
    """Steps until then; negative: never."""

    end: Callable[[], None] = lambda: None
    seen: int = 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take notice of a step."""
        if not self.place or event not in STEPS or self.place not in str(arguments):
            return
        self.seen += 1
        if self.left == 0:
            self.left = -1
            self.end()
        self.left -= self.left > 0


HOOK = Hook()
sys.addaudithook(HOOK)


@pytest.fixture(autouse=True)
def no_hook() -> Iterator[None]:
    yield
    HOOK.place, HOOK.left = "", -1


def fails() -> None:
    raise OSError(errno.EIO, "as if the disk failed")


def is_interrupted() -> None:
    raise KeyboardInterrupt


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill(directory: Path, text: str) -> None:
    (directory / "sub").mkdir()
    for name in ("a", "b", "sub/c"):
        (directory / name).write_text(text, encoding="utf-8")


def content(directory: Path) -> list[tuple[str, str]]:
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return [(str(path.relative_to(directory)), path.read_text("utf-8")) for path in files]


def whole(text: str) -> list[tuple[str, str]]:
    return [("a", text), ("b", text), ("sub/c", text)]


def replace(target: Path, text: str = "new") -> None:
    with replacing_directory(target) as draft:
        fill(draft, text)


def there(tmp_path: Path, *, before: bool) -> Path:
    target = tmp_path / "place" / "it[1]*"  # a name that would be a pattern
    target.parent.mkdir()
    if before:
        target.mkdir()
        fill(target, "old")
    return target


def steps_of(tmp_path: Path, *, before: bool) -> int:
    """How many steps there are when nothing fails."""
    place = tmp_path / "counted"
    place.mkdir()
    target = there(place, before=before)
    HOOK.place, HOOK.seen = str(place), 0
    replace(target)
    HOOK.place = ""
    return HOOK.seen


def siblings(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("end", [fails, is_interrupted])
def test_a_failure_at_any_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], end: Callable[[], None], *, before: bool
) -> None:
    steps = steps_of(tmp_path, before=before)
    assert steps > (15 if before else 10)
    ends = set()
    for step in range(steps):
        place = tmp_path / f"{step}"
        place.mkdir()
        target = there(place, before=before)
        HOOK.place, HOOK.end, HOOK.left = str(place), end, step
        try:
            replace(target)
        except (OSError, KeyboardInterrupt):
            ends.add("failed")
        else:
            ends.add("went well")
        HOOK.place = ""
        found = content(target) if target.exists() else []
        assert found in (whole("new"), whole("old") if before else []), step
        said = capsys.readouterr().err
        for name in siblings(target):
            assert end is is_interrupted or f"{name}: left over" in said, (step, name)
        replace(target, "newer")
        assert content(target) == whole("newer"), step
        assert siblings(target) == [], step
    assert "failed" in ends


@pytest.mark.parametrize("before", [True, False])
def test_a_kill_at_any_step_is_mended_by_the_next_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, before: bool
) -> None:
    put_back = 0
    for step in range(steps_of(tmp_path, before=before)):
        place = tmp_path / f"{step}"
        place.mkdir()
        target = there(place, before=before)
        if (child := os.fork()) == 0:
            HOOK.place, HOOK.end, HOOK.left = str(place), is_killed, step
            replace(target)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, step
        found = content(target) if target.exists() else None
        if before and found is None:  # between the two renames: both are there, beside it
            assert [content(target.parent / name) for name in siblings(target)] == [
                whole("new"), whole("old"),
            ]  # fmt: skip
        else:
            assert found in (whole("new"), whole("old") if before else None), step
        with pytest.raises(ZeroDivisionError), replacing_directory(target):
            _ = 1 / 0
        said = capsys.readouterr().err
        if before and found is None:
            put_back += 1
            assert f"{target}: was put back" in said
            assert content(target) == whole("old")
        assert siblings(target) == [], step
    assert put_back == (1 if before else 0)


def test_who_is_at_work_is_left_alone(tmp_path: Path) -> None:
    """Two replacements at once: the second takes nothing from the first, the last to end stays."""
    target = there(tmp_path, before=True)
    with replacing_directory(target) as slow:
        fill(slow, "slow")
        replace(target, "quick")
        assert content(target) == whole("quick")
        assert content(slow) == whole("slow")
    assert content(target) == whole("slow")
    assert siblings(target) == []


def test_what_is_not_to_be_replaced_stays(tmp_path: Path) -> None:
    target = there(tmp_path, before=False)

    def replace_while_somebody_writes() -> None:
        with replacing_directory(target, replace=False) as draft:
            fill(draft, "new")
            target.mkdir()
            fill(target, "somebody's")

    with pytest.raises(FileExistsError):
        replace_while_somebody_writes()
    assert content(target) == whole("somebody's")
    assert siblings(target) == []


def test_a_link_is_replaced_and_not_what_it_names(tmp_path: Path) -> None:
    target, named = there(tmp_path, before=False), tmp_path / "elsewhere"
    named.mkdir()
    fill(named, "old")
    target.symlink_to(named)
    replace(target)
    assert not target.is_symlink()
    assert (content(target), content(named)) == (whole("new"), whole("old"))
    assert siblings(target) == []
