"""What a reviewer has: a clone, set up; no key, no Julia, no cluster, no home, no network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repro import ROOT

from . import alone
from conftest import skip


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the last commit has."""
    if (
        not shutil.which("unshare")
        or subprocess.run([*alone.START, "true"], check=False).returncode
    ):
        skip("a network namespace of its own (unshare --net)")
    directory = tmp_path_factory.mktemp("reviewer")
    subprocess.run(["git", "clone", "--quiet", ROOT, directory / "repro"], check=True)
    return directory / "repro"


PAGE = (ROOT / "docs" / "artifact.md").read_text(encoding="utf-8")
PROMISED = re.findall(
    r"^\.venv/bin/repro (.+?) +# (.+)$", PAGE.split("### Tier 2")[0], re.MULTILINE
)
"""Commands of the tier of figures, and what they are to say."""


def test_the_page_promises_something() -> None:
    assert {typed.split()[0] for typed, _ in PROMISED} == {"verify", "figures", "claims", "report"}


def test_the_page_has_every_dataset(clone: Path) -> None:
    assert sorted(os.listdir(clone / "data")) == re.findall(
        r"^\| `(.+?)` \| .* cells,", PAGE, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *PROMISED,
        ("metrics --dataset local-model", "pass@k"),
        ("compare baseline baseline", "baseline"),
        ("export baseline --bag bag --zenodo-json z.json --creator Name", "bag with"),
    ],
)
def test_the_archive_speaks_for_itself(clone: Path, typed: str, said: str) -> None:
    home = clone.parent / "home"
    home.mkdir(exist_ok=True)
    answer = subprocess.run(
        [*alone.START, sys.executable, "-P", "-m", "repro", *typed.split()],
        cwd=clone,
        env=alone.environment(home) | {"PYTHONPATH": str(clone)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert said in answer.stdout
