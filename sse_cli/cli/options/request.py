"""The options of a request, declared to Typer from the table in `request/options.py`.

Their values are read from the command line in the order typed (`command_line.py`), since `-d`
and its kin are joined in that order; here they are only declared.
"""

from typing import Annotated, Any, ClassVar, Final

from sse_cli.cli.options.stream import Texts, option
from sse_cli.request.options import OPTIONS, Group, RequestOption

PANELS: Final[dict[Group, str]] = {
    "request": "Request (as curl)",
    "connection": "Connection (as curl)",
}


def _annotation(one: RequestOption) -> Any:
    names = [f"-{one.letter}", f"--{one.name}"] if one.letter else [f"--{one.name}"]
    declared = option(
        *names, panel=PANELS[one.group], text=one.help, metavar=one.metavar, hidden=one.is_rare
    )
    return Annotated[Texts if one.takes_value else bool, declared]


_DECLARED: Final = {
    one.name.replace("-", "_").replace(".", "_"): one for one in OPTIONS if one.group in PANELS
}


class RequestOptions(dict[str, Any]):
    """Values of the request options by field; a group of options as `groups.py` expands it."""

    _fields: ClassVar = tuple(_DECLARED)
    _field_defaults: ClassVar = {
        field: None if one.takes_value else False for field, one in _DECLARED.items()
    }


RequestOptions.__annotations__ = {field: _annotation(one) for field, one in _DECLARED.items()}
