"""The stream of `stream.json` by Starlette and sse-starlette.

GET or POST `/stream`: an `echo` of the request, the first part, a gate, the second part.
`?gate=X` shuts the gate until a request for `/go?gate=X`; `?sep=lf|cr` changes the line ends
from CRLF; `?cut=1` crashes at the gate; `?ping=1` makes sse-starlette send its own comments
each second.

As a program, uvicorn runs it on the listening socket whose descriptor is the argument.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

STREAM: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("stream.json").read_text("utf-8")
)
SEPARATORS = {"lf": "\n", "cr": "\r", "crlf": "\r\n"}
NEVER = 3600

gates: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)


async def stream(request: Request) -> Response:
    """Return the stream that the query describes."""
    echo = {"method": request.method, "body": (await request.body()).decode()}
    separator = SEPARATORS[request.query_params.get("sep", "crlf")]
    ping = int(request.query_params.get("ping", NEVER))
    return EventSourceResponse(_events(request, echo, separator), ping=ping, sep=separator)


async def _events(
    request: Request, echo: dict[str, str], separator: str
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(json.dumps(echo), event="echo", sep=separator)
    for fields in STREAM["before"]:
        yield ServerSentEvent(**fields, sep=separator)
    if "gate" in request.query_params:
        await gates[request.query_params["gate"]].wait()
    if "cut" in request.query_params:
        raise RuntimeError("crashed, as asked")
    for fields in STREAM["after"]:
        yield ServerSentEvent(**fields, sep=separator)


async def go(request: Request) -> Response:
    """Open a gate."""
    gates[request.query_params["gate"]].set()
    return PlainTextResponse("open\n")


app = Starlette(
    routes=[Route("/stream", stream, methods=["GET", "POST"]), Route("/go", go, methods=["GET"])]
)

if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))
    uvicorn.Server(uvicorn.Config(app)).run(sockets=[listener])
