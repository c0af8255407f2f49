"""A published dataset comes back from its archive; the download itself needs a network."""

import shutil
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_user_errors import refused

from repro import ROOT
from repro.archive.fetch import choose, doi_of
from repro.archive.verify import verify
from repro.cli.main import cli
from repro.errors import UserError

BASELINE = ROOT / "data" / "baseline"


def fetch(source: Path, data: Path, *options: str) -> str:
    command = ["fetch", str(source), "--data", str(data), *options]
    answer = CliRunner().invoke(cli, command, standalone_mode=False)
    assert answer.exception is None, answer.exception
    return answer.output


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("form", ["zip", "gztar", "tar"])
@pytest.mark.parametrize("bagged", [False, True])
def test_a_packed_dataset_comes_back(tmp_path: Path, form: str, bagged: bool) -> None:  # noqa: FBT001
    source = shutil.copytree(BASELINE, tmp_path / "in" / "baseline")
    if bagged:
        command = ["export", "baseline", "--bag", str(tmp_path / "in" / "bag")]
        CliRunner().invoke(cli, command, standalone_mode=False)
        shutil.rmtree(source)
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), form, tmp_path / "in"))
    data = tmp_path / "data"
    assert "would fetch" in fetch(packed, data, "--dry-run")
    assert not data.exists()
    assert fetch(packed, data).startswith(f"{data}/baseline: fetched")
    assert content(data / "baseline") == content(BASELINE)
    fetch(packed, data, "--dataset", "other")
    assert verify(data / "other").problems == []
    assert sorted(path.name for path in data.iterdir()) == ["baseline", "other"]
    assert "exists" in refused("fetch", packed, "--data", data)


def test_a_damaged_or_hostile_archive_is_refused(tmp_path: Path) -> None:
    copy = shutil.copytree(BASELINE, tmp_path / "in" / "baseline")
    (copy / "study.toml").write_text("")
    packed = shutil.make_archive(str(tmp_path / "damaged"), "zip", tmp_path / "in")
    data = tmp_path / "data"
    assert "(changed: study.toml)" in refused("fetch", packed, "--data", data)
    (tmp_path / "text.zip").write_text("no archive")
    assert "cannot be unpacked" in refused("fetch", tmp_path / "text.zip", "--data", data)
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../out.txt", "x")
    assert "is outside of it" in refused("fetch", tmp_path / "bad.zip", "--data", data)
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("../out.txt"), BytesIO())
    assert "cannot be unpacked" in refused("fetch", tmp_path / "bad.tar", "--data", data)
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    assert "has 0 datasets" in refused("fetch", tmp_path / "none.zip", "--data", data)
    assert list(data.iterdir()) == []
    assert not (tmp_path / "out.txt").exists()


def test_dois_and_files() -> None:
    for text in ("10.5281/zenodo.1", "doi:10.5281/zenodo.1", "https://doi.org/10.5281/zenodo.1"):
        assert doi_of(text) == "10.5281/zenodo.1"
    assert doi_of("baseline.zip") is None
    assert choose(["a.zip", "b.json"], None, "d") == "a.zip"
    assert choose(["a.zip", "b.zip"], "b.zip", "d") == "b.zip"
    for names, only in ((["a.zip", "b.zip"], None), (["a.json"], None), (["a.zip"], "c.zip")):
        with pytest.raises(UserError, match="no single archive"):
            choose(names, only, "d")
    assert "neither a DOI" in refused("fetch", "nowhere.zip")


def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    said = refused("fetch", "10.5281/zenodo.1", "--data", tmp_path / "data", **nowhere)
    assert "10.5281/zenodo.1: cannot be downloaded" in said
    assert "give that file instead of the DOI" in said
