"""A command that arrived as one string, split into words as a shell would split it.

It is used for `sse curl 'curl …'` and `sse curl "$(pbpaste)"`, where the whole command is quoted.
Nothing is run: a substitution or an operator is refused by name. The rules are those of POSIX XCU
2.2 and 2.6.2, and of bash and XCU 2.2.4 (2024) for `$'…'`. Two differ because the text was copied:
a newline is a space, and a backslash continues a line even if spaces follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sse_cli.model.errors import UsageError

_TOKEN = re.compile(
    r"""
      (?P<continuation> \\[ \t]*\r?\n )
    | (?P<space>        [ \t\r\n]+ )
    | \\(?P<escaped>    . )
    | '(?P<single>      [^']* )'
    | \$'(?P<ansi>      (?: \\. | [^'\\] )* )'
    | \$?"(?P<double>   (?: \\. | [^"\\] )* )"
    | \$\{(?P<braced>   [A-Za-z_]\w* )\}
    | \$(?P<name>       [A-Za-z_]\w* )
    | (?P<operator>     \$[({] | [`|;&<>()] )
    | (?P<comment>      (?<!\S)\#[^\n]* )
    | (?P<plain>        [^\s\\'"$`|;&<>()]+ | \$ )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_IN_DOUBLE = re.compile(
    r"""
      (?P<continuation> \\\r?\n )
    | \\(?P<escaped>    [$`"\\] )
    | \$\{(?P<braced>   [A-Za-z_]\w* )\}
    | \$(?P<name>       [A-Za-z_]\w* )
    | (?P<operator>     \$[({] | ` )
    """,
    re.VERBOSE | re.ASCII,
)
_ANSI = re.compile(
    r"\\(?:u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_ANSI_LETTERS = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip

# Windows' "Copy as cURL (cmd)": a caret escapes the next character, and continues a line.
_CMD = re.compile(r"(?:curl|curl\.exe)\s+(?:\^\"|[^\n]*\s\^[ \t]*\r?\n)")
_CMD_CARET = re.compile(r"\^(\r?\n)(\r?\n)?|\^(.)", re.DOTALL)
_CMD_WORD = re.compile(r'(?:"(?:\\["\\]|[^"])*"|[^\s"])+')
_CMD_QUOTE = re.compile(r'\\(["\\])|"')


def split(text: str, environment: Mapping[str, str]) -> list[str]:
    """Split `text` into words; `$NAME` and `${NAME}` are looked up in `environment`.

    Raises `UsageError` for an unclosed quote, an operator, a substitution, an unset variable.
    """
    if _CMD.match(text):
        return _split_cmd(text)
    words: list[str] = []
    started = False  # a pair of quotes alone is an empty word
    for kind, value in _tokens(text):
        if kind == "continuation":
            continue
        if kind in ("space", "comment"):
            started = False
            continue
        if not started:
            words.append("")
        started = True
        words[-1] += _read(kind, value, environment)
    return words


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise UsageError(
                f"the pasted command has an unterminated {text[position]!r}", "check its quotes"
            )
        position = found.end()
        yield found.lastgroup, found[found.lastgroup]


def _read(kind: str, value: str, environment: Mapping[str, str]) -> str:
    if kind == "operator":
        raise _operator(value)
    if kind in ("name", "braced"):
        return _variable(value, environment)
    if kind == "ansi":
        return _ansi(value)
    if kind == "double":
        return _IN_DOUBLE.sub(lambda found: _in_double(found, environment), value)
    return value


def _in_double(found: re.Match[str], environment: Mapping[str, str]) -> str:
    if found["operator"]:
        raise _operator(found["operator"])
    if name := found["name"] or found["braced"]:
        return _variable(name, environment)
    return found["escaped"] or ""


def _variable(name: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        raise UsageError(
            f"the pasted command uses ${name}, which is not set", f"run: export {name}=…"
        )
    return environment[name]


def _operator(text: str) -> UsageError:
    return UsageError(
        f"the pasted command contains {text!r}, which only a shell can run",
        "paste the curl command alone, and keep quotes around a URL that has & or ; in it",
    )


def _ansi(text: str) -> str:
    text = _ANSI.sub(_ansi_character, text)
    try:
        # \ud83d\ude00 is one character in two halves; \xc3\xa9 is one in two bytes.
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return whole.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text


def _ansi_character(found: re.Match[str]) -> str:
    short, long, byte, octal, control, letter = found.groups()
    if short or long:
        code = int(short or long, 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8) & 0xFF]).decode(
            "utf-8", "surrogateescape"
        )
    if control:
        return chr(ord(control) & 0x1F)
    return _ANSI_LETTERS.get(letter, f"\\{letter}")


def _split_cmd(text: str) -> list[str]:
    def uncaret(found: re.Match[str]) -> str:
        newline, second, character = found.groups()
        return character if newline is None else "\n" if second else " "

    words = _CMD_WORD.findall(_CMD_CARET.sub(uncaret, text))
    return [_CMD_QUOTE.sub(lambda found: found[1] or "", word) for word in words]
