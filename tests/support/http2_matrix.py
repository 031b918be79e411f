"""The table of HTTP/2 faults: for each, the ending of a run, its words and the events it shows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, WindowUpdateFrame

from sse_cli.model.events import Ending
from tests.support import http2_faults as acts
from tests.support.http2_wire import EVENTS, HALF, OK, Act, event, whole

RESET_CODES: Final = (
    ErrorCodes.REFUSED_STREAM,
    ErrorCodes.INTERNAL_ERROR,
    ErrorCodes.CANCEL,
    ErrorCodes.ENHANCE_YOUR_CALM,
    ErrorCodes.HTTP_1_1_REQUIRED,
)
HARD_CODES: Final = (ErrorCodes.INTERNAL_ERROR, ErrorCodes.ENHANCE_YOUR_CALM)


class Fault(NamedTuple):
    """An act, and the outcome of a client's run on one connection.

    `words` are all in the detail of the ending; `shown` is the number of events that are shown.
    """

    act: Act
    ending: Ending
    shown: int
    words: tuple[str, ...] = ()
    shakes_hands: bool = True


Rows = dict[str, Fault]


def _by_code(
    name: str, act: Callable[..., None], codes: Iterable[ErrorCodes], ending: Ending, shown: int
) -> Rows:
    """Return a row for each code; `name` begins with the kind of the frame."""
    kind, _, where = name.partition(" ")
    return {
        f"{kind} {code.name} {where}": Fault(
            partial(act, code=code), ending, shown, (f"{kind} {code.name}",)
        )
        for code in codes
    }


_HARMLESS: Final[dict[str, Act]] = {
    "no fault": whole,
    "graceful GOAWAY before the head": acts.graceful_before_head,
    "graceful GOAWAY in the body": acts.graceful,
    "GOAWAY of the highest stream": partial(acts.graceful, last=acts.LAST),
    "graceful GOAWAY in two steps": acts.graceful_in_two_steps,
    "1,000 pings": acts.pings,
    "trailers": acts.trailers,
    "CONTINUATION frames": acts.continuation,
    "interim replies": acts.interim_replies,
    "flow control held back by padding": acts.padded,
    "empty DATA frames": acts.empty_data,
    "SETTINGS in the body": acts.settings,
    "frames of unknown types": acts.unknown_frames,
    "RST_STREAM NO_ERROR after the end": acts.reset_after_end,
    "hard GOAWAY after the end": acts.goaway_after_end,
    "hard GOAWAY and the rest of the stream": acts.hard_with_the_rest,
}
READ_ON: Final = {name: Fault(act, Ending.EOF, EVENTS) for name, act in _HARMLESS.items()}

NO_REPLY: Final = {
    **_by_code("GOAWAY before the head", acts.hard_before_head, HARD_CODES, Ending.UNREACHABLE, 0),
    **_by_code(
        "RST_STREAM before the head", acts.reset_before_head, RESET_CODES, Ending.UNREACHABLE, 0
    ),
    "GOAWAY below the stream": Fault(
        partial(acts.hard_before_head, code=0, last=0), Ending.UNREACHABLE, 0, ("GOAWAY NO_ERROR",)
    ),
    "RST_STREAM after an interim reply": Fault(
        acts.reset_after_interim_reply, Ending.UNREACHABLE, 0, ("RST_STREAM CANCEL",)
    ),
    "cut before the head": Fault(acts.cut_before_head, Ending.UNREACHABLE, 0, ("closed",)),
    "cut in the head": Fault(acts.cut_in_head, Ending.UNREACHABLE, 0, ("closed",)),
}

CUT: Final = {
    **_by_code("GOAWAY in the body", acts.hard_in_body, HARD_CODES, Ending.TRUNCATED, HALF),
    **_by_code("RST_STREAM in the body", acts.reset_in_body, RESET_CODES, Ending.TRUNCATED, HALF),
    "RST_STREAM in an event": Fault(
        acts.reset_in_event, Ending.TRUNCATED, HALF, ("RST_STREAM INTERNAL_ERROR",)
    ),
    "RST_STREAM of an unknown code": Fault(
        acts.reset_by_unknown_code, Ending.TRUNCATED, HALF, ("RST_STREAM 0xbeef",)
    ),
    "cut in the body": Fault(acts.cut_in_body, Ending.TRUNCATED, HALF, ("cut",)),
    "cut after a graceful GOAWAY": Fault(
        acts.cut_after_graceful, Ending.TRUNCATED, HALF, ("cut", "GOAWAY NO_ERROR")
    ),
    "cut in a frame": Fault(acts.cut_in_frame, Ending.TRUNCATED, HALF, ("cut",)),
    "Content-Length above the body": Fault(
        acts.length_too_long, Ending.TRUNCATED, EVENTS, ("PROTOCOL_ERROR",)
    ),
}

GARBAGE: Final = random.Random(0).randbytes(64)  # Read as a frame, it is 13 MB long.
# Each with a word that tells what is wrong with it.
WRONG_FRAMES: Final[dict[str, tuple[Frame | bytes, str]]] = {
    "random bytes": (GARBAGE, "FRAME_SIZE_ERROR"),
    "frame over the maximum size": (DataFrame(1, b"\n" * (2**16)), "65,536"),
    "DATA on a stream never opened": (DataFrame(99, event(HALF + 1)), "stream 99"),
    "CONTINUATION of no head": (
        ContinuationFrame(1, b"\x88", flags=["END_HEADERS"]),
        "PROTOCOL_ERROR",
    ),
    "window beyond its maximum": (WindowUpdateFrame(0, 2**31 - 1), "FLOW_CONTROL_ERROR"),
}


def _malformed(act: Act, shown: int, *words: str, shakes_hands: bool = True) -> Fault:
    return Fault(act, Ending.MALFORMED, shown, words, shakes_hands)


BROKEN: Final = {
    **_by_code("RST_STREAM in the head", acts.reset_in_head, RESET_CODES, Ending.MALFORMED, 0),
    **{
        f"{name} before the head": _malformed(partial(acts.instead_of_head, wrong=wrong), 0, word)
        for name, (wrong, word) in WRONG_FRAMES.items()
    },
    **{
        f"{name} in the body": _malformed(partial(acts.wrong_in_body, wrong=wrong), HALF, word)
        for name, (wrong, word) in WRONG_FRAMES.items()
    },
    "Content-Length below the body": _malformed(acts.length_too_short, HALF, "PROTOCOL_ERROR"),
    "head that can't be decoded": _malformed(
        partial(acts.instead_of_head, wrong=HeadersFrame(1, b"\xff" * 9, flags=["END_HEADERS"])), 0
    ),
    "head without a status": _malformed(partial(acts.whole_head, headers=OK[1:]), 0),
    "head over the limit": _malformed(acts.head_over_the_limit, 0, "KiB"),
    "endless head": _malformed(acts.endless_head, 0),
    "HTTP/1.1 server": _malformed(acts.answers_http1, 0, "HTTP/1.1", shakes_hands=False),
}

MATRIX: Final = {**READ_ON, **NO_REPLY, **CUT, **BROKEN}
