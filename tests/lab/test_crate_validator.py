"""The crates of committed datasets as the RO-Crate community's own validator sees them, offline.

Its profiles are part of it. The two contexts that a crate names it would fetch; here they are in
the copy that is validated: RO-Crate's as the package `rocrate` has it, and the terms of the other.
"""

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from repro import ROOT
from repro.archive import layout
from repro.container.julia import TOOLCHAIN

_TERMS = "https://w3id.org/ro/terms/workflow-run#"
_USED_TERMS = ("ContainerImage", "SIFImage", "containerImage", "sha256")
_PROFILE = "process-run-crate-0.5"

NOT_MET = {
    f"{_PROFILE}_3.2": "a model, and this package, have no page that is known here",
    f"{_PROFILE}_5.1": "for the same reason their identifiers are the crate's own",
    f"{_PROFILE}_8.4": "it wants +00:00 where a time has Z; and what never ran has no end",
    f"{_PROFILE}_8.5": "the same of the start",
    f"{_PROFILE}_8.6": "the dataset was made without --creator",
    "ro-crate-1.1_22.2": "the same",
    "ro-crate-1.1_22.3": "nobody has published it yet",
    "ro-crate-1.1_30.2": "a dataset knows its creator's name, no affiliation",
    "ro-crate-1.1_30.3": "the same",
}
"""What is recommended, and why a committed crate has it not."""


@pytest.fixture(scope="module")
def validator() -> Path:
    """The validator's program."""
    place = TOOLCHAIN / "crate-validator"
    script = ROOT / "tests" / "lab" / "install-crate-validator.sh"
    subprocess.run(["sh", script, sys.executable, place], check=True)
    return place / "bin" / "rocrate-validator"


def a_copy(dataset: str, place: Path) -> Path:
    """A dataset whose crate needs nothing from elsewhere."""
    copy = place / dataset
    shutil.copytree(ROOT / "data" / dataset, copy)
    crate = json.loads((copy / layout.CRATE).read_text(encoding="utf-8"))
    context = files("rocrate").joinpath("data", "ro-crate.jsonld").read_text(encoding="utf-8")
    terms = {name: _TERMS + name for name in _USED_TERMS}
    crate["@context"] = [json.loads(context)["@context"], terms]
    (copy / layout.CRATE).write_text(json.dumps(crate), encoding="utf-8")
    return copy


def problems(validator: Path, crate: Path, severity: str) -> set[str]:
    """The checks of at least this severity that the crate does not pass."""
    report = crate.with_name(f"{severity}.json")
    cache = report.with_name("cache")
    options = ("--offline", "--cache-path", cache, "-p", _PROFILE, "-l", severity, "-f", "json")
    done = subprocess.run(
        [validator, "-y", "validate", "--no-paging", *options, "-o", report, crate],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    names = {issue["check"]["identifier"] for issue in found["issues"]}
    assert found["passed"] == (not names) == (done.returncode == 0)
    return names


@pytest.mark.parametrize("dataset", sorted(path.name for path in (ROOT / "data").iterdir()))
def test_a_committed_crate_passes(validator: Path, tmp_path: Path, dataset: str) -> None:
    copy = a_copy(dataset, tmp_path)
    assert problems(validator, copy, "required") == set()
    assert problems(validator, copy, "recommended") <= NOT_MET.keys()


def test_it_sees_a_session_without_an_instrument(validator: Path, tmp_path: Path) -> None:
    copy = a_copy("local-model", tmp_path)
    crate = json.loads((copy / layout.CRATE).read_text(encoding="utf-8"))
    sessions = [entity for entity in crate["@graph"] if "/session/" in entity["@id"]]
    del sessions[0]["instrument"]
    (copy / layout.CRATE).write_text(json.dumps(crate), encoding="utf-8")
    assert [name.split("_")[0] for name in problems(validator, copy, "required")] == [_PROFILE]
