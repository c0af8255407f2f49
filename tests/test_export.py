"""Datasets for archives: a bag, metadata for Zenodo, and the RO-Crate of the attempts."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_user_errors import refused

from repro import ROOT
from repro.archive import crate, layout
from repro.archive.collect import collect, describe
from repro.archive.dataset import Dataset
from repro.archive.source import open_source
from repro.archive.verify import verify
from repro.archive.zenodo import metadata
from repro.cli.main import cli
from repro.errors import UserError
from repro.files import canonical_json
from repro.study.model import Study
from repro.study.toml import load_toml

from archive_runs import FIRST, OTHER_SIZE, OUTCOME, add_attempt, full_run, make_run

BASELINE = ROOT / "data" / "baseline"


def made(tmp_path: Path, run: Path, creator: str = "Nyone, A.") -> Dataset:
    source = open_source(run)
    collect(source, describe(source, "d", creator, "CC-BY-4.0"), tmp_path / "data")
    return Dataset.open("d", tmp_path / "data")


def export(*options: str | Path) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, options)], standalone_mode=False)


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_bag_is_what_sha256sum_and_the_standard_say(tmp_path: Path) -> None:
    bag = tmp_path / "new" / "bag"
    answer = export("baseline", "--bag", bag)
    assert answer.exception is None, answer.exception
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", manifest], cwd=bag, check=True)
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    assert sorted(path.name for path in bag.iterdir()) == [*tags[:2], "data", *tags[2:]]
    assert content(bag / "data") == content(BASELINE)
    listed = {line[66:] for line in (bag / tags[2]).read_text().splitlines()}
    assert listed == {f"data/{name}" for name in content(BASELINE)}
    assert {line[66:] for line in (bag / tags[3]).read_text().splitlines()} == set(tags[:3])
    assert (bag / "bagit.txt").read_bytes() == (
        b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    )
    info = dict(line.split(": ", 1) for line in (bag / "bag-info.txt").read_text().splitlines())
    files = content(bag / "data")
    assert info["Payload-Oxum"] == f"{sum(map(len, files.values()))}.{len(files)}"
    assert info["Bagging-Date"] == "2026-11-23"
    assert verify(bag / "data").problems == []
    export("baseline", "--bag", tmp_path / "again")
    assert content(tmp_path / "again") == content(bag)


def test_a_percent_sign_is_written_as_the_standard_wants(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    add_attempt(run, FIRST, siblings={"a%0A.jl": "f() = 1\n"})
    dataset = made(tmp_path, run)
    assert export("d", "--data", dataset.path.parent, "--bag", tmp_path / "bag").exception is None
    assert (tmp_path / "bag/data/reference/kernels/a%0A.jl").is_file()
    manifest = (tmp_path / "bag" / "manifest-sha256.txt").read_text()
    assert "  data/reference/kernels/a%250A.jl\n" in manifest


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    zenodo = tmp_path / "z.json"
    options = ("--bag", tmp_path / "bag", "--zenodo-json", zenodo, "--creator", "N, A")
    answer = export("baseline", *options, "--dry-run")
    assert answer.output == f"would write {tmp_path}/bag and {zenodo}\n"
    assert list(tmp_path.iterdir()) == []


def test_what_a_user_can_get_wrong(tmp_path: Path) -> None:
    dataset = made(tmp_path, full_run(tmp_path / "run"), creator="")
    where = ("--data", str(dataset.path.parent))
    assert "nothing to do" in refused("export", "d", *where)
    assert "exists" in refused("export", "d", *where, "--bag", str(tmp_path))
    assert "inside of the dataset" in refused("export", "d", *where, "--bag", f"{dataset.path}/bag")
    assert "no creator, which Zenodo requires" in refused(
        "export", "d", *where, "--zenodo-json", "z.json"
    )
    nowhere = f"{tmp_path}/no/z.json"
    said = refused("export", "d", *where, "--zenodo-json", nowhere, "--creator", "N, A")
    assert "cannot be written" in said
    (dataset.path / "reference" / "attempts.csv").write_text("")
    said = refused("export", "d", *where, "--bag", f"{tmp_path}/bag")
    assert "(changed: reference/attempts.csv)" in said
    assert not (tmp_path / "bag").exists()


def test_what_zenodo_is_told(tmp_path: Path) -> None:
    dataset = made(tmp_path, full_run(tmp_path / "run"))
    told = json.loads(metadata(dataset, ()))["metadata"]
    assert told["upload_type"] == "dataset"
    assert told["title"].endswith(": dataset d")
    assert told["creators"] == [{"name": "Nyone, A."}]
    assert (told["license"], told["access_right"]) == ("cc-by-4.0", "open")
    assert told["publication_date"] == "2026-11-20"
    assert told["related_identifiers"] == [
        {"identifier": "arXiv:2606.16534", "relation": "references"}
    ]
    assert "4 attempts of 3 cells. Machines: Made-up CPU, 2 cores. " in told["description"]
    others = json.loads(metadata(dataset, ("A, B", "C, D")))["metadata"]["creators"]
    assert others == [{"name": "A, B"}, {"name": "C, D"}]
    broken = tmp_path / "CITATION.cff"
    broken.write_text("version: 1\n")
    with pytest.raises(UserError, match="no line `title"):
        metadata(dataset, (), broken)


def entities(dataset: Path) -> dict[str, Any]:
    graph = json.loads((dataset / layout.CRATE).read_text(encoding="utf-8"))["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {entity["@id"]: entity for entity in graph}


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if isinstance(value, dict):
        return {value["@id"]} if set(value) == {"@id"} else references(list(value.values()))
    return set()


def test_every_attempt_is_an_action_of_a_process_run_crate(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    environment = json.loads((run / "environment" / "e1.json").read_text())
    environment["image"] = "sha256:" + "a" * 64
    (run / "environment" / "e1.json").write_text(json.dumps(environment))
    found = entities(made(tmp_path, run).path)
    root = found["./"]
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    actions = {key: each for key, each in found.items() if each["@type"] == "CreateAction"}
    assert {item["@id"] for item in root["mentions"]} == set(actions)
    assert len(actions) == 4
    action = actions[f"#{FIRST}/2"]
    julia = found[action["instrument"]["@id"]]
    assert (julia["@type"], julia["softwareVersion"]) == ("SoftwareApplication", "1.12.6")
    assert julia["@id"].endswith("/v1.12.6")
    assert root["author"] == root["creator"] == action["agent"]
    assert found[action["agent"]["@id"]]["name"] == "Nyone, A."
    assert found[action["containerImage"]["@id"]]["sha256"] == "a" * 64
    assert (action["startTime"], action["endTime"]) == (OUTCOME["started"], OUTCOME["ended"])
    log = "reference/logs/pi_threads_0/1x1x1/2"
    assert references(action["object"]) == {
        "environment/e1.json", "reference/kernels/pi_threads_0.jl", f"{log}/attempt.json"
    }  # fmt: skip
    assert f"{log}/outcome.json" in references(action["result"])
    assert action["actionStatus"].endswith("/CompletedActionStatus")
    assert "error" not in action
    failed = actions[f"#{OTHER_SIZE}/1"]
    assert failed["actionStatus"].endswith("/FailedActionStatus")
    assert failed["error"].startswith("wrong-result: ")
    outside = ("http://schema.org", "https://w3id.org")
    for entity in found.values():
        missing = references(list(entity.values())) - found.keys()
        assert [name for name in missing if not name.startswith(outside)] == []


def test_an_interrupted_attempt_is_a_failed_action_and_none_is_no_process(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (add_attempt(run, FIRST, outcome=None) / "started").touch()
    dataset = made(tmp_path, run).path
    action = entities(dataset)[f"#{FIRST}/1"]
    assert action["error"].startswith("infrastructure: interrupted")
    assert "endTime" not in action
    study = load_toml(dataset / layout.STUDY, Study)
    text = crate.render(Dataset(dataset).description(), study, {"study.toml": 1}, dataset)
    assert "conformsTo" not in next(e for e in json.loads(text)["@graph"] if e["@id"] == "./")


@pytest.mark.parametrize("dataset", sorted((ROOT / "data").iterdir()), ids=lambda path: path.name)
def test_a_committed_crate_is_what_would_be_made_now(dataset: Path) -> None:
    names = content(dataset).keys() - {layout.CRATE}
    sizes = {name: (dataset / name).stat().st_size for name in names} | {"SHA256SUMS": None}
    study = load_toml(dataset / layout.STUDY, Study)
    text = crate.render(Dataset(dataset).description(), study, sizes, dataset)
    committed = (dataset / layout.CRATE).read_text(encoding="utf-8")
    assert text == committed == canonical_json(json.loads(committed))
    listed = (dataset / "SHA256SUMS").read_text(encoding="utf-8")
    assert f"{sha256(committed.encode()).hexdigest()}  {layout.CRATE}\n" in listed
