"""A pasted `curl …` command, read as curl 7.88 reads it.

Rule 1: an option that changes the request is passed on. An option that changes only curl's output
has no effect. Any other is refused by name: no option is dropped silently.
Rule 2: curl's names take precedence over ours. Ours stand before the word `curl`, or after it by
their long name if curl has no option of that name.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal, NamedTuple, TypeAlias

from sse_cli.model.errors import UsageError
from sse_cli.request import shell_words
from sse_cli.request.options import OPTIONS as REQUEST_OPTIONS

Action: TypeAlias = Literal["sent", "ignored", "refused"]
Elsewhere: TypeAlias = Callable[[str], UsageError | None]


class Option(NamedTuple):
    """One of curl's options: `name` without dashes; `letter` is "" if it has none."""

    name: str
    letter: str
    takes_value: bool
    action: Action


_SENT = {name: option for option in REQUEST_OPTIONS for name in option.curl_names}
# "name:L=" has the letter L and takes a value. From `curl --help all`, and its silent aliases.
_IGNORED = """
    silent:s show-error:S buffer:N disable:q include:i fail:f fail-with-body fail-early globoff:g
    junk-session-cookies:j progress-bar:# progress-meter proxytunnel:p write-out:w= styled-output
    basic keepalive keepalive-time= tcp-nodelay npn sessionid clobber ssl-no-revoke
    ssl-revoke-best-effort tlsv1:1 tlsv1.0 tlsv1.1 tlsv1.2 suppress-connect-headers
"""
_REFUSED = """
    abstract-unix-socket= alpn alt-svc= anyauth append:a aws-sigv4= capath= cert-status cert-type=
    ciphers= compressed-ssh config:K= connect-to= continue-at:C= cookie-jar:c= create-dirs
    create-file-mode= crlf crlfile= curves= delegation= digest disable-eprt disable-epsv
    disallow-username-in-url dns-interface= dns-ipv4-addr= dns-ipv6-addr= dns-servers=
    doh-cert-status doh-insecure doh-url= dump-header:D= egd-file= engine= eprt epsv etag-compare=
    etag-save= expect100-timeout= false-start form:F= form-escape form-string= ftp-account=
    ftp-alternative-to-user= ftp-create-dirs ftp-method= ftp-pasv ftp-port:P= ftp-pret
    ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-ccc-mode= ftp-ssl-control ftp-ssl-reqd
    happy-eyeballs-timeout-ms= haproxy-protocol head:I help:h hostpubmd5= hostpubsha256= hsts=
    http0.9 http3 http3-only ignore-content-length interface= key-type= krb= krb4= libcurl=
    limit-rate= list-only:l local-port= location-trusted login-options= mail-auth= mail-from=
    mail-rcpt= mail-rcpt-allowfails manual:M max-filesize= max-redirs= metalink negotiate netrc:n
    netrc-file= netrc-optional next:: noproxy= ntlm ntlm-wb output:o= output-dir= parallel:Z
    parallel-immediate parallel-max= pass= path-as-is pinnedpubkey= post301 post302 post303
    preproxy= proto= proto-default= proto-redir= proxy-anyauth proxy-basic proxy-cacert=
    proxy-capath= proxy-cert= proxy-cert-type= proxy-ciphers= proxy-crlfile= proxy-digest
    proxy-header= proxy-insecure proxy-key= proxy-key-type= proxy-negotiate proxy-ntlm proxy-pass=
    proxy-pinnedpubkey= proxy-service-name= proxy-ssl-allow-beast proxy-ssl-auto-client-cert
    proxy-tls13-ciphers= proxy-tlsauthtype= proxy-tlspassword= proxy-tlsuser= proxy-tlsv1
    proxy-user:U= proxy1.0= pubkey= quote:Q= random-file= range:r= rate= raw remote-header-name:J
    remote-name:O remote-name-all remote-time:R remove-on-error request-target= resolve= retry=
    retry-all-errors retry-connrefused retry-delay= retry-max-time= sasl-authzid= sasl-ir
    service-name= socks4= socks4a= socks5= socks5-basic socks5-gssapi socks5-gssapi-nec
    socks5-gssapi-service= socks5-hostname= speed-limit:Y= speed-time:y= ssl ssl-allow-beast
    ssl-auto-client-cert ssl-reqd sslv2:2 sslv3:3 stderr= tcp-fastopen telnet-option:t=
    test-event tftp-blksize= tftp-no-options time-cond:z= tls-max= tls13-ciphers= tlsauthtype=
    tlspassword= tlsuser= tlsv1.3 tr-encoding trace= trace-ascii= trace-time upload-file:T=
    url-query= use-ascii:B version:V xattr
"""
_INSTEAD = {
    "alpn": "for --no-alpn write --http1.1",
    "anyauth": "sse authenticates by -u (Basic), --bearer or -H",
    "aws-sigv4": "sign the request elsewhere and give its headers with -H",
    "config": "write the file's options out",
    "connect-to": "put the address in the URL and -H 'Host: NAME'",
    "digest": "sse authenticates by -u (Basic), --bearer or -H",
    "dump-header": "-v shows the reply's headers",
    "form": "give a prepared body with --data-binary @FILE and its -H 'Content-Type: …'",
    "form-string": "give a prepared body with --data-binary @FILE and its -H 'Content-Type: …'",
    "head": "leave it out; -v shows the reply's headers",
    "help": "run sse --help",
    "http3": "leave it out; https offers HTTP/2",
    "http3-only": "leave it out; https offers HTTP/2",
    "location-trusted": "--location follows redirects, without headers and body",
    "negotiate": "sse authenticates by -u (Basic), --bearer or -H",
    "netrc": "write -u USER:PASSWORD; the -n of sse watch goes before the word curl",
    "netrc-file": "write -u USER:PASSWORD",
    "netrc-optional": "leave it out, or write -u USER:PASSWORD",
    "next": "run sse once for each URL",
    "noproxy": "leave it out; -x '' uses no proxy",
    "ntlm": "sse authenticates by -u (Basic), --bearer or -H",
    "output": "leave it out and redirect standard output: > FILE",
    "parallel": "run sse once for each URL",
    "pass": "write --cert FILE:PASSWORD",
    "proxy-basic": "write -x http://USER:PASSWORD@HOST:PORT",
    "proxy-user": "write -x http://USER:PASSWORD@HOST:PORT",
    "range": "write -H 'Range: bytes=…'",
    "remote-name": "leave it out and redirect standard output: > FILE",
    "resolve": "put the address in the URL and -H 'Host: NAME'",
    "socks5": "write -x socks5://HOST:PORT",
    "socks5-hostname": "write -x socks5h://HOST:PORT",
    "speed-limit": "--max-time limits the whole run",
    "speed-time": "--max-time limits the whole run",
    "stderr": "leave it out and redirect: 2> FILE",
    "time-cond": "write -H 'If-Modified-Since: …'",
    "trace": "-v shows the headers",
    "trace-ascii": "-v shows the headers",
    "upload-file": "write -X PUT --data-binary @FILE",
    "url-query": "write it into the URL, or use -G --data-urlencode",
    "version": "run sse --version",
}
_ONLY_ON = """
    http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ipv4 ipv6 next sslv2 sslv3
    tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3
"""  # curl refuses "no-" before these
_PATTERN = re.compile(r"\{[^}]*\}|\[[^\]]+-[^\]]+\]")


def _table() -> dict[str, Option]:
    table = {
        name: Option(name, option.letter if name == option.name else "", option.takes_value, "sent")
        for name, option in _SENT.items()
    }
    rows: list[tuple[Action, str]] = [("ignored", _IGNORED), ("refused", _REFUSED)]
    entry = re.compile(r"([^:=]+)(?::(.))?(=?)")
    return table | {
        found[1]: Option(found[1], found[2] or "", bool(found[3]), action)
        for action, text in rows
        for found in map(entry.fullmatch, text.split())
        if found
    }


OPTIONS: Mapping[str, Option] = _table()
LETTERS: Mapping[str, Option] = {o.letter: o for o in OPTIONS.values() if o.letter}


@dataclass(frozen=True, slots=True, repr=False)
class Pasted:
    """A pasted command: options for `builder.build`, and arguments for our own parser."""

    request: list[tuple[str, str]] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)


def parse(
    words: Sequence[str],
    ours: Mapping[str, bool] | None = None,
    environment: Mapping[str, str] = os.environ,
    elsewhere: Elsewhere = lambda _: None,
) -> Pasted:
    """Read the words after the word `curl`, which may be the first of them.

    `ours` maps our long option names, without dashes, to whether they take a value. A single word
    that contains a space is a whole command that was quoted: it is split as a shell would split it,
    with `environment` for its variables. `elsewhere` returns the error for an option that only
    another of our commands has. Raises `UsageError`.
    """
    if len(words) == 1 and re.search(r"\s", words[0].strip()):
        words = shell_words.split(words[0].strip(), environment)
        words = words[1:] if words[:1] == ["$"] else words  # a prompt that was copied, too
    if words and PurePath(words[0]).name.lower() in ("curl", "curl.exe"):
        words = words[1:]
    reading = _Reading(deque(words), ours or {}, elsewhere)
    reading.run()
    return reading.pasted


def refuse(typed: str) -> None:
    """Raise `UsageError` for an option of curl's that sse can't honour; pass all others."""
    option = LETTERS.get(typed[1:]) if len(typed) == 2 else OPTIONS.get(typed.removeprefix("--"))
    if option is not None:
        _Reading(deque(), {}).refuse(option, typed)


@dataclass(slots=True, repr=False)
class _Reading:
    words: deque[str]
    ours: Mapping[str, bool]
    elsewhere: Elsewhere = lambda _: None
    pasted: Pasted = field(default_factory=Pasted)
    patterns: bool = True

    def run(self) -> None:
        options = True
        while self.words:
            word = self.words.popleft()
            if not options or not word.startswith("-"):
                self._url(word)
            elif word == "--":
                options = False
            elif word.startswith("--"):
                self._long(word[2:])
            else:
                self._cluster(word)
        self._check_urls()

    def _url(self, word: str) -> None:
        if not word.strip():
            raise UsageError(
                "the curl command contains an empty word",
                "is there a space after a line's backslash?",
            )
        self.pasted.request.append(("url", word))

    def _cluster(self, word: str) -> None:
        letters = word[1:]
        if not letters:
            raise UsageError("curl has no option '-'", "standard input as a body is -d @-")
        while letters:
            letter, letters = letters[0], letters[1:]
            option = LETTERS.get(letter)
            if option is None:
                raise UsageError(f"curl has no option '-{letter}'", "run: curl --help all")
            if option.takes_value:
                self._with_value(option, f"-{letter}", letters or None)
                return
            self._flag(option, f"-{letter}", on=True)

    def _long(self, word: str) -> None:
        found = self._exact(word)
        name, equals, value = word.partition("=")
        if found is None and name in self.ours:
            self._our_own(name, value if equals else None)
            return
        option, on = found or (self._abbreviated(word), True)
        if option.takes_value and not on:
            raise UsageError(f"curl has no option '--{word}'", f"--{option.name} takes a value")
        if option.takes_value:
            self._with_value(option, f"--{option.name}", None)
        else:
            self._flag(option, f"--{word if not on else option.name}", on=on)

    def _exact(self, word: str) -> tuple[Option, bool] | None:
        """Find an option by its full name, after "no-" and ignoring case, as curl does."""
        off = word.lower().startswith("no-")
        option = OPTIONS.get(word.lower()[3 * off :])
        return (option, not off) if option else None

    def _abbreviated(self, word: str) -> Option:
        names = [name for name in OPTIONS if name.startswith(word.lower())]
        if len(names) == 1:
            return OPTIONS[names[0]]
        if error := self.elsewhere(f"--{word.partition('=')[0]}"):
            raise error
        if names and word:
            close = ", ".join(f"--{name}" for name in sorted(names)[:6])
            raise UsageError(f"curl's '--{word}' is ambiguous", f"it may mean {close}")
        raise self._unknown(word)

    def _unknown(self, word: str) -> UsageError:
        name, equals, _ = word.partition("=")
        if equals and self._exact(name):
            return UsageError(f"curl does not read '--{name}=…'", f"write --{name} VALUE")
        close = difflib.get_close_matches(name.lower(), [*OPTIONS, *self.ours], n=1)
        hint = f"did you mean --{close[0]}?" if close else "run: curl --help all"
        return UsageError(f"neither curl nor sse has an option '--{name}'", hint)

    def _our_own(self, name: str, value: str | None) -> None:
        if not self.ours[name]:
            if value is not None:
                raise UsageError(f"--{name} takes no value", f"write --{name}")
            self.pasted.ours.append(f"--{name}")
            return
        self.pasted.ours.append(f"--{name}={self._next(f'--{name}') if value is None else value}")

    def _with_value(self, option: Option, typed: str, attached: str | None) -> None:
        self.refuse(option, typed)
        value = self._next(typed) if attached is None else attached
        if option.action == "sent":
            self.pasted.request.append((_SENT[option.name].name, value))

    def _flag(self, option: Option, typed: str, *, on: bool) -> None:
        if not on and option.name in _ONLY_ON.split():
            raise UsageError(f"curl has no option '{typed}'", f"--{option.name} can't be undone")
        if on or option.name == "alpn":  # a refused option may be switched off
            self.refuse(option, typed)
        if option.name == "globoff":
            self.patterns = not on
        if option.action != "sent":
            return
        pairs = self.pasted.request
        pairs[:] = [pair for pair in pairs if pair[0] != option.name] + [(option.name, "")] * on

    def refuse(self, option: Option, typed: str) -> None:
        if option.action != "refused":
            return
        names = typed if typed.startswith("--") else f"{typed} (--{option.name})"
        instead = _INSTEAD.get(option.name, "leave it out")
        if option.name in self.ours:
            instead = f"sse's own --{option.name} goes before the word curl"
        raise UsageError(f"curl's {names} is not supported by sse", instead)

    def _next(self, typed: str) -> str:
        if not self.words:
            raise UsageError(f"{typed} needs a value", "it is the last word of the command")
        return self.words.popleft()

    def _check_urls(self) -> None:
        urls = [value for name, value in self.pasted.request if name == "url"]
        if len(urls) > 1:  # not shown: they may be the words of an unquoted header
            raise UsageError(
                f"the curl command has {len(urls)} URLs",
                "give one; a header or body that has spaces needs quotes",
            )
        if urls and self.patterns and (found := _PATTERN.search(urls[0])):
            raise UsageError(
                f"curl reads {found[0]!r} in the URL as a pattern for several URLs",
                "fill in the placeholder, or add -g to send it as it is",
            )
