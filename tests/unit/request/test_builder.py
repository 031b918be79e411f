"""Requests built from options. `test_curl.py` compares the same options with real curl."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sse_cli
from sse_cli.model.errors import SSEError, UsageError
from sse_cli.request.builder import build
from sse_cli.request.model import Request
from sse_cli.request.options import BY_NAME
from sse_cli.request.url import target_url

URL = ("url", "https://h/p")
SECRET = "sk-test"


def ask(*options: tuple[str, str], stdin: bytes = b"", **variables: str) -> Request:
    return build([URL, *options], stdin=lambda: stdin, environment=variables)


def header(request: Request, name: str) -> list[str]:
    return [value for key, value in request.headers if key.lower() == name]


def refused(*options: tuple[str, str], **variables: str) -> UsageError:
    with pytest.raises(UsageError) as raised:
        build(options, stdin=lambda: b"", environment=variables)
    assert raised.value.hint
    assert SECRET not in raised.value.message + raised.value.hint
    return raised.value


def test_a_bare_url_asks_for_an_event_stream() -> None:
    assert ask() == Request(
        "https://h/p",
        headers=(
            ("User-Agent", f"sse-cli/{sse_cli.__version__}"),
            ("Accept", "text/event-stream"),
            ("Cache-Control", "no-cache"),
            ("Accept-Encoding", "identity"),
        ),
    )


def test_the_order_of_headers_is_credentials_defaults_the_callers_and_the_body_type() -> None:
    request = ask(("header", "X-A: 1"), ("data", "d"), ("cookie", "a=b"), ("bearer", "k"))
    assert [name for name, _ in request.headers] == [
        *["Authorization", "User-Agent", "Accept", "Cache-Control", "Accept-Encoding", "Cookie"],
        *["X-A", "Content-Type"],
    ]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost:8000/x", "http://localhost:8000/x"),
        ("LOCALHOST", "http://LOCALHOST"),
        ("a.localhost.", "http://a.localhost."),
        ("127.0.0.1?x", "http://127.0.0.1?x"),
        ("127.9.9.9:1", "http://127.9.9.9:1"),
        ("0.0.0.0:8000", "http://0.0.0.0:8000"),
        ("[::1]:80", "http://[::1]:80"),
        ("[::2]:80", "https://[::2]:80"),
        ("u:p@localhost/x", "http://u:p@localhost/x"),
        ("localhost.evil.example", "https://localhost.evil.example"),
        ("api.example.com/v1", "https://api.example.com/v1"),
        ("192.168.0.1:8", "https://192.168.0.1:8"),
        ("h/?u=http://x", "https://h/?u=http://x"),
        ("http://api.example.com", "http://api.example.com"),
        ("HTTPS://localhost", "HTTPS://localhost"),
        ("wss://h", "wss://h"),
    ],
)
def test_a_host_without_a_scheme_is_https_unless_it_is_this_machine(text: str, url: str) -> None:
    assert target_url(text) == url


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("https://h", "https://h/"),
        ("https://h?a=b", "https://h/?a=b"),
        ("HTTP://Host:/x", "http://Host/x"),
        ("https://h/p?", "https://h/p"),
        ("https://h/p?q#f", "https://h/p?q"),
        ("https://u:p@h:8/p", "https://h:8/p"),
        ("https://bücher.example/ü", "https://bücher.example/ü"),
        ("https://[fe80::1%25eth0]/", "https://[fe80::1%25eth0]/"),
    ],
)
def test_the_url_is_sent_without_userinfo_and_fragment(typed: str, sent: str) -> None:
    assert build([("url", typed)]).url == sent


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "empty"),
        ("ftp://h/", "the scheme ftp"),
        ("file:///etc/passwd", "the scheme file"),
        ("http:/h", "is not a valid URL"),
        ("1http://h", "is not a valid URL"),
        ("://h", "is not a valid URL"),
        ("https:///p", "no host"),
        ("https://:80/", "no host"),
        ("https://h/a b", "a space"),
        ("https://h/a\u00a0b", "a space"),
        ("https://h/\n", "a control character"),
        ("https://h/\udcff", "a control character"),
        ("https://h:x/", "bad port"),
        ("https://h:99999/", "bad port"),
        ("https://h:0/", "bad port"),
        ("https://[::1/", "bad port or host"),
        ("https://YOUR<HOST>/", "bad port or host"),
        (f"https://u:{SECRET}@h:x/", "bad port"),
        (f"https://u:{SECRET}@\u2102\u2100/", "bad port or host"),
        (f"ftp://{SECRET}@h/?{SECRET}", "the scheme ftp"),
        (f"https://h/ ?k={SECRET}", "a space"),
    ],
)
def test_an_invalid_url_is_refused_without_its_secrets(url: str, says: str) -> None:
    assert says in refused(("url", url)).message


def test_no_url_and_two_urls_are_refused() -> None:
    assert "no URL" in refused(("data", "x")).message
    assert "more than one URL" in refused(URL, URL).message


def test_data_files_lose_line_ends_and_nul_only_with_data(tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"a\r\nb\0c\n")
    named = f"@{file}"
    assert ask(("data", named)).body == b"abc"
    assert ask(("data-binary", named)).body == b"a\r\nb\0c\n"
    assert ask(("json", named)).body == b"a\r\nb\0c\n"
    assert ask(("data-raw", named)).body == named.encode()
    assert ask(("data-urlencode", f"n{named}")).body == b"n=a%0D%0Ab%00c%0A"
    assert ask(("data", "a\nb")).body == b"a\nb"


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("a b&c", b"a+b%26c"),
        ("=a=b", b"a%3Db"),
        ("n=a b", b"n=a+b"),
        ("a@b=c", b"a@b=c"),
        ("n =é~-._*", b"n =%C3%A9~-._%2A"),
        ("@-", b"in+put"),
        ("n@-", b"n=in+put"),
        ("", b""),
    ],
)
def test_urlencode_reads_its_five_forms(value: str, body: bytes) -> None:
    assert ask(("data-urlencode", value), stdin=b"in put").body == body


def test_data_options_are_joined_in_order_and_json_without_a_separator() -> None:
    pairs = [("data", "a"), ("data-urlencode", "b=c d"), ("json", "{"), ("json", "}")]
    assert ask(*pairs, ("data", "")).body == b"a&b=c+d{}&"


def test_data_makes_a_post_unless_the_method_is_named() -> None:
    assert ask(("data", "")).method == "POST"
    assert ask(("data", "x"), ("request", "get")).method == "get"
    assert ask(("data", "")).body == b""
    assert ask().body is None


def test_json_accepts_the_event_stream_alone_unless_told_otherwise() -> None:
    request = ask(("json", "{}"))
    assert header(request, "accept") == ["text/event-stream"]
    assert header(request, "content-type") == ["application/json"]
    named = ask(("json", "{}"), ("header", "accept: a/b"), ("header", "Content-Type:"))
    assert (header(named, "accept"), header(named, "content-type")) == (["a/b"], [])


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("https://h/p", "?a=1&b=2"),
        ("https://h/p?", "?a=1&b=2"),
        ("https://h/p?x", "?x&a=1&b=2"),
        ("https://h/p?x&#f", "?x&a=1&b=2"),
    ],
)
def test_get_moves_the_data_into_the_query(url: str, query: str) -> None:
    request = build([("url", url), ("data", "a=1"), ("get", ""), ("data", "b=2")])
    assert (request.url, request.method) == (f"https://h/p{query}", "GET")
    assert (request.body, header(request, "content-type")) == (None, [])


def test_data_with_a_space_cannot_go_into_the_query() -> None:
    assert "a space" in refused(URL, ("get", ""), ("data", "a b")).message


def test_a_header_of_the_caller_replaces_the_default_in_any_case() -> None:
    request = ask(("header", "aCCept: a/b"), ("header", "user-agent:x"), ("header", "accept: c"))
    assert header(request, "accept") == ["a/b", "c"]
    assert header(request, "user-agent") == ["x"]


def test_headers_are_removed_with_a_colon_and_emptied_with_a_semicolon() -> None:
    request = ask(*[("header", h) for h in ("Accept: ", "X-Gone:", "Cache-Control;", "X-E;")])
    names = [name for name, _ in request.headers]
    assert names == ["User-Agent", "Accept-Encoding", "Cache-Control", "X-E"]
    assert header(request, "cache-control") == [""]


def test_headers_are_read_from_a_file_and_from_stdin(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_bytes("X-A: é\r\n\r\nX-B: 2\nAccept:\n".encode())
    request = ask(("header", f"@{file}"), ("header", "@-"), stdin=b"X-C: 3\n")
    assert request.headers[-3:] == (("X-A", "é"), ("X-B", "2"), ("X-C", "3"))
    assert header(request, "accept") == []


def test_framing_headers_are_dropped_and_a_host_header_is_kept() -> None:
    names = ("Content-Length: 3", "transfer-encoding: chunked", "Host: other.example")
    request = ask(*[("header", name) for name in names], ("data", "abcdef"))
    assert header(request, "content-length") == header(request, "transfer-encoding") == []
    assert header(request, "host") == ["other.example"]


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("gzip, deflate, br, zstd", "gzip, deflate"),
        ("br;q=1.0, GZIP ; q=0.8, *;q=0.1", "GZIP ; q=0.8"),
        ("identity", "identity"),
        ("br", "identity"),
        (",,", "identity"),
    ],
)
def test_accept_encoding_is_narrowed_to_the_supported_codings(asked: str, sent: str) -> None:
    assert header(ask(("header", f"accept-encoding: {asked}")), "accept-encoding") == [sent]


def test_compressed_asks_for_gzip_and_deflate() -> None:
    assert header(ask(("compressed", "")), "accept-encoding") == ["gzip, deflate"]
    assert header(ask(("header", "Accept-Encoding:")), "accept-encoding") == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"Bearer {SECRET}", "number 1 has no colon"),
        ("X-A;b", "number 1 has no colon"),
        ("", "number 1 has no colon"),
        (f": {SECRET}", "number 1 has no valid name"),
        (f"X Y: {SECRET}", "number 1 has no valid name"),
        (f"Authorization Basic {SECRET}:pw", "number 1 has no valid name"),
        (f" X-A: {SECRET}", "number 1 has no valid name"),
        (f"É: {SECRET}", "number 1 has no valid name"),
        (f"X-A\n: {SECRET}", "number 1 has no valid name"),
        (f"X-A: {SECRET}\r\nX-B: 1", "'X-A' contains a line break"),
        (f"X-A: {SECRET}\r", "'X-A' contains a line break"),
        (f"X-A: \0{SECRET}", "NUL"),
        (f"X-A: \x0b{SECRET}", "'X-A'"),
        (f"X-A: {SECRET}\udcff", "not UTF-8"),
        ("Host:", "can't be removed"),
    ],
)
def test_an_invalid_header_is_named_without_its_value(line: str, says: str) -> None:
    assert says in refused(URL, ("header", line)).message


@pytest.mark.parametrize("method", ["", "A B", "GET\r\nX: y", "É"])
def test_a_method_that_is_not_a_token_is_refused(method: str) -> None:
    assert "--request" in refused(URL, ("request", method)).message


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ([("user", "ann:p:q")], "Basic YW5uOnA6cQ=="),
        ([("user", "ann:")], "Basic YW5uOg=="),
        ([("user", "ä:ö")], "Basic w6Q6w7Y="),
        ([("bearer", "k")], "Bearer k"),
        ([("bearer", "k"), ("user", "a:b")], "Bearer k"),
        ([("oauth2-bearer", "env:K")], "Bearer env:K"),
        ([("bearer", "env:K")], "Bearer key"),
        ([("bearer", "@-")], "Bearer piped"),
        ([("user", "a:b"), ("header", "authorization: own")], "own"),
    ],
)
def test_credentials_become_one_authorization(options: list[tuple[str, str]], sent: str) -> None:
    assert header(ask(*options, stdin=b"piped\r\n", K="key\n"), "authorization") == [sent]


def test_credentials_of_the_url_are_decoded_and_user_overrides_them() -> None:
    url = ("url", "https://a%40b:p%3Aq@h/")
    assert header(build([url]), "authorization") == ["Basic YUBiOnA6cQ=="]
    assert header(build([url, ("user", "x:y")]), "authorization") == ["Basic eDp5"]
    assert header(build([("url", "https://u@h/")]), "authorization") == ["Basic dTo="]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("user", SECRET), "--user has no password"),
        (("bearer", ""), "--bearer is empty"),
        (("bearer", "env:UNSET"), "'UNSET' is not set"),
        (("bearer", "env:EMPTY"), "'EMPTY' is empty"),
        (("bearer", "env:BROKEN"), "'BROKEN' contains a line break"),
        (("bearer", f"{SECRET}\n{SECRET}"), "--bearer contains a line break"),
        (("bearer", "@/no/such/file"), "'/no/such/file': No such file"),
        (("cookie", "jar.txt"), "cookie file"),
        (("cookie", "@a=b"), "cookie file"),
        (("cookie", f"a={SECRET}\n"), "--cookie contains"),
        (("user-agent", "a\nb"), "--user-agent contains"),
        (("referer", "a\nb"), "--referer contains"),
        (("data", "@/no/such/file"), "--data: can't read '/no/such/file': No such file"),
        (("data", "@"), "--data: can't read ''"),
        (("data", "@\0"), "--data: can't read '\\x00'"),
        (("data", "\ud83d"), "--data contains half of a surrogate pair"),
        (("data-urlencode", "n@/"), "--data-urlencode: can't read '/': Is a directory"),
        (("json", "@/"), "--json: can't read '/': Is a directory"),
        (("header", "@/"), "--header: can't read '/': Is a directory"),
        (("cacert", "/no/such"), "--cacert: can't read '/no/such': No such file"),
        (("key", "/"), "--key: can't read '/': Is a directory"),
        (("cert", f"/no/such:{SECRET}"), "--cert: can't read '/no/such': No such file"),
        (("proxy", f"gopher://u:{SECRET}@h"), "--proxy 'gopher://u:***@h'"),
        (("max-time", "soon"), "--max-time 'soon'"),
        (("connect-timeout", "-1"), "--connect-timeout '-1'"),
    ],
)
def test_an_invalid_value_is_reported_with_its_option(option: tuple[str, str], says: str) -> None:
    error = refused(URL, option, EMPTY=" \n", BROKEN=f"{SECRET}\n{SECRET}")
    assert says in error.message


def test_cookies_are_joined_and_agent_and_referer_are_set_or_removed() -> None:
    request = ask(("cookie", "a=1; b=2"), ("cookie", ""), ("cookie", "c=3"), ("referer", "r;auto"))
    assert header(request, "cookie") == ["a=1; b=2; c=3"]
    assert header(request, "referer") == ["r"]
    assert header(ask(("user-agent", "")), "user-agent") == []
    assert header(ask(("user-agent", "a"), ("referer", "")), "user-agent") == ["a"]


def test_connection_options_are_passed_on(tmp_path: Path) -> None:
    file = tmp_path / "a:b.pem"
    file.write_bytes(b"")
    escaped = str(file).replace(":", "\\:")
    request = ask(
        *[("cacert", str(file)), ("cert", f"{escaped}:pass:word"), ("key", str(file))],
        *[("unix-socket", "/run/s"), ("proxy", "localhost:3128"), ("max-time", "1m")],
        *[(flag, "") for flag in ("insecure", "location", "verbose", "http1.1", "http2", "ipv6")],
    )
    assert (request.cacert, request.cert, request.key) == (str(file), str(file), str(file))
    assert request.cert_password == "pass:word"
    assert (request.unix_socket, request.proxy) == ("/run/s", "http://localhost:3128")
    assert (request.max_time, request.connect_timeout) == (60.0, None)
    assert request.insecure and request.location and request.verbose
    assert (request.http_version, request.ip_family) == ("2", "6")


def test_zero_seconds_means_no_limit_and_an_empty_proxy_means_no_proxy() -> None:
    request = ask(("max-time", "0"), ("connect-timeout", "500ms"), ("proxy", ""))
    assert (request.max_time, request.connect_timeout, request.proxy) == (None, 0.5, "")


def test_a_request_never_shows_its_secrets() -> None:
    request = ask(
        *[("header", f"X-Key: {SECRET}"), ("cookie", f"a={SECRET}"), ("user", f"a:{SECRET}")],
        *[("data", SECRET), ("data-raw", SECRET), ("proxy", f"http://u:{SECRET}@h")],
    )
    keyed = build([("url", f"https://u:{SECRET}@h/?k={SECRET}"), ("bearer", SECRET)])
    assert SECRET not in repr(request) + repr(keyed)
    assert "POST" in repr(request)
    assert "https://h/?k=***" in repr(keyed)


@given(st.lists(st.tuples(st.sampled_from(sorted(BY_NAME)), st.text(max_size=12)), max_size=6))
def test_any_options_give_a_request_or_an_sse_error(
    options: list[tuple[str, str]],
) -> None:
    try:
        request = build([URL, *options], stdin=lambda: b"\xff\n", environment={})
    except SSEError as error:
        assert error.message and error.hint
    else:
        assert all("\n" not in name + value for name, value in request.headers)
        assert "\n" not in request.url + request.method
