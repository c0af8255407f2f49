"""Studies by name."""

from repro import ROOT
from repro.study.model import Study
from repro.study.toml import find_toml, load_toml

STUDIES = ROOT / "studies"


def load_study(name: str) -> Study:
    """A study by name (`smoke`) or path.

    Raises:
        UserError: no such study, or its file is not a study.
    """
    return load_toml(find_toml(name, STUDIES, "study"), Study)
