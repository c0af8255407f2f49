"""How a session ended, judged by the gateway, the clock, the events and the files alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from repro.agent.gateway import Trouble
from repro.agent.opencode import Told
from repro.study.toml import StrictRecord

Kind = Literal[
    "finished",
    "no-kernel",
    "gave-up",
    "budget",
    "provider-refused",
    "provider-down",
    "cut-off",
    "diverged",
]
"""The kinds of endings; for those in `REPEATED` the model is not to blame."""

REPEATED = frozenset({"provider-refused", "provider-down", "cut-off"})
"""Endings after which `repro generate` tries again."""

_TROUBLES: dict[str, Kind] = {
    "budget": "budget",
    "refused": "provider-refused",
    "unknown-model": "provider-refused",
    "down": "provider-down",
    "stalled": "provider-down",
    "diverged": "diverged",
}


@dataclass(frozen=True)
class Ending(StrictRecord):
    """How a session ended."""

    kind: Kind
    detail: str
    """One line."""


@dataclass(frozen=True)
class Stage:
    """How one stage of a session ended."""

    told: Told
    timed_out: bool
    code: int | None
    """OpenCode's exit code. It only has a meaning if it is negative: a signal. None: the sandbox
    ended first."""

    limits: Sequence[str] = ()
    """Limits of the sandbox that it reached."""


@dataclass(frozen=True)
class Evidence:
    """All that the ending is judged by."""

    trouble: Trouble | None
    """Why the gateway ended the session, if it did."""

    stages: Sequence[Stage]
    kernel: str | None
    """The name of the kernel, if there is one that is not empty."""

    steps: int
    """Model calls allowed in a stage."""

    seconds: float | None
    """The time budget."""


_OF_THE_MODEL = {"MessageOutputLengthError", "ContextOverflowError"}
"""Errors by which OpenCode says that the model wrote too much."""

_REFUSED_CALL = "rule which prevents you from using this specific tool call"
"""OpenCode's message when it wants to ask whether a call may be repeated a third time, and nobody
is there to allow it."""

CUT_OFF = Ending("cut-off", "the driver ended before the session did")
"""The ending of a session that has none, and whose driver is gone."""


def judge(seen: Evidence) -> Ending:
    """Judge how a session ended."""
    if seen.trouble is not None:
        return Ending(_TROUBLES[seen.trouble.kind], seen.trouble.detail)
    for number, stage in enumerate(seen.stages, 1):
        if stage.timed_out:
            spent = f"{seen.seconds or 0:g} s"
            return Ending("budget", f"stage {number} reached the time budget of {spent}")
        if ending := _broken_off(number, stage):
            return ending
    return _by_result(seen)


def _broken_off(number: int, stage: Stage) -> Ending | None:
    """The ending, if OpenCode did not finish this stage."""
    if stage.code is None:
        return Ending("cut-off", f"the sandbox ended in stage {number}")
    if stage.code < 0:
        return _signal(number, stage)
    if stage.told.errors:
        return _error(number, stage)
    if stage.told.reason is None:
        said = f"OpenCode ended in stage {number} with {stage.code} and without a step"
        return Ending("cut-off", said)
    return None


def _signal(number: int, stage: Stage) -> Ending:
    """OpenCode was killed: by the sandbox, by the agent, or because memory ran out."""
    if stage.limits:
        return Ending("gave-up", f"stage {number} ran into a limit: {stage.limits[-1]}")
    return Ending("cut-off", f"OpenCode was killed in stage {number} (exit code {stage.code})")


def _error(number: int, stage: Stage) -> Ending:
    """An error that the gateway did not see: an unreadable stream, or OpenCode's own error."""
    name, message = stage.told.errors[0]
    if _REFUSED_CALL in message:
        said = f"stage {number}: OpenCode refused a tool call, as it does when one is repeated"
        return Ending("gave-up", said)
    kind: Kind = "gave-up" if name in _OF_THE_MODEL else "provider-down"
    return Ending(kind, f"stage {number}: {name}: {message}"[:300])


def _by_result(seen: Evidence) -> Ending:
    for number, stage in enumerate(seen.stages, 1):
        if stage.told.steps >= seen.steps:
            return Ending("gave-up", f"stage {number} reached the limit of {seen.steps} steps")
    last = seen.stages[-1].told.reason
    if last != "stop":
        return Ending("gave-up", f"the last step ended with {last}")
    if seen.kernel is None:
        return Ending("no-kernel", "it said that it was done, and left no kernel")
    return Ending("finished", f"it left {seen.kernel}")
