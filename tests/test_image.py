"""The image without building it: both recipes say the same, and what they need is put together."""

import base64
import hashlib
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from test_user_errors import refused

from repro import ROOT
from repro.container.image_build import DEFINITION, DOCKERFILE, Build, arguments, check_engine
from repro.container.image_fetch import check_integrity, items
from repro.container.image_lock import image_lock
from repro.container.image_source import look_at_source, write_source
from repro.container.image_store import Item, check, fill
from repro.container.pins import load_pins
from repro.errors import UserError

Step = tuple[str, ...]
"""What is done and with what, as `("run", "apt-get ...")`."""


def quiet(_message: str) -> None:
    pass


def plain(text: str) -> str:
    """A line of either recipe, its arguments written as the Dockerfile does."""
    return re.sub(r"\{\{ (\w+) \}\}", r"${\1}", text).strip()


def steps_of_definition(text: str) -> list[list[Step]]:
    """What Apptainer.def does, a list a stage."""
    stages: list[list[Step]] = []
    section = ""
    for line in text.splitlines():
        word = line.strip()
        if word.startswith("Bootstrap: "):
            stages.append([("from", word.removeprefix("Bootstrap: "))])
            section = ""
        elif line.startswith("Stage: "):
            stages[-1].append(("name", line.removeprefix("Stage: ")))
        elif line.startswith("%"):
            section = line
        elif word and not word.startswith("#") and word != "set -eu":
            stages[-1] += in_section(section, plain(word))
    return stages


def in_section(section: str, word: str) -> list[Step]:
    if section == "%setup":
        assert '--directory "$APPTAINER_ROOTFS"' in word
        return [("unpack", word.split("--file ")[1].split(maxsplit=1)[0])]
    if section.startswith("%files from "):
        return [("copy", section.removeprefix("%files from "), *word.split())]
    if section == "%environment":
        name, value = word.removeprefix("export ").split("=", 1)
        return [("environment", name, value)]
    if section == "%labels":
        name, value = word.split(" ", 1)
        return [("label", name, value)]
    return [("run", word)] if section == "%post" else []


def steps_of_dockerfile(text: str) -> list[list[Step]]:
    """What the Dockerfile does, a list a stage."""
    stages: list[list[Step]] = []
    uncommented = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r" \\\n\s*", " ", uncommented).splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            start, name = rest.split(" AS ")
            stages.append([("from", start), ("name", name)])
        elif word == "ADD":
            stages[-1].append(("unpack", rest.removesuffix(" /")))
        elif word == "COPY":
            stages[-1].append(("copy", *rest.removeprefix("--from=").split()))
        elif word in {"ENV", "LABEL"}:
            name, value = rest.split("=", 1)
            kind = {"ENV": "environment", "LABEL": "label"}[word]
            stages[-1].append((kind, name, value if word == "ENV" else value.strip('"')))
        elif word == "RUN":
            mount, rest = rest.split(" ", 1)
            assert mount == "--mount=type=bind,target=/mnt"
            stages[-1] += [("run", command) for command in rest.split(" && ")]
    return stages


def test_both_recipes_do_the_same_step_by_step() -> None:
    definition = steps_of_definition(DEFINITION.read_text(encoding="utf-8"))
    dockerfile = steps_of_dockerfile(DOCKERFILE.read_text(encoding="utf-8"))
    assert definition == dockerfile
    assert [stage[1] for stage in definition] == [("name", "build"), ("name", "final")]
    kinds = {step[0] for stage in definition for step in stage}
    assert kinds == {"from", "name", "unpack", "copy", "environment", "label", "run"}


def test_both_recipes_start_the_same_program() -> None:
    definition = DEFINITION.read_text(encoding="utf-8")
    dockerfile = DOCKERFILE.read_text(encoding="utf-8")
    run = definition.split("%runscript\n")[1].split("\n\n")[0]
    (entry,) = re.findall(r"ENTRYPOINT (\[.+\])", dockerfile)
    assert re.findall(r'exec (.+) "\$@"', run) == [" ".join(json.loads(entry))]
    assert re.findall(r"set -- (\S+)", run) == re.findall(r'CMD \["(.+)"\]', dockerfile)


@pytest.mark.parametrize("variant", ["official", "debian"])
def test_all_that_the_recipes_leave_open_is_given_and_nothing_else(variant: str) -> None:
    source = look_at_source()
    given = arguments(load_pins(), variant, source, "a base")  # type: ignore[arg-type]
    definition = DEFINITION.read_text(encoding="utf-8").split("\n", 4)[4]
    assert set(re.findall(r"\{\{ (\w+) \}\}", definition)) == given.keys()
    dockerfile = DOCKERFILE.read_text(encoding="utf-8")
    declared = re.findall(r"^ARG (.+)$", dockerfile, re.MULTILINE)
    assert {name for line in declared for name in line.split()} == given.keys()
    assert all(value and "\n" not in value for value in given.values())


def test_an_argument_is_declared_before_it_is_used() -> None:
    """Else Docker puts nothing in its place."""
    for stage in DOCKERFILE.read_text(encoding="utf-8").split("\nFROM ")[1:]:
        declared: set[str] = set()
        for line in stage.splitlines():
            if line.startswith("ARG "):
                declared |= set(line.split()[1:])
            else:
                assert set(re.findall(r"\$\{(\w+)\}", line)) <= declared, line


def test_what_varies_is_in_the_file_of_pins_alone() -> None:
    pins = load_pins()
    varying = [
        pins.julia.version, pins.julia.debian.version, pins.image.openmpi, pins.image.suite,
        pins.image.python, pins.image.cpu_target, pins.image.base, pins.opencode.version,
        *pins.image.packages, *pins.image.build_packages,
    ]  # fmt: skip
    for path in (DEFINITION, DOCKERFILE):
        words = re.sub(r"python3 -m|/usr/lib/python3", "", path.read_text(encoding="utf-8"))
        assert [value for value in varying if value in words] == [], path


def test_the_recipes_use_what_is_fetched() -> None:
    for variant in ("official", "debian"):
        fetched = {item.name for item in items(load_pins(), variant, Path("store"))}
        text = plain(DEFINITION.read_text(encoding="utf-8")).replace("${VARIANT}", variant)
        used = set(re.findall(r"/mnt/([\w.-]+)", text)) | {"base"}
        assert used - {"source.tar"} == fetched


def item(name: str, content: str, *, made_from: str = "pins") -> Item:
    def make(made: Path, work: Path) -> None:
        assert list(work.iterdir()) == []
        made.mkdir()
        (made / "file").write_text(content)

    return Item(name, made_from, "a thing", make)


def test_what_is_fetched_is_left_until_its_pins_change(tmp_path: Path) -> None:
    said: list[str] = []
    fill(tmp_path, [item("a", "1"), item("b", "2")], said.append)
    fill(tmp_path, [item("a", "never"), item("b", "3", made_from="others")], said.append)
    assert (tmp_path / "a" / "file").read_text() == "1"
    assert (tmp_path / "b" / "file").read_text() == "3"
    assert said == ["a: a thing", "b: a thing", "a: already fetched", "b: a thing"]
    sums = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert sums.stdout == "a/file: OK\nb/file: OK\n"


def test_a_break_off_keeps_what_was_done_and_leaves_no_half(tmp_path: Path) -> None:
    def broken(made: Path, _work: Path) -> None:
        made.write_text("half")
        raise UserError("no network")

    with pytest.raises(UserError, match="no network"):
        fill(tmp_path, [item("a", "1"), Item("b", "pins", "b", broken)], quiet)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "fetched.json"}
    fill(tmp_path, [item("a", "never"), item("b", "2")], quiet)
    check(tmp_path, [item("a", ""), item("b", "")])


def test_a_store_that_is_not_as_it_was_fetched_is_refused(tmp_path: Path) -> None:
    things = [item("a", "1"), item("b", "2")]
    fill(tmp_path, things, quiet)
    check(tmp_path, things)
    with pytest.raises(UserError, match="no b for the current pins"):
        check(tmp_path, [things[0], item("b", "2", made_from="others")])
    (tmp_path / "a" / "more").touch()
    with pytest.raises(UserError, match="a/more: changed since it was fetched"):
        check(tmp_path, things)
    (tmp_path / "a" / "more").unlink()
    (tmp_path / "a" / "file").write_text("2")
    with pytest.raises(UserError, match="a/file: changed since it was fetched"):
        check(tmp_path, things)
    (tmp_path / "a" / "file").unlink()
    with pytest.raises(UserError, match="changed since it was fetched"):
        check(tmp_path, things)


def test_an_agent_with_another_integrity_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.tgz"
    path.write_bytes(b"agent")
    good = base64.b64encode(hashlib.sha512(b"agent").digest()).decode()
    check_integrity(path, f"sha512-{good}")
    with pytest.raises(UserError, match=r"agent\.tgz: not the pinned file: its sha512 differs"):
        check_integrity(path, "sha512-" + base64.b64encode(bytes(64)).decode())


def test_the_image_gets_what_its_python_needs_at_run_time() -> None:
    lock = image_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"), "3.13")
    names = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    assert {"click", "numpy", "scipy", "matplotlib", "hatchling", "pathspec"} <= set(names)
    assert not {"pytest", "ruff", "mypy", "hypothesis", "colorama"} & set(names)
    assert len(names) == len(set(names))
    assert lock.count("--hash=sha256:") >= len(names)
    assert ";" not in lock


def test_of_two_versions_for_two_pythons_the_images_is_taken() -> None:
    hashed = " \\\n    --hash=sha256:" + "0" * 64
    lock = (
        f"click==1.0 ; python_full_version < '3.12'{hashed}\n"
        f"click==2.0 ; python_full_version >= '3.12'{hashed}\n"
    )
    assert image_lock(lock, "3.13", ("click",)).startswith("click==2.0 \\\n")
    assert image_lock(lock, "3.11", ("click",)).startswith("click==1.0 \\\n")
    with pytest.raises(UserError, match=r"click==1\.0: no hash"):
        image_lock("click==1.0\n", "3.13", ("click",))


def checkout(path: Path) -> Path:
    path.mkdir()
    git = ["git", "-C", str(path), "-c", "user.name=n", "-c", "user.email=e"]
    (path / "run").write_text("#!/bin/sh\n")
    (path / "run").chmod(0o755)
    (path / "link").symlink_to("run")
    (path / ".gitignore").write_text("ignored\n")
    (path / "ignored").touch()
    date = {"GIT_COMMITTER_DATE": "2026-06-01T00:00:00Z", "PATH": "/usr/bin:/bin"}
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True, env=date)
    return path


def test_the_source_is_the_checkout_and_says_what_it_is(tmp_path: Path) -> None:
    here, there = checkout(tmp_path / "here"), checkout(tmp_path / "there")
    (there / "run").chmod(0o700)  # another umask
    for number, path in enumerate((here, there)):
        source = look_at_source(path)
        assert (source.changed, len(str(source)), source.time) == (False, 40, 1780272000)
        write_source(source, tmp_path / f"{number}.tar")
    assert (tmp_path / "0.tar").read_bytes() == (tmp_path / "1.tar").read_bytes()
    with tarfile.open(tmp_path / "0.tar") as tar:
        assert tar.getnames() == [".gitignore", "link", "run"]
        assert tar.getmember("run").mode == 0o755
    (here / "new").touch()
    (here / "link").unlink()
    changed = look_at_source(here)
    assert str(changed).endswith(" with changes")
    assert changed.files == (".gitignore", "new", "run")


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a git checkout"):
        look_at_source(tmp_path)


def test_a_build_cannot_change_what_was_fetched_and_arguments_are_not_split(tmp_path: Path) -> None:
    """Apptainer splits --build-arg at commas, and Julia's targets have some."""
    given = {"VERSION": "0.1.0", "CPU_TARGET": "generic;znver4,clone_all"}
    (command,) = Build("apptainer", tmp_path, tmp_path / "o.sif", given, 0).commands()
    assert f"{tmp_path}:/mnt:ro" in command
    assert "arguments.txt" in command
    assert not [word for word in command if "znver4" in word]
    build, save = Build("docker", tmp_path, tmp_path / "o.tar", given, 0).commands()
    assert {"--network=none", "--build-arg=CPU_TARGET=generic;znver4,clone_all"} <= set(build)
    assert save[:2] == ["docker", "save"]


def test_an_engine_that_is_missing_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"apptainer: not on PATH; load its module or install it"):
        check_engine("apptainer")
    said = refused("image", "build", PATH=str(tmp_path))
    assert "apptainer: not on PATH" in said
    assert "--engine docker" in said


def test_what_is_no_image_is_refused_by_verify(tmp_path: Path) -> None:
    (tmp_path / "repro.sif").write_text("no image")
    assert "not an Apptainer image" in refused("image", "verify", tmp_path / "repro.sif")
    assert "cannot be read" in refused("image", "verify", tmp_path / "none.sif")
