"""The programs that `repro all` lets models write: those whose key is here."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from repro.cli import say
from repro.cli.options import default_generations
from repro.study.model import Study
from repro.study.names import Program

if TYPE_CHECKING:
    from repro.agent.generate import Wishes


@dataclass(frozen=True)
class Writing:
    """The programs that are still to be written, and by whom."""

    study_name: str
    study: Study
    budget_dollars: float
    """For each program."""

    @cached_property
    def _means(self) -> dict[str, str]:
        """Why each LLM of the study cannot write programs here; empty: it can."""
        return {
            name: _hindrance(name)
            for name, model in self.study.models.items()
            if model.kernels is None
        }

    @cached_property
    def _missing(self) -> dict[Program, str]:
        """The programs that models with a key have still to write, and the model of each."""
        from repro.agent.generate import look, wanted

        able = [name for name, hindrance in self._means.items() if not hindrance]
        if not able:
            return {}
        chosen = {p: m for p, m in wanted(self.study, None, self._wishes).items() if m in able}
        todos = look(default_generations(self.study_name), chosen, self._wishes)
        return {todo.program: todo.model for todo in todos if not todo.done}

    @property
    def _wishes(self) -> "Wishes":
        from repro.agent.gateway import Budget
        from repro.agent.generate import Wishes

        return Wishes(budget=Budget(None, self.budget_dollars, 3600, 100))

    @property
    def dollars(self) -> float:
        """The most that writing them can cost."""
        return len(self._missing) * self.budget_dollars

    def said(self) -> str:
        """Which models write, and why others do not, in one line."""
        parts = [f"{name}: {hindrance or 'writes'}" for name, hindrance in self._means.items()]
        count = f"{len(self._missing)} programs to write; " if self._missing else ""
        return count + ("; ".join(parts) or "none that writes programs")

    def write(self, data: Path) -> None:
        """Let the models write, each program in a session of its own, and keep them as a dataset.

        Raises:
            UserError: as `repro generate`.
        """
        if not self._missing:
            return
        from repro.cli.generate_command import collect_sessions, make_programs

        place = default_generations(self.study_name)
        say.echo(f"   writing {len(self._missing)} programs in {place}", err=True)
        make_programs(self.study_name, place, None, self._missing, self._wishes)
        collect_sessions(place, self.study_name, data, f"{self.study.name}-programs")


def _hindrance(name: str) -> str:
    """Why a model cannot write here; empty: it can.

    Raises:
        UserError: its file is wrong, or others can read the file of keys.
    """
    from repro.agent.gateway.keys import NoKeyError, key_of
    from repro.agent.models import MODELS, load_model
    from repro.study.toml import known_toml

    if name not in known_toml(MODELS):
        return "no file in studies/models/"
    model = load_model(name)
    if model.key is None:
        return "served by you: `repro generate` uses it"
    if model.price is None:
        return "has no price to keep a budget by: `repro generate` uses it"
    try:
        key_of(model)
    except NoKeyError:
        return f"no key ({model.key})"
    return ""
