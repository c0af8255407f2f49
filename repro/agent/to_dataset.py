"""Sessions become part of a dataset: their transcripts, and the kernels and tests they left."""

import os
import re
import socket
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from repro import ROOT
from repro.agent import layout, records
from repro.agent.endings import REPEATED
from repro.agent.records import Session
from repro.archive import collect
from repro.archive import layout as archived
from repro.archive.collect import Draft
from repro.archive.scrub import Places, scrub_text
from repro.errors import UserError
from repro.files import reading
from repro.study.load import STUDIES
from repro.study.model import Study
from repro.study.names import Program
from repro.study.toml import find_toml, parse_toml

_ROOTS = {"/", "/root", "/usr", "/usr/local"}
"""Paths that every machine has, and that an agent may mention."""


def collect_generations(
    generations: Path, study: str, data: Path, name: str, creator: str, licence: str,
    *, replace: bool = False,
) -> Draft:  # fmt: skip
    """Make a dataset of sessions: programs and transcripts, but no attempts.

    Raises:
        UserError: no session has ended, the dataset exists, or the disk is full.
    """
    sessions = ended(generations)
    path = find_toml(study, STUDIES, "study")
    with reading(path):
        text = study_of(path.read_text(encoding="utf-8"), sessions, str(path))
    about = collect.description(
        name=name,
        study=parse_toml(text, Study, str(path)).name,
        site="local",
        created=min(session.record.started for session in sessions)[:10],
        creator=creator,
        licence=licence,
        image="",
    )

    def fill(draft: Draft) -> None:
        draft.add(archived.STUDY, text)
        add_sessions(draft, sessions, generations)

    return collect.make_dataset(
        about, parse_toml(text, Study, str(path)), data, fill, replace=replace
    )


def ended(place: Path) -> list[Session]:
    """The sessions in a place that have ended.

    Raises:
        UserError: there are none.
    """
    found = [session for session in records.all_sessions(place) if session.ending]
    if not found:
        raise UserError(f"{place}: no session there has ended; `repro generate` makes sessions")
    return found


def add_sessions(draft: Draft, sessions: Iterable[Session], place: Path) -> None:
    """Add the transcripts, and each program's kernel and test from the session that made it."""
    places = _places(place)
    for program, of_program in groupby(sessions, key=lambda session: session.program):
        tries = list(of_program)
        for session in tries:
            target = f"{archived.transcripts_path(program)}/{session.path.name}"
            _add_tree(draft, session.path, target, places)
        _add_program(draft, program, tries)


def _add_program(draft: Draft, program: Program, tries: Sequence[Session]) -> None:
    """Add what the last session that was not cut off left; a kernel of the run is not replaced."""
    made = [session for session in tries if session.ending and session.ending.kind not in REPEATED]
    for session in made[-1:]:
        for path, target in (
            (session.kernel, archived.kernel_path(program)),
            (session.harness, archived.test_path(program)),
        ):
            if path.is_file() and path.stat().st_size and target not in draft.digests:
                draft.add(target, path.read_bytes())


def _add_tree(draft: Draft, source: Path, target: str, places: Places) -> None:
    """Add all files; those of the workspace unchanged, because a replay compares them."""
    for path in sorted(source.rglob("*")):
        inner = path.relative_to(source)
        if not path.is_file() or path.name.startswith("."):
            continue
        with reading(path):
            data = path.read_bytes()
        if inner.parts[0] != layout.WORKSPACE:
            text = data.decode(errors="backslashreplace")
            data = scrub_text(text, places).encode()
        draft.add(f"{target}/{inner}", data)


def _places(place: Path) -> Places:
    """Names of this machine that a session may have seen; its /tmp was the sandbox's own."""
    paths = {
        str(ROOT): "{repro}",
        str(place.absolute()): "{generations}",
        sys.base_prefix: "{python}",
        str(Path.home()): "{home}",
    }
    depots = os.environ.get("JULIA_DEPOT_PATH", "").split(os.pathsep)
    paths |= dict.fromkeys((depot for depot in depots if depot), "{depot}")
    hosts = {socket.gethostname(): "{host}"}
    short = {place: name for place, name in hosts.items() if len(place) > len("localhost")}
    return frozenset((paths | short).items()) - {(root, "{home}") for root in _ROOTS}


def study_of(text: str, sessions: Sequence[Session], where: str) -> str:
    """The study's text, extended to the models and samples of the sessions.

    A model that it lacks (one without documentation, or asked once) is added; a model with fewer
    samples gets more.

    Raises:
        UserError: the text is not a study.
    """
    study = parse_toml(text, Study, where)
    for model, of_model in groupby(sessions, key=lambda session: session.program.model):
        found = list(of_model)
        samples = 1 + max(session.program.sample for session in found)
        base = found[0].record.model_name
        if model not in study.models:
            title = study.models[base].title if base in study.models else base
            kind = model.removeprefix(base).removeprefix("-").replace("-", " ")
            lines = [f'[models."{model}"]', f'title = "{title}, {kind}"', f"samples = {samples}"]
            text = text.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"
        elif study.models[model].samples < samples:
            text = _with_samples(text, model, samples)
    parse_toml(text, Study, where)
    return text


def _with_samples(text: str, model: str, samples: int) -> str:
    header = re.compile(rf'^\[models\.("?){re.escape(model)}\1\][^\n]*\n', re.MULTILINE)
    match = header.search(text)
    if match is None:
        raise UserError(f"[models.{model}]: not a table of its own in the study; write it as one")
    before, rest = text[: match.end()], text[match.end() :]
    table, separator, after = rest.partition("\n[")
    table = re.sub(r"^samples *=[^\n]*\n?", "", table, flags=re.MULTILINE)
    return f"{before}samples = {samples}\n{table}{separator}{after}"
