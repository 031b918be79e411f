"""The limit of connections of the mock server, and which one is closed when it is reached.

Rule 1: a connection that is being served and reads stays. Rule 2: a new connection replaces the one
that has waited longest for a request; else the one that has left a write unread for too long; else,
where one address has more than half of all connections, the newest of that address, unless the new
one comes from there too. Rule 3: a rejected connection gets a 503, unless there are many of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from sse_cli.mockserver.connection import Connection

MAX_REJECTIONS = 32  # connections that are answered with 503 at a time

Task = asyncio.Task[None]


class ConnectionLimit:
    """The open connections, at most `max_connections` of them.

    A connection that leaves a write unread for `stuck_seconds` may be replaced.
    """

    def __init__(self, max_connections: int, stuck_seconds: float) -> None:
        self.max_connections = max_connections
        self._stuck_seconds = stuck_seconds
        self._served: dict[Task, Connection] = {}
        self._leaving: dict[Task, Connection] = {}

    def __len__(self) -> int:
        return len(self._served)

    def add(self, connection: Connection) -> None:
        """Serve a new connection, or reject it."""
        if len(self) < self.max_connections or self._evict_for(connection):
            task = asyncio.create_task(connection.run())
            self._served[task] = connection
        else:
            task = asyncio.create_task(connection.reject())
            self._leaving[task] = connection
            if len(self._leaving) > MAX_REJECTIONS:
                connection.drop(task)
        task.add_done_callback(self._forget)

    async def close_all(self) -> None:
        """Cut off every stream and wait until all connections are closed."""
        connections = {**self._served, **self._leaving}
        for task, connection in connections.items():
            connection.drop(task)
        await asyncio.gather(*connections, return_exceptions=True)
        for connection in connections.values():
            await connection.wait_closed()

    def _forget(self, task: Task) -> None:
        self._served.pop(task, None)
        self._leaving.pop(task, None)

    def _evict_for(self, newcomer: Connection) -> bool:
        task = self._slowest(newcomer.now()) or self._from_busiest_peer(newcomer)
        if task is None:
            return False
        connection = self._leaving[task] = self._served.pop(task)
        connection.drop(task)
        return True

    def _slowest(self, now: float) -> Task | None:
        waiting = self._first(lambda connection: connection.waiting_since)
        if waiting is not None:
            return waiting
        stuck = self._first(lambda connection: connection.stuck_since)
        since = None if stuck is None else self._served[stuck].stuck_since
        return stuck if since is not None and now - since > self._stuck_seconds else None

    def _first(self, since: Callable[[Connection], float | None]) -> Task | None:
        """Return the task of the connection whose time `since` is the earliest, if any has one."""
        times = {task: at for task, one in self._served.items() if (at := since(one)) is not None}
        return min(times, key=times.__getitem__, default=None)

    def _from_busiest_peer(self, newcomer: Connection) -> Task | None:
        counts = Counter(connection.peer for connection in self._served.values())
        peer, count = counts.most_common(1)[0]
        if peer == newcomer.peer or count * 2 <= self.max_connections:
            return None
        return next(task for task, one in reversed(self._served.items()) if one.peer == peer)
