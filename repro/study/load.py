"""Studies by name."""

from repro import ROOT
from repro.study.model import Study
from repro.study.toml import find_toml, load_toml

STUDIES = ROOT / "studies"


def load_study(name: str) -> Study:
    """Return a study by its name (`smoke`) or path.

    Raises:
        UserError: no such study, or its file is damaged.
    """
    return load_toml(find_toml(name, STUDIES, "study"), Study)
