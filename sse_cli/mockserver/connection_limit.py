"""All connections of the mock server, and who has to go when there are too many.

Rule 1: whoever is served and reads stays. Rule 2: room is made by the one that takes longest to
ask; else by the one that has not read for too long; else, where one address has more than half of
the room, by the newest from there, unless the newcomer comes from there, too. Rule 3: what is
not taken in is told so, as long as that costs little.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from sse_cli.mockserver.connection import Connection

TOLD = 32  # connections that are sent away with words at a time

Task = asyncio.Task[None]


class ConnectionLimit:
    """`max_connections` are served at a time; one may leave a write unread for `stuck_seconds`."""

    def __init__(self, max_connections: int, stuck_seconds: float) -> None:
        self.max_connections = max_connections
        self._stuck_seconds = stuck_seconds
        self._served: dict[Task, Connection] = {}
        self._leaving: dict[Task, Connection] = {}

    def __len__(self) -> int:
        return len(self._served)

    def add(self, connection: Connection) -> None:
        """Serve a new connection, or send it away."""
        if len(self) < self.max_connections or self._make_room(connection):
            task = asyncio.create_task(connection.run())
            self._served[task] = connection
        else:
            task = asyncio.create_task(connection.turn_away())
            self._leaving[task] = connection
            if len(self._leaving) > TOLD:
                connection.drop(task)
        task.add_done_callback(self._forget)

    async def close_all(self) -> None:
        """Cut every stream short and wait until all are gone."""
        gone = {**self._served, **self._leaving}
        for task, connection in gone.items():
            connection.drop(task)
        await asyncio.gather(*gone, return_exceptions=True)
        for connection in gone.values():
            await connection.closed()

    def _forget(self, task: Task) -> None:
        self._served.pop(task, None)
        self._leaving.pop(task, None)

    def _make_room(self, newcomer: Connection) -> bool:
        task = self._slowest(newcomer.now()) or self._of_the_greediest(newcomer)
        if task is None:
            return False
        connection = self._leaving[task] = self._served.pop(task)
        connection.drop(task)
        return True

    def _slowest(self, now: float) -> Task | None:
        asking = self._first(lambda connection: connection.waiting_since)
        if asking is not None:
            return asking
        stuck = self._first(lambda connection: connection.stuck_since)
        since = None if stuck is None else self._served[stuck].stuck_since
        return stuck if since is not None and now - since > self._stuck_seconds else None

    def _first(self, since: Callable[[Connection], float | None]) -> Task | None:
        """The one for whom `since` is longest ago, if it is for anybody."""
        found = {task: at for task, one in self._served.items() if (at := since(one)) is not None}
        return min(found, key=found.__getitem__, default=None)

    def _of_the_greediest(self, newcomer: Connection) -> Task | None:
        counts = Counter(connection.peer for connection in self._served.values())
        peer, count = counts.most_common(1)[0]
        if peer == newcomer.peer or count * 2 <= self.max_connections:
            return None
        return next(task for task, one in reversed(self._served.items()) if one.peer == peer)
