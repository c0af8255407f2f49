"""The table of lanes names files that there are, and each once."""

from pathlib import Path

from lanes import LANES, LONG

HERE = Path(__file__).parent


def test_every_file_of_the_table_is_there_and_in_it_once() -> None:
    named = [file for lane in LANES.values() for file in lane.files] + [*LONG]
    missing = [file for file in named if not (HERE / f"{file}.py").is_file()]
    assert missing == []
    assert len(set(named)) == len(named)
