"""The options of a request, declared to Typer from the table in `request/options.py`.

They are only declared here. Their values are read from the command line in typed order
(`command_line.py`), because the data of `-d` and similar options is joined in that order.
"""

from typing import Annotated, Any, ClassVar, Final

from sse_cli.cli.options.stream import Texts, option
from sse_cli.request.options import OPTIONS, Group, RequestOption

PANELS: Final[dict[Group, str]] = {
    "request": "Request (as curl)",
    "connection": "Connection (as curl)",
}


def _annotation(spec: RequestOption) -> Any:
    names = [f"-{spec.letter}", f"--{spec.name}"] if spec.letter else [f"--{spec.name}"]
    declared = option(
        *names, panel=PANELS[spec.group], text=spec.help, metavar=spec.metavar, hidden=spec.is_rare
    )
    return Annotated[Texts if spec.takes_value else bool, declared]


_DECLARED: Final = {
    spec.name.replace("-", "_").replace(".", "_"): spec for spec in OPTIONS if spec.group in PANELS
}


class RequestOptions(dict[str, Any]):
    """Values of the request options by field: a group of options that `groups.py` can expand."""

    _fields: ClassVar = tuple(_DECLARED)
    _field_defaults: ClassVar = {
        field: None if spec.takes_value else False for field, spec in _DECLARED.items()
    }


RequestOptions.__annotations__ = {field: _annotation(spec) for field, spec in _DECLARED.items()}
