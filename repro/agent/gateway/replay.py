"""A replayed session: each request is answered as the recorded one was."""

from dataclasses import dataclass, field
from typing import Any

from repro.agent.gateway.dialects import Dialect, Json, dialect_of
from repro.agent.gateway.interface import Difference, Gateway, Usage
from repro.agent.gateway.normalise import Asked, asked, difference, text_difference
from repro.agent.gateway.record import Exchange
from repro.agent.gateway.server import Incoming, Reply
from repro.agent.gateway.session import OVER, over

_AGENT_CUT = "the agent went away"


@dataclass
class _Recorded:
    exchange: Exchange
    asked: Asked
    used: bool = False


@dataclass
class Replay:
    """Answers the requests of one session from its record."""

    exchanges: list[Exchange]
    gateway: Gateway
    _recorded: list[_Recorded] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    """Outputs of tools whose difference has been told: each request repeats the earlier ones."""

    _left_off: bool = False
    """The recorded session ended in the middle of an answer, because its agent was ended."""

    def __post_init__(self) -> None:
        for exchange in self.exchanges:
            request = exchange["request"]
            dialect = dialect_of(request["path"])
            if dialect:
                self._recorded.append(_Recorded(exchange, asked(request["body"], dialect)))

    async def handle(self, incoming: Incoming, reply: Reply) -> None:
        """Answer one request."""
        dialect = dialect_of(incoming.path)
        if dialect is None or incoming.method != "POST":
            await reply.json(404, {"error": {"message": f"{incoming.path}: not served here"}})
            return
        chosen = None if self.gateway.trouble else self._choose(incoming.body, dialect)
        if chosen is None:
            kind = self.gateway.trouble.kind if self.gateway.trouble else "over"
            await reply.json(OVER, over(dialect, kind))
            return
        chosen.used = True
        self._left_off = chosen.exchange["cut"] == _AGENT_CUT
        if trouble := chosen.exchange["trouble"]:
            self.gateway.give_up(trouble["kind"], trouble["detail"])
        if chosen.exchange["answered_by"] == "provider":
            self.gateway.usage += _usage(chosen.exchange["usage"])
        await _say_again(chosen.exchange, reply)

    async def close(self) -> None:
        """Nothing was opened."""

    def finish(self) -> None:
        """Tell of what was recorded and did not come."""
        left = [recorded for recorded in self._recorded if not recorded.used]
        if left and not self.gateway.trouble:
            first = left[0].exchange["n"]
            self.gateway.give_up(
                "diverged",
                f"{len(left)} of {len(self._recorded)} recorded requests did not come, "
                f"the first of them number {first}",
            )

    def _choose(self, body: Json, dialect: Dialect) -> _Recorded | None:
        """The recorded exchange that the request repeats; None: there is none, which is told."""
        now = asked(body, dialect)
        left = [recorded for recorded in self._recorded if not recorded.used]
        if not left:
            if not self._left_off:
                number = len(self._recorded)
                self.gateway.give_up(
                    "diverged", f"request {number}: one more than the {number} that were recorded"
                )
            return None
        # In their order, but for requests that do not wait for each other, as that for a title: a
        # request holds all that went before, so an equal one is the same.
        same = next((one for one in left if one.asked.body == now.body), None)
        if same is None:
            self._diverged(_likest(left, now), now)
            return None
        self._compare_outputs(same, now)
        return same

    def _diverged(self, recorded: _Recorded, now: Asked) -> None:
        number = recorded.exchange["n"]
        diff = difference(recorded.asked.body, now.body)
        self.gateway.differences.append(Difference(number, "request", diff))
        first = next(
            (line for line in diff.splitlines()[2:] if line.startswith(("+", "-"))), "order of keys"
        )
        self.gateway.give_up(
            "diverged", f"request {number} is not the recorded one: {first.strip()[:200]}"
        )

    def _compare_outputs(self, recorded: _Recorded, now: Asked) -> None:
        for call, text in recorded.asked.outputs.items():
            found = now.outputs.get(call, "")
            if call not in self._told and found != text:
                self._told.add(call)
                diff = text_difference(text, found)
                number = recorded.exchange["n"]
                self.gateway.differences.append(Difference(number, f"output of {call}", diff))


def _likest(left: list[_Recorded], now: Asked) -> _Recorded:
    """The first that has the same fields, else the first."""
    fields = set(now.body["body"])
    return next((one for one in left if set(one.asked.body["body"]) == fields), left[0])


async def _say_again(exchange: Exchange, reply: Reply) -> None:
    """What was passed on then; cut where it was cut."""
    response = exchange["response"] or {}
    headers = response.get("headers", {})
    if "body" in response:
        await reply.whole(response["status"], headers, response["body"].encode())
    elif "events" in response:
        await reply.begin(response["status"], headers)
        for _, text in response["events"]:
            await reply.piece(text.encode())
        if not exchange["cut"] or exchange["trouble"]:
            await reply.end()


def _usage(found: dict[str, Any] | None) -> Usage:
    return Usage(turns=1, **found) if found else Usage(turns=1)
