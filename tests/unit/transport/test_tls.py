"""TLS: trusted, untrusted, by a private CA, with a client certificate, through a proxy."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sse_cli.model.causes import Cause
from sse_cli.model.errors import UsageError
from sse_cli.model.events import Closed, Ending
from sse_cli.request.model import Request
from sse_cli.transport import tls
from tests.support.replies import CHUNKED, STREAM, chunk, head, whole
from tests.support.signals import ask, body, closed, opened
from tests.support.tls import make_certificate
from tests.support.wire import Peer, Wire, on_time

EVENT = b"data: one\n\n"
SECONDS = 0.2


@pytest.fixture
def server(context: ssl.SSLContext) -> Iterator[Wire]:
    with Wire(whole(EVENT), tls=context) as wire:
        yield wire


def test_a_self_signed_certificate_is_not_trusted(server: Wire) -> None:
    (end,) = ask(server.origin, headers=(("Authorization", "Bearer sk-test"),))
    assert isinstance(end, Closed)
    assert end.ending is Ending.UNREACHABLE
    assert end.detail.startswith("the TLS certificate of 127.0.0.1 is not trusted: ")
    assert "self" in end.detail
    assert end.cause == Cause.CERTIFICATE_UNTRUSTED
    assert server.requests == []


def test_insecure_skips_the_check(server: Wire) -> None:
    signals = ask(server.origin, insecure=True)
    assert body(signals) == EVENT
    assert opened(signals).http_version == "HTTP/1.1"


def test_a_private_ca_is_trusted_if_given(server: Wire, certificate: Path) -> None:
    signals = ask(server.origin, cacert=str(certificate))
    assert (body(signals), closed(signals).ending) == (EVENT, Ending.EOF)


def test_a_host_name_missing_from_the_certificate_is_not_trusted(
    context: ssl.SSLContext, certificate: Path
) -> None:
    listener = socket.create_server(("127.0.0.2", 0))
    with Wire(whole(EVENT), tls=context, listener=listener) as wire:
        end = closed(ask(f"https://127.0.0.2:{wire.port}/", cacert=str(certificate)))
        assert wire.requests == []
    assert end.ending is Ending.UNREACHABLE
    assert "127.0.0.2" in end.detail
    assert end.cause == Cause.CERTIFICATE_NAME


def test_a_client_certificate_is_sent_to_the_server(
    context: ssl.SSLContext, tmp_path: Path
) -> None:
    client = make_certificate(tmp_path, "client")
    context.load_verify_locations(client)
    context.verify_mode = ssl.CERT_REQUIRED
    seen = []

    def handler(peer: Peer) -> None:
        assert isinstance(peer.socket, ssl.SSLSocket)
        seen.append(peer.socket.getpeercert())
        peer.send(whole(EVENT))

    with Wire(handler, tls=context) as wire:
        assert body(ask(wire.origin, insecure=True, cert=str(client))) == EVENT
        key = str(client.with_suffix(".key"))
        assert body(ask(wire.origin, insecure=True, cert=str(client), key=key)) == EVENT
        end = closed(ask(wire.origin, insecure=True))
    subject = ((("commonName", "client"),),)
    assert [found["subject"] for found in seen if found] == [subject, subject]
    assert end.ending is Ending.UNREACHABLE


def test_a_client_certificate_is_not_sent_to_another_origin(
    context: ssl.SSLContext, certificate: Path
) -> None:
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    seen = []

    def handler(peer: Peer) -> None:
        assert isinstance(peer.socket, ssl.SSLSocket)
        seen.append(peer.socket.getpeercert())
        peer.send(reply)

    with Wire(handler, tls=context) as wire:
        target = f"https://localhost:{wire.port}/s"
        reply = head(f"Location: {target}", "Content-Length: 0", status="302 Found")
        ask(wire.origin, insecure=True, cert=str(certificate), location=True)
    assert seen[0]
    assert not any(seen[1:])
    assert len(seen) > 1


def test_https_to_a_plain_port_is_unreachable_and_says_why() -> None:
    with Wire(b"HTTP/1.1 400 Bad Request\r\n\r\n") as wire:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            talker = threading.Thread(target=_answer_in_plain, args=(listener,))
            talker.start()
            end = closed(ask(f"https://127.0.0.1:{listener.getsockname()[1]}/"))
            talker.join()
        assert wire.requests == []
    assert end.ending is Ending.UNREACHABLE
    assert "does not speak TLS" in end.detail
    assert end.cause == Cause.HTTP_ON_TLS


def _answer_in_plain(listener: socket.socket) -> None:
    with listener.accept()[0] as peer:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_http_to_a_tls_port_is_not_a_stream(server: Wire) -> None:
    end = closed(ask(server.origin.replace("https", "http")))
    assert end.ending in (Ending.UNREACHABLE, Ending.MALFORMED)
    assert server.requests == []


def test_a_connection_cut_without_close_notify_is_truncated(context: ssl.SSLContext) -> None:
    def cut(peer: Peer) -> None:
        peer.send(head(STREAM, CHUNKED), chunk(EVENT))
        peer.socket.shutdown(socket.SHUT_RDWR)

    with Wire(cut, tls=context) as wire:
        signals = ask(wire.origin, insecure=True)
    assert body(signals) == EVENT
    assert closed(signals).ending is Ending.TRUNCATED


@pytest.mark.parametrize("framing", [STREAM, f"{STREAM}\r\n{CHUNKED}"])
def test_a_deadline_ends_a_silent_body_through_tls(context: ssl.SSLContext, framing: str) -> None:
    def silent(peer: Peer) -> None:
        peer.send(head(framing), chunk(EVENT))
        with contextlib.suppress(ssl.SSLError):
            peer.until_gone()

    with Wire(silent, tls=context) as wire, on_time(SECONDS):
        signals = ask(wire.origin, insecure=True, max_time=SECONDS)
    assert EVENT in body(signals)
    assert closed(signals).ending is Ending.DEADLINE


@pytest.mark.parametrize("limits", [{"connect_timeout": SECONDS}, {"max_time": SECONDS}])
def test_an_unanswered_handshake_is_ended_by_the_deadline(limits: dict[str, float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with on_time(SECONDS):
            assert closed(ask(url, insecure=True, **limits)).ending is Ending.DEADLINE


@pytest.mark.parametrize("location", [False, True])
def test_a_redirect_from_https_to_http_is_followed_only_on_request_and_without_headers(
    context: ssl.SSLContext, location: bool
) -> None:
    with Wire(whole(EVENT)) as plain:
        reply = head(f"Location: {plain.origin}/s", "Content-Length: 0", status="307 Moved")
        with Wire(reply, tls=context) as wire:
            headers = (("Authorization", "Bearer sk-test"),)
            signals = ask(wire.origin, insecure=True, headers=headers, location=location)
        asked = [request.headers for request in plain.requests]
    if location:
        assert body(signals) == EVENT
        assert asked == [[("Host", f"127.0.0.1:{plain.port}")]]
    else:
        assert closed(signals).ending is Ending.REFUSED
        assert asked == []


# CONNECT


def tunnel(peer: Peer) -> None:
    """Forward bytes in both directions, as a proxy does after CONNECT (RFC 9110, 9.3.6)."""
    host, _, port = peer.request.target.rpartition(":")
    assert (peer.request.method, host) == ("CONNECT", "api.test")
    with socket.create_connection(("127.0.0.1", int(port))) as target:
        peer.send(head(status="200 Connected"))
        back = threading.Thread(target=_pump, args=(target, peer.socket))
        back.start()
        _pump(peer.socket, target)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_https_goes_through_a_proxys_tunnel_and_the_proxy_sees_no_request(
    server: Wire, certificate: Path
) -> None:
    url = f"https://api.test:{server.port}/{{id}}|?q=[1]"
    headers = (("Authorization", "Bearer sk-test"),)
    with Wire(tunnel) as proxy:
        named = proxy.origin.replace("//", "//ann:secret@")
        signals = ask(url, proxy=named, cacert=str(certificate), headers=headers)
        (connect,) = proxy.requests
    assert body(signals) == EVENT
    (request,) = server.requests
    assert request.target == "/{id}|?q=[1]"
    assert request.headers == [("Host", f"api.test:{server.port}"), *headers]
    assert connect.target == f"api.test:{server.port}"
    assert dict(connect.headers)["Proxy-Authorization"] == "Basic YW5uOnNlY3JldA=="
    assert "Authorization" not in dict(connect.headers)


def test_a_proxy_that_refuses_the_tunnel_is_named() -> None:
    with Wire(head("Content-Length: 0", status="407 Proxy Authentication Required")) as proxy:
        end = closed(ask("https://api.test/", proxy=proxy.origin))
    assert end.ending is Ending.UNREACHABLE
    assert end.detail == "the proxy refused: 407 Proxy Authentication Required"


def test_a_proxy_that_never_answers_connect_is_ended_by_the_deadline() -> None:
    with Wire(lambda peer: peer.trickle(b"")) as proxy, on_time(SECONDS):
        end = closed(ask("https://api.test/", proxy=proxy.origin, connect_timeout=SECONDS))
    assert end.ending is Ending.DEADLINE


# The context


def test_plain_http_loads_no_certificates() -> None:
    found = tls.context(Request("http://x/", cacert="/nonexistent"), secure=False)
    assert found.cert_store_stats()["x509_ca"] == 0


def test_https_checks_names_and_certificates_against_the_systems_cas() -> None:
    found = tls.context(Request("https://x/"), secure=True)
    assert found.check_hostname
    assert found.verify_mode is ssl.CERT_REQUIRED
    assert found.cert_store_stats()["x509_ca"] > 0


@pytest.mark.parametrize(
    ("field", "kind", "cause"),
    [
        ("cacert", "CA file", Cause.CA_FILE),
        ("cert", "client certificate", Cause.CLIENT_CERTIFICATE),
    ],
)
def test_a_file_without_a_certificate_is_named(
    field: str, kind: str, cause: str, tmp_path: Path
) -> None:
    file = tmp_path / "junk.pem"
    file.write_text("junk")
    words = f"the {kind} .*junk.pem: not a usable PEM file"
    with pytest.raises(UsageError, match=words) as raised:
        ask("https://127.0.0.1:1/", **{field: str(file)})
    assert raised.value.hint == cause


def test_a_key_that_belongs_to_another_certificate_is_refused(
    certificate: Path, tmp_path: Path
) -> None:
    key = make_certificate(tmp_path, "other").with_suffix(".key")
    with pytest.raises(UsageError, match=r"the client certificate .*mismatch"):
        ask("https://127.0.0.1:1/", cert=str(certificate), key=str(key))
