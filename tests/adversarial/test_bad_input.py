"""Errors of every kind: two lines (message and hint), the exit code, no traceback."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.main import get_command

from sse_cli.cli.commands import app
from sse_cli.cli.unknown_option import STAND_INS
from tests.support.program import Ran, error_and_hint, sse
from tests.support.replies import HELLO
from tests.support.wire import Wire

LONG = "x" * 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bad input")
    (path / "one.sse").write_bytes(b"data: 1\n\n")
    (path / "folder").mkdir()
    (path / "folder.sse").mkdir()
    return path


# Arguments, a part of the message, a part of the hint. All of them are usage errors: 2.
BAD_WORDS = [
    (["no-such.sse"], "no such file: no-such.sse", "path"),
    (["./no-such"], "no such file: ./no-such", "path"),
    (["/no/such"], "no such file: /no/such", "path"),
    ([f"./{LONG}/{LONG}"], f"no such file: ./{LONG}/{LONG}", "path"),
    ([f"./{LONG}{LONG}"], f"{LONG}{LONG}", ""),
    (["folder"], "folder is a directory", "file"),
    (["folder.sse"], "folder.sse is a directory", "file"),
    (["one.sse", "-H", "A: b"], "--header goes with a URL", ""),
    (["htps://h/x"], "'htps://h/x' has the scheme htps", "did you mean https?"),
    (["ftp://h/x"], "'ftp://h/x' has the scheme ftp", "http and https"),
    (["ws://h/x"], "the scheme ws", "http and https"),
    (["http:/h/x"], "http:/h/x", "http://"),
    (["http://"], "no host", "https://HOST"),
    (["http://h:99999/"], "bad port", "65535"),
    (["http://h/a b"], "a space", "%20"),
    (["http://u:sk-secret@h:x/?k=sk-secret"], "bad port", ""),
    (["h.example", "-H", "sk-secret"], "--header number 1 has no colon", "Name: value"),
    (["h.example", "-H", "a b: sk-secret"], "number 1 has no valid name", "letters"),
    (["h.example", "-H", "a: sk-secret\nb: c"], "--header 'a' contains a line break", "one line"),
    (["h.example", "-H", "@no-such"], "--header: can't read 'no-such'", "file"),
    (["h.example", "-d", "@no-such"], "--data: can't read 'no-such'", "file"),
    (["h.example", "-d", "@folder"], "--data: can't read 'folder'", "file"),
    (["h.example", "--bearer", "env:NO_SUCH"], "'NO_SUCH' is not set", "export NO_SUCH"),
    (["h.example", "--cacert", "no-such"], "--cacert: can't read 'no-such'", "file"),
    (["h.example", "-X", "A B"], "invalid --request 'A B': expected an HTTP method", "GET"),
    (["h.example", "-u", "sk-secret"], "--user has no password", "USER:"),
    (["h.example", "-m", "soon"], "invalid --max-time 'soon': expected a duration", "500ms"),
    (["h.example", "-m", "-1"], "'-1'", "500ms"),
    (["h.example", "--connect-timeout", "1d"], "--connect-timeout '1d': expected a duration", "2s"),
    (["h.example", "-x", "ftp://p"], "invalid --proxy 'ftp://p': expected an HTTP", "http://HOST:PORT"),
    (["wathc"], "'wathc' is not a command, file or URL", "did you mean 'watch'?"),
    (["dmeo"], "'dmeo' is not a command", "did you mean 'demo'?"),
    (["crul", "h.example"], "'crul' is not a command", "did you mean 'curl'?"),
    (["xyzzy"], "'xyzzy' is not a command", "--help"),
    (["clock"], "'clock' is not a command, file or URL", "sse demo clock"),
    (["demo", "openai"], "no scenario is called 'openai'", "openai-chat"),
    (["serve", "clocks"], "no scenario is called 'clocks'", "clock"),
    (["one.sse", "-n", "x"], "'x' is not a whole number", "--help-all"),
    (["one.sse", "-o", "json"], "'json' is not one of 'table', 'text', 'jsonl'", "mean jsonl?"),
    (["one.sse", "-o", "xyzzy"], "'xyzzy' is not one of", "--help-all"),
    (["convert", "one.sse"], "missing option '--to': sse, jsonl, har", "--help"),
    (["convert", "one.sse", "--to", "hra"], "'hra' is not one of", "did you mean har?"),
    (["serve", "--speed", "fast"], "'fast' is not a number", "--help"),
    (["serve", "--journal", "-"], "can't write the journal -: it is not a file", "another"),
    (["check", "one.sse", "--junit", "-"], "the JUnit report to standard output", "report.xml"),
    (["one.sse", "--no-such"], "--no-such", "did you mean --no-summary"),
    (["one.sse", "--quary", "a"], "--quary", ""),
    (["tail", "one.sse", "-n", "1"], "-n (--max-events) is not an option of sse tail, only of sse",
     "sse tail has -m, --max-time: Limit for it all"),
    (["tail", "--for", "2s", "one.sse"], "not an option of sse tail, only of sse watch and sse",
     "sse tail has -m, --max-time: Limit for it all"),
    (["tail", "one.sse", "--where", "a"], "--where is not an option of sse tail", "--query: Take"),
    (["tail", "one.sse", "--all"], "--all is not an option of sse tail", "--help-all shows what"),
    (["tail", "curl", "h.example", "--for", "2s"], "--for is not an option of sse", "--max-time"),
    (["tail", "--for=2s", "curl", "h.example"], "--for is not an option of sse", "--max-time"),
    (["one.sse", "--junit", "a"], "not an option of sse watch, only of sse check", "watch -"),
    (["one.sse", "--fault", "a"], "not an option of sse watch, only of sse serve", "watch -"),
    (["check", "one.sse", "--where", "a"], "--where is not an option of sse", "has --any: JMESP"),
    (["convert", "one.sse", "-o", "har"], "-o (--output) is not an option of sse", "has --to:"),
    (["tail", "one.sse", "--debug"], "--debug is an option of sse itself", "sse --debug tail"),
    (["one.sse", "-F", "a=b"], "-F", ""),
    (["one.sse", "-o", "xml"], "'xml'", ""),
    (["one.sse", "-n", "0"], "--max-events", ""),
    (["one.sse", "-n", "few"], "'few'", ""),
    (["one.sse", "-n"], "'-n' requires an argument", ""),
    (["one.sse", "-o", "csv", "-j"], "--join", "-o csv"),
    (["one.sse", "--max-size", "big"], "--max-size 'big'", "16M"),
    (["one.sse", "two.sse"], "", ""),
    (["watch"], "TARGET", ""),
    (["curl"], "no URL", ""),
    (["curl", "h.example", "-F", "a=b"], "-F (--form) is not supported by sse", "--data-binary"),
    (["curl", "h.example", "-o", "f"], "-o (--output) is not supported by sse", "before the word"),
    (["curl", "h.example", "--next"], "--next is not supported by sse", ""),
    (["curl", "h.example", "--haeder", "a: sk-secret"], "'--haeder'", "--header"),
    (["curl", "h.example", "-H", "Authorization:", "Bearer", "sk-secret"], "3 URLs", "quotes"),
    (["curl 'h.example"], "unterminated", "quotes"),
    (["curl h.example | jq ."], "'|'", "alone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "error", "hint"), BAD_WORDS, ids=[" ".join(row[0])[:60] for row in BAD_WORDS]
)
def test_contradictory_or_invalid_arguments_exit_with_2(
    folder: Path, words: list[str], error: str, hint: str
) -> None:
    ran = sse(*words, cwd=folder)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.talk.count("\n") == 2, ran.talk
    said = error_and_hint(ran)
    assert error in said[0]
    assert hint in said[1]
    assert "sk-secret" not in ran.talk


def test_each_suggested_option_belongs_to_a_command_that_lacks_the_typed_one() -> None:
    commands = getattr(get_command(app), "commands")  # noqa: B009 (Typer's own Click has no types)
    having = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in commands.items()
    }
    for missing, stand_ins in STAND_INS.items():
        assert any(missing in options for options in having.values()), missing
        for stand_in in stand_ins:
            lacking = [name for name, options in having.items() if missing not in options]
            assert any(stand_in in having[name] for name in lacking), (missing, stand_in)


def test_a_secret_with_missing_quotes_is_not_repeated() -> None:
    ran = sse("h.example", "-H", "Authorization:", "Bearer", "sk-secret")
    assert ran.code == 2
    error_and_hint(ran)
    assert "sk-secret" not in ran.talk


def test_a_file_without_read_permission_is_named(folder: Path) -> None:
    locked = folder / "locked.sse"
    locked.write_bytes(b"data: 1\n\n")
    locked.chmod(0)
    with suppress(PermissionError):
        locked.open("rb").close()
        pytest.skip("root may read everything")
    ran = sse(locked)
    assert ran.code == 2
    assert "permission denied" in error_and_hint(ran)[0]


def cells(text: str) -> int:
    """Return the number of terminal columns that `text` takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize(
    ("option", "expression", "before"),
    [
        ("-q", "choices[0", "choices[0"),
        ("-q", "a..b", "a."),
        ("-q", "name=a b", "a "),
        ("-q", "foo.", "foo."),
        ("-q", "", ""),
        ("--where", "a = `1`", "a "),
        ("--until", "lenght(a)", ""),
        ("-q", '"日本語" ^', '"日本語" '),
        ("-q", "a \t ^", "a \\t "),
        ("-q", "a \x1b", "a "),
        ("-q", f'"{LONG}" ^', f'"{LONG}" '),
    ],
)
def test_a_bad_expression_is_shown_with_a_caret_under_the_column(
    folder: Path, option: str, expression: str, before: str
) -> None:
    ran = sse("one.sse", option, expression, cwd=folder)
    assert (ran.code, ran.out) == (2, b"")
    names = {"-q": "--query"}
    assert error_and_hint(ran)[0].startswith(names.get(option, option) + ": ")
    assert ran.talk.count("\n") == 4, ran.talk
    _, shown, caret, _ = ran.talk.splitlines()
    assert shown.startswith("  " + before)
    assert caret == "  " + " " * cells(before) + "^"
    assert "\x1b" not in ran.talk


# Unreachable servers


def test_a_host_that_does_not_exist_is_3() -> None:
    ran = sse("https://no-such-host.invalid/v1?key=sk-secret")
    assert (ran.code, ran.out) == (3, b"")
    assert "no-such-host.invalid" in error_and_hint(ran)[0]
    assert "sk-secret" not in ran.talk


@pytest.mark.parametrize(
    "target", ["127.0.0.1:{}", "localhost:{}/v1", "http://127.0.0.1:{}/", "https://127.0.0.1:{}/"]
)
def test_a_port_where_nothing_listens_is_3(target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ran = sse(target.format(port))
    assert (ran.code, ran.out) == (3, b"")
    error, hint = error_and_hint(ran)
    assert f"{port}: connection refused" in error
    assert "running" in hint


def test_https_to_a_plain_http_port_is_3() -> None:
    with Wire(HELLO) as server:
        ran = sse(server.origin.replace("http:", "https:"))
    assert (ran.code, ran.out) == (3, b"")
    error, hint = error_and_hint(ran)
    assert "TLS" in error
    assert "http://" in hint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for localhost."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    words = f"req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {path} -out {path}.crt"
    words += " -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@contextmanager
def tls_server(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with suppress(OSError), context.wrap_socket(peer, server_side=True) as stream:
                stream.recv(65536)
                stream.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: tls\n\n"
                )

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/"
        thread.join()


def test_a_self_signed_certificate_is_3_and_the_suggested_options_work(certificate: Path) -> None:
    with tls_server(certificate) as url:
        ran = sse(url)
    assert (ran.code, ran.out) == (3, b"")
    error, hint = error_and_hint(ran)
    assert "the TLS certificate of localhost is not trusted" in error
    assert "--cacert FILE" in hint
    assert "-k" in hint
    for words in (["-k"], ["--cacert", str(certificate)]):
        with tls_server(certificate) as url:
            assert sse(url, "-o", "text", *words).text == "tls\n"


def test_a_port_that_does_not_speak_http_is_reported() -> None:
    with Wire(b"220 mail.example ESMTP\r\n502 What?\r\n\r\n") as server:
        ran = sse(server.origin)
    assert (ran.code, ran.out) == (5, b"")
    assert "not HTTP" in error_and_hint(ran)[0]


# Replies other than event streams


def reply(status: str, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"{head}{kind}Set-Cookie: sk-secret\r\n\r\n".encode() + body


def refused(status: str, content_type: str, body: bytes, *words: str) -> Ran:
    with Wire(reply(status, content_type, body)) as server:
        ran = sse(server.origin, *words)
    assert (ran.code, ran.out) == (4, b"")
    assert "sk-secret" not in ran.talk
    return ran


def test_a_401_shows_its_json_body_and_asks_for_credentials() -> None:
    body = {"error": {"message": "Invalid API key", "code": "invalid_api_key"}}
    ran = refused("401 Unauthorized", "application/json", json.dumps(body).encode())
    assert ran.talk.splitlines()[0] == "< HTTP/1.1 401 Unauthorized"
    assert '    "message": "Invalid API key",' in ran.talk.splitlines()
    error, hint = error_and_hint(ran)
    assert error == "401 Unauthorized"
    assert "--bearer" in hint


def test_a_web_page_instead_of_events_is_shown() -> None:
    page = b"<!doctype html>\n<title>Sign in \x1b[31m</title>\n" + b"<p>\n" * 100
    ran = refused("200 OK", "text/html; charset=utf-8", page)
    assert "<title>Sign in \\x1b[31m</title>" in ran.talk
    assert "more lines)" in ran.talk
    error, hint = error_and_hint(ran)
    assert error == "the reply is text/html, not text/event-stream"
    assert "login page" in hint


def test_a_binary_amazon_stream_is_identified_and_not_shown() -> None:
    body = b"\x00\x00\x00\x52\x00\x00\x00\x43:message-type\x07\x00\x05event"
    ran = refused("500 Oh No", "application/vnd.amazon.eventstream", body)
    assert f"({len(body)} bytes of binary application/vnd.amazon.eventstream)" in ran.talk
    error, _ = error_and_hint(ran)
    assert error == "500 Oh No"


@pytest.mark.parametrize(
    ("status", "content_type", "body", "error", "hint"),
    [
        ("200 OK", "application/json", b'{"a":1}', "application/json", "stream"),
        ("200 OK", "", b"data: 1\n\n", "no valid Content-Type", "--any-type"),
        ("200 OK", "text/plain", b"data: 1\n\n", "text/plain", "--any-type"),
        ("404 Not Found", "text/plain", b"nope", "404 Not Found", "path"),
        ("500 Oh No", "text/plain", b"", "500 Oh No", "server"),
        ("429 Slow", "text/event-stream", b"data: 1\n\n", "429 Slow", "slow down"),
        ("418 \x1b[31m", "text/plain", b"", "418 \\x1b[31m", "200"),
    ],
)
def test_any_other_reply_is_refused_with_its_reason(
    status: str, content_type: str, body: bytes, error: str, hint: str
) -> None:
    said = error_and_hint(refused(status, content_type, body))
    assert error in said[0]
    assert hint in said[1]


def test_a_redirect_to_another_origin_is_not_followed_and_its_query_stays_hidden() -> None:
    head = b"HTTP/1.1 307 Elsewhere\r\nLocation: https://other.example/x?key=sk-secret\r\n\r\n"
    with Wire(head) as server:
        ran = sse(server.origin)
    assert (ran.code, ran.out) == (4, b"")
    assert "https://other.example/x?key=***" in error_and_hint(ran)[0]
    assert "-L" in error_and_hint(ran)[1]


# Streams with almost no content


@pytest.mark.parametrize("body", [b"", b": only a comment\n\n", b"event: end\n\n"])
def test_a_stream_without_an_event_is_a_success_of_watch_with_a_warning(body: bytes) -> None:
    with Wire(reply("200 OK", "text/event-stream", body)) as server:
        runs = [sse(server.origin, "-o", "table"), sse("-", "-o", "text", stdin=body)]
    for ran in runs:
        assert ran.code == 0
        warning, hint = ran.talk.splitlines()
        assert warning.startswith("warning: no event came")
        assert hint.startswith("hint: ")


@pytest.mark.parametrize("words", [["-X", LONG * 9 + " a"], ["-m", LONG * 9], ["-q", f"{LONG}("]])
def test_an_error_stays_on_one_line_whatever_its_length(words: list[str]) -> None:
    ran = sse("h.example", *words, env={"COLUMNS": "40"})
    assert ran.code == 2
    assert LONG in error_and_hint(ran)[0] + ran.talk


def test_markup_is_plain_text_and_a_pipe_gets_no_colours() -> None:
    ran = sse("[bold red]x[/].sse", env={"TERM": "xterm-256color"})
    assert error_and_hint(ran)[0] == "no such file: [bold red]x[/].sse"


@pytest.mark.parametrize("command", ["watch", "tail"])
def test_a_file_of_streams_points_to_check(command: str, tmp_path: Path) -> None:
    file = tmp_path / "smoke.toml"
    file.write_text("[streams.a]")
    ran = sse(command, file)
    assert ran.code == 2
    assert error_and_hint(ran) == (f"{file} describes streams, and is not one", f"sse check {file}")


@pytest.mark.parametrize("option", ["-q", "--where", "--until"])
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_expression_is_refused(option: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "it.sse"
    file.write_bytes(b"data: 1\n\n")
    ran = sse(file, option, text)
    assert ran.code == 2
    assert "is empty" in error_and_hint(ran)[0]


@pytest.mark.parametrize("command", ["watch", "tail", "check"])
def test_a_web_page_from_standard_input_is_refused(command: str) -> None:
    page = b"\n<!doctype html>\n<html><title>Log in</title></html>\n"
    ran = sse(command, "-", stdin=page)
    assert ran.code == 4
    message, hint = error_and_hint(ran)
    assert "is a web page or XML, not an event stream" in message
    assert "--any-type" in hint
    assert "Log in" in ran.text + ran.talk
    assert sse(command, "-", "--any-type", stdin=page).code != 4
