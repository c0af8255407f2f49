"""`repro all` finds out where it is, and what may be spent, before it asks."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.cli.all_writing import Writing
from repro.cli.main import cli
from repro.errors import UserError
from repro.launch.site.detect import detect_site, write_site
from repro.launch.site.settings import load_site
from repro.study.load import load_study

RECORDED = Path(__file__).parent / "slurm_output"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slurm's clients on PATH, which say what a real cluster said, but for its name."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    said = (RECORDED / "scontrol_show_config.txt").read_text(encoding="utf-8")
    renamed = said.replace("ClusterName             = lab", "ClusterName             = Elbe_2")
    assert renamed != said
    (tmp_path / "config.txt").write_text(renamed, encoding="utf-8")
    for name, file in (
        ("scontrol", tmp_path / "config.txt"), ("sinfo", RECORDED / "sinfo.txt"),
        ("sbatch", tmp_path / "none"),
    ):  # fmt: skip
        (bin_ / name).write_text(f'#!/bin/sh\nexec cat "{file}"\n', encoding="utf-8")
        (bin_ / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return bin_


def test_a_cluster_without_a_file_is_described_by_its_slurm(cluster: Path, tmp_path: Path) -> None:
    assert cluster
    site = detect_site(None)
    assert (site.name, site.launcher, site.nodes) == ("elbe-2", "slurm", 2)
    assert (site.cores_per_node, site.memory_per_node_gib) == (192, 390)
    assert write_site(site) == Path("slurm/sites/elbe-2.toml")
    assert (tmp_path / "slurm/sites/elbe-2.toml").is_file()
    assert load_site("elbe-2") == site
    assert detect_site(None) == site, "the next time its file is read"


def test_a_cluster_with_a_file_is_that_site(cluster: Path, tmp_path: Path) -> None:
    shutil.copy(RECORDED / "scontrol_show_config.txt", tmp_path / "config.txt")
    assert cluster
    assert detect_site(None) == load_site("lab")


def test_without_slurm_it_is_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert detect_site(None).name == "local"


def test_clients_that_belong_to_no_cluster_are_none(cluster: Path) -> None:
    text = (
        "#!/bin/sh\n"
        "echo 'scontrol: fatal: Could not establish a configuration source' >&2; exit 1\n"
    )
    (cluster / "scontrol").write_text(text, encoding="utf-8")
    assert detect_site(None).name == "local"


def test_a_slurm_that_does_not_answer_is_named(cluster: Path) -> None:
    (cluster / "scontrol").write_text(
        "#!/bin/sh\necho 'Unable to contact slurm controller' >&2; exit 1\n", encoding="utf-8"
    )
    with pytest.raises(UserError, match=r"Slurm is here, but does not answer .*--site local"):
        detect_site(None)


def test_nobody_can_be_asked_where_scripts_are_printed() -> None:
    with pytest.raises(UserError, match="add --site"):
        detect_site("print")


def test_models_write_only_with_a_key_and_within_a_budget(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    study = load_study("smoke")
    without = Writing("smoke", study, 5.0)
    assert without.dollars == 0
    assert "gpt-5.5: no key (OPENAI_API_KEY)" in without.said()
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key-0123456789")
    with_key = Writing("smoke", study, 5.0)
    assert with_key.said().startswith("12 programs to write; gpt-5.5: writes; ")
    assert with_key.dollars == 60, "12 programs, each within its budget"


def test_a_bad_way_to_submit_is_one_line() -> None:
    arguments = ["run", "--site", "lab", "--submit-via", "carrier pigeon"]
    answer = CliRunner().invoke(cli, arguments)
    assert "--submit-via carrier pigeon: must be ssh:HOST or print" in str(answer.exception)
