"""How a session ended: told by the gateway, the clock, the events and the files alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from repro.agent.gateway import Trouble
from repro.agent.opencode import Told

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
"""What an ending is: those in `REPEATED` are not the model's doing."""

REPEATED = frozenset({"provider-refused", "provider-down", "cut-off"})
"""Endings after which `repro generate` tries once more."""

_TROUBLES: dict[str, Kind] = {
    "budget": "budget",
    "refused": "provider-refused",
    "unknown-model": "provider-refused",
    "down": "provider-down",
    "stalled": "provider-down",
    "diverged": "diverged",
}


@dataclass(frozen=True)
class Ending:
    """How a session ended."""

    kind: Kind
    detail: str
    """One line."""


@dataclass(frozen=True)
class Stage:
    """How one of its stages did."""

    told: Told
    timed_out: bool
    code: int | None
    """OpenCode's exit code: it means nothing, unless it is negative, a signal. None: the sandbox
    ended first."""

    limits: Sequence[str] = ()
    """Limits of the sandbox that it ran into."""


@dataclass(frozen=True)
class Evidence:
    """All that the ending is told by."""

    trouble: Trouble | None
    """The gateway's."""

    stages: Sequence[Stage]
    kernel: str | None
    """The name of the kernel, if it was left and has something in it."""

    steps: int
    """Model calls that a stage may have."""

    seconds: float | None
    """The time budget."""


_OF_THE_MODEL = {"MessageOutputLengthError", "ContextOverflowError"}
"""Errors of OpenCode's that say that the model talked too much."""

_REFUSED_CALL = "rule which prevents you from using this specific tool call"
"""What OpenCode says when nobody can allow what it asks for: to repeat a call a third time."""

CUT_OFF = Ending("cut-off", "the driver ended before the session did")
"""Of a session without an ending, whose driver is gone."""


def judge(seen: Evidence) -> Ending:
    """How the session ended."""
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
    """The ending of a stage that OpenCode did not bring to its end."""
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
    """OpenCode was killed: by the sandbox, by the agent, or as the machine was out of memory."""
    if stage.limits:
        return Ending("gave-up", f"stage {number} ran into a limit: {stage.limits[-1]}")
    return Ending("cut-off", f"OpenCode was killed in stage {number} (exit code {stage.code})")


def _error(number: int, stage: Stage) -> Ending:
    """An error that the gateway does not know of: a stream without sense, or OpenCode's own."""
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
