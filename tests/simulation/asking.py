"""What merchants ask of the gateway, over connections that break, and what they make of the answers.

A merchant who got no answer repeats the request under its key until there is one; without a key nobody repeats.
"""

import asyncio
import random
from typing import Any

import msgspec

from tests.simulation.world import World

MOST_TRIES = 300
LONGEST_WAIT_SECONDS = 800.0
"""For how long a request may be said to run that really died; leases and inquiries take a minute or two."""

_KEPT = (200, 402)
"""The statuses of answers that a key keeps."""

_DECLINED = ("payment", "payment_intent", "setup_intent")
"""Where an error shows what was declined."""


class Reply(msgspec.Struct, frozen=True):
    """An answer as it arrived."""

    status: int
    body: bytes
    retry_after_seconds: int

    @property
    def said(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def shown(self) -> Any:
        """The object that was asked for, or that was declined; None where an error shows none."""
        if self.status != 402:
            return self.said
        error = self.said["error"]
        return next((error[name] for name in _DECLINED if error.get(name)), None)

    @property
    def is_kept(self) -> bool:
        """Whether a repeat has to get the same."""
        return self.status in _KEPT


class Asked(msgspec.Struct):
    """One request of a merchant, and what became of it. `clashes` where its key stands for another one."""

    name: str
    secret: str
    method: str
    path: str
    body: bytes
    key: str | None
    at_seconds: float
    clashes: bool = False
    tries: int = 0
    answer: Reply | None = None
    refused: Reply | None = None


class Asking:
    """Asks, repeats, and compares what comes back."""

    def __init__(self, world: World, draws: random.Random, merchant: str) -> None:
        self._world = world
        self._merchant = merchant
        self._random = draws
        self.all: list[Asked] = []
        self.count = 0

    def new(self, secret: str, method: str, path: str, given: dict[str, Any] | None, key: str | None) -> Asked:
        """A request, not sent yet."""
        body = b"" if given is None else msgspec.json.encode(given)
        asked = Asked(f"{self._merchant}{len(self.all)}", secret, method, path, body, key, self._world.loop.time())
        self.all.append(asked)
        return asked

    async def insist(self, asked: Asked, tries: int = MOST_TRIES) -> Reply | None:
        """The answer, after as many repeats as it takes; None where there is none and no key to repeat under.

        That another operation is in the way is an answer too, after some tries.
        """
        wait, began, reply = 0.5, self._world.loop.time(), None
        for number in range(tries):
            reply = await self._once(asked)
            if reply is not None and reply.status != 409 and reply.status < 500:
                return reply
            if asked.key is None or (number > 5 and _is_in_the_way(reply)):
                return None
            if _is_running(reply) and self._world.loop.time() - began > LONGEST_WAIT_SECONDS:
                self._world.violated(f"request {asked.name} is still running after {LONGEST_WAIT_SECONDS} s")
                return None
            least = reply.retry_after_seconds if reply is not None and self._random.random() < 0.5 else 0
            await asyncio.sleep(max(least, wait * self._random.random()))
            wait = min(wait * 1.5, 20.0)
        if not _is_in_the_way(reply):
            self._world.violated(f"request {asked.name} has no answer after {tries} tries, the last was {reply}")
        return None

    async def _once(self, asked: Asked) -> Reply | None:
        chance = self._world.chance
        tries = [self._try(asked)]
        if asked.key is not None and chance.strikes("client asks twice at once"):
            tries += [self._try(asked) for _ in range(self._random.randint(1, 3))]
        replies = [reply for reply in await asyncio.gather(*tries) if reply is not None]
        answers = [reply for reply in replies if reply.is_kept]
        return answers[0] if answers else replies[0] if replies else None

    async def _try(self, asked: Asked) -> Reply | None:
        """One connection: the reply, or None if there was none."""
        world = self._world
        process = world.anyone()
        if process is None:
            return None
        asked.tries += 1
        self.count += 1
        request_id = f"req_{asked.name}_{asked.tries}"
        world.note(request_id, asked.method, asked.path, "at", process.name)
        arrival = process.connect(scope(asked), asked.body, request_id)
        patience = self._random.uniform(0, 3) if world.chance.strikes("client hangs up") else None
        try:
            async with asyncio.timeout(patience):
                start, *rest = await arrival
        except (TimeoutError, ConnectionResetError):
            world.note(request_id, "has no reply")
            return None
        reply = read(start, rest)
        world.note(request_id, reply.status, reply.body)
        self._compare(asked, reply, request_id)
        return reply

    def _compare(self, asked: Asked, reply: Reply, request_id: str) -> None:
        """One request has one answer, whoever gives it and however often."""
        if reply.status >= 500:
            if request_id not in self._world.excused:
                self._world.violated(f"request {asked.name} is answered {reply.status}")
        elif not reply.is_kept:
            if asked.answer is not None and reply.status != 409:
                self._world.violated(f"request {asked.name} was answered, and now {reply}")
            asked.refused = reply
        elif asked.answer is None:
            asked.answer = reply
        elif asked.method == "POST" and (asked.answer.status, asked.answer.body) != (reply.status, reply.body):
            self._world.violated(f"request {asked.name} has two answers: {asked.answer} and {reply}")


def _is_in_the_way(reply: Reply | None) -> bool:
    return reply is not None and reply.status == 409 and reply.said["error"]["code"] == "operation_in_progress"


def _is_running(reply: Reply | None) -> bool:
    return reply is not None and reply.status == 409 and reply.said["error"]["code"] == "idempotency_key_in_use"


def scope(asked: Asked) -> dict[str, Any]:
    """A request, as the server that listens hands it over."""
    path, _, query = asked.path.partition("?")
    headers = [
        (b"host", b"127.0.0.1"),
        (b"authorization", b"Bearer " + asked.secret.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(asked.body)),
    ]
    if asked.key is not None:
        headers.append((b"idempotency-key", asked.key.encode()))
    return {
        "type": "http",
        "method": asked.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "scheme": "http",
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_000),
    }


def read(start: Any, rest: list[Any]) -> Reply:
    """A reply, from the messages that make it."""
    headers = dict(start["headers"])
    body = b"".join(message["body"] for message in rest)
    return Reply(start["status"], body, int(headers.get(b"retry-after", b"0")))
