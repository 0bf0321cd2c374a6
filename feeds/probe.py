"""What a server says of a picture: the only door to the network, a program of its own.

It runs apart from everything, imports nothing of ours and touches no file, so that whoever
started it can end it at any time, whatever it waits for. The first line it is given is
`[agent, seconds, [trusted]]`, each line after that an address; each line it says is an `Answer`,
all as JSON. It ends when nobody writes to it any longer.

Addresses come from records, and where a redirect leads is up to a stranger: neither may
make us talk to machines that only we can reach. So each name is resolved once, what it
leads to is looked up in the tables below, and that address is connected to, not the name:
a second answer of the DNS cannot differ. Proxies and cookies are not used.

HTTP/1.1 <https://www.rfc-editor.org/rfc/rfc9112>, ranges
<https://www.rfc-editor.org/rfc/rfc9110#section-14>; special addresses
<https://www.iana.org/assignments/iana-ipv4-special-registry/> and its twin for IPv6.
"""

import asyncio
import errno
import json
import os
import re
import socket
import ssl
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.client import HTTPException, parse_headers
from io import BytesIO
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

AT_ONCE = 16
"""How many pictures are asked for at once."""

AT_ONCE_OF_HOST = 2
"""How many of them at one host, also where redirects lead there."""

HOUR, DAY = 3600, 24 * 3600

_REDIRECTS = 5
_ADDRESSES = 4  # of one name
_LINE, _HEAD = 1 << 14, 1 << 15  # bytes of what comes before a body
_INTERIM = 5  # "100 Continue" and the like
_LONGEST = 4000  # characters of an address
_PORTS = {"http": 80, "https": 443}
_FREE_PORTS = 1024  # from here on, where mail and the like are not

_MOVED = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_GONE = frozenset({404, 410})

# Not public, or not of one place: what is in none of these may be asked.
_CLOSED_4 = [
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure's own services, metadata among them
    )
]
_OPEN_6 = ip_network("2000::/3")
_CLOSED_6 = [
    ip_network(text)
    for text in (
        "2001::/23",  # Teredo and others that carry another address
        *("2001:db8::/32", "3fff::/20"),
        "2002::/16",  # 6to4, which carries one of IPv4
    )
]
_NAT64 = ip_network("64:ff9b::/96")

# Our own machine's fault, or its network's: the server was never asked.
_OURS = frozenset(
    {
        *(errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT),
        *(errno.EPERM, errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOBUFS),
        errno.ENOMEM,
    }
)
_NO_SUCH_HOST = frozenset(
    number
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_FAIL", "EAI_ADDRFAMILY")
    if (number := getattr(socket, name, None)) is not None
)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: .*)?")
_RANGE = re.compile(r"bytes 0-0/(\d{1,16})", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,16}", re.ASCII)
_UNUSABLE = "no usable address"
_SAFE = "!$&'()*+,;=:@/%-._~?[]|"

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the addresses that a host's name leads to."""


class Answer(NamedTuple):
    """What came of asking for a picture: its length and type as they were said, or why not.

    `rest` seconds `host` is to be left alone. Where nothing `was_sent` the server has not
    been troubled, and may be asked soon.
    """

    url: str
    length: int = 0
    media_type: str = ""
    why: str = ""
    host: str = ""
    rest: int = 0
    was_sent: bool = True


class Place(NamedTuple):
    """Where something is on the web, in the words of a request."""

    url: str
    scheme: str
    host: str
    port: int
    target: str

    @property
    def key(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Unmeasured(Exception):
    """Why nothing is known of a picture."""


class Probe:
    """Asks for pictures, under a name, and of hosts at public or trusted addresses.

    It takes `seconds` for each at most, and half of them for each connection and answer.
    """

    def __init__(
        self,
        agent: str,
        seconds: float,
        trusted: frozenset[str] = frozenset(),
        resolve: Resolve | None = None,
    ) -> None:
        self._agent, self._seconds, self._trusted = agent, seconds, trusted
        self._resolve = resolve or _resolved
        self._doors: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE_OF_HOST)
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    async def __call__(self, url: str) -> Answer:
        """Ask for a picture; whatever happens comes back as an answer, and in time."""
        asking = _Asking(url)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(asking)
        except Unmeasured as error:
            return Answer(url, why=str(error))
        except OSError as error:
            return asking.failed(*_blame(error))
        except (HTTPException, ValueError, EOFError) as error:
            return Answer(url, why=f"no HTTP: {str(error) or type(error).__name__}")

    async def _follow(self, asking: "_Asking") -> Answer:
        """Ask by HEAD, then by the first byte; go where redirects lead."""
        url, method, redirects = asking.url, "HEAD", 0
        place = place_of(url)
        ports = {*_PORTS.values(), place.port}
        while True:
            asking.place = place
            status, said = await self._ask(method, place, asking)
            if status in _MOVED and (location := said.get("Location")):
                redirects += 1
                if redirects > _REDIRECTS:
                    raise Unmeasured(f"more than {_REDIRECTS} redirects")
                place = place_of(_joined(place.url, location), ports)
            elif status in _BUSY:
                rest = _seconds(said.get("Retry-After", ""))
                return Answer(url, why=f"{status}", host=place.key, rest=rest)
            elif status in _GONE:
                raise Unmeasured(f"{status}")
            elif (length := _length(status, said)) or method == "GET":
                return _answer(url, status, length, said)
            else:
                method = "GET"

    async def _ask(
        self, method: str, place: Place, asking: "_Asking"
    ) -> tuple[int, Message]:
        """Ask a server once, and read what it says before any body."""
        async with self._doors[place.key]:
            reader, writer = await self._connected(place)
            try:
                asking.was_sent = True
                writer.write(self._request(method, place))
                async with asyncio.timeout(self._seconds / 2):
                    await writer.drain()
                    return await _head(reader)
            finally:
                writer.transport.abort()  # no body is waited for, nor any goodbye

    def _request(self, method: str, place: Place) -> bytes:
        lines = [
            f"{method} {place.target} HTTP/1.1",
            f"Host: {place.authority}",
            f"User-Agent: {self._agent}",
            # Named types would have some servers send another picture.
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
            *(["Range: bytes=0-0"] if method == "GET" else []),
        ]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")

    async def _connected(
        self, place: Place
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address that was looked at, in the name of its host."""
        errors: list[OSError] = []
        is_safe = place.scheme == "https"
        for address in await self._allowed(place):
            try:
                async with asyncio.timeout(self._seconds / 2):
                    return await asyncio.open_connection(
                        address,
                        place.port,
                        limit=_LINE,
                        ssl=self._tls if is_safe else None,
                        server_hostname=place.host if is_safe else None,
                    )
            except ssl.SSLError:
                raise
            except OSError as error:
                errors.append(error)
        raise min(errors, key=lambda error: error.errno in _OURS)

    async def _allowed(self, place: Place) -> list[str]:
        found = await self._resolve(place.host, place.port)
        allowed = [one for one in found if one in self._trusted or is_public(one)]
        if not allowed:
            raise Unmeasured(f"{place.host} is no public address")
        return allowed[:_ADDRESSES]


class _Asking:
    """How far asking for one picture has come."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.place: Place | None = None
        self.was_sent = False

    def failed(self, why: str, is_ours: bool) -> Answer:
        """Say that the host did not answer, and is to be left alone for a while."""
        return Answer(
            self.url,
            why=why,
            host=self.place.key if self.place else "",
            rest=HOUR if is_ours else DAY,
            was_sent=self.was_sent or not is_ours,
        )


def _blame(error: OSError) -> tuple[str, bool]:
    """Say what went wrong, and whether it did on this side of the network."""
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason or "failed"
        return f"TLS: {why}", False
    if isinstance(error, TimeoutError):
        return "no answer in time", False
    if isinstance(error, socket.gaierror):
        return error.strerror or "no such host", error.errno not in _NO_SUCH_HOST
    why = os.strerror(error.errno) if error.errno else "connection lost"
    return why, error.errno in _OURS


def place_of(url: str, ports: set[int] | None = None) -> Place:
    """Take an address apart. Raises Unmeasured where it is none that is asked.

    Without `ports`, any that web servers use may be named.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        raise Unmeasured(_UNUSABLE) from None
    target = quote(parts.path or "/", safe=_SAFE)
    target += f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    is_plain = re.fullmatch(r"[\w.:-]+", host, re.ASCII) and "@" not in parts.netloc
    if parts.scheme not in _PORTS or not is_plain or len(url) > _LONGEST:
        raise Unmeasured(_UNUSABLE)
    is_usual = port in _PORTS.values() or port >= _FREE_PORTS
    if not is_usual or (ports is not None and port not in ports):
        raise Unmeasured(f"port {port} is not asked")
    return Place(url, parts.scheme, host, port, target)


def is_public(address: str) -> bool:
    """Tell whether an address is one that everybody can reach, and the same for all."""
    ip = ip_address(address)
    if not isinstance(ip, IPv6Address):
        return not any(ip in network for network in _CLOSED_4)
    if ip in _NAT64:
        return is_public(socket.inet_ntoa(ip.packed[-4:]))
    return ip in _OPEN_6 and not any(ip in network for network in _CLOSED_6)


async def _resolved(host: str, port: int) -> list[str]:
    loop, kind = asyncio.get_running_loop(), socket.SOCK_STREAM
    found = await loop.getaddrinfo(host, port, type=kind, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _head(reader: asyncio.StreamReader) -> tuple[int, Message]:
    """Read status and headers, and never more than a bounded number of bytes."""
    taken = 0
    for _ in range(_INTERIM):
        lines: list[bytes] = []
        while (line := await reader.readline()).strip():
            lines.append(line)
            taken += len(line)
            if taken > _HEAD:
                raise HTTPException("headers too large")
        if not line or not lines:
            raise EOFError("ended before its headers did")
        match = _STATUS.fullmatch(lines[0].rstrip())
        if match is None:
            raise HTTPException("no status line")
        if int(match[1]) >= 200:
            return int(match[1]), parse_headers(
                BytesIO(b"".join([*lines[1:], b"\r\n"]))
            )
    raise HTTPException("never a final answer")


def _length(status: int, said: Message) -> int:
    """Find the length of the whole; 0 where it is not said, or of something else."""
    if said.get("Content-Encoding", "identity").strip().lower() != "identity":
        return 0
    if status == 206:
        match = _RANGE.fullmatch(said.get("Content-Range", "").strip())
        return int(match[1]) if match else 0
    lengths = {value.strip() for value in said.get_all("Content-Length", [])}
    if status != 200 or "Transfer-Encoding" in said or len(lengths) != 1:
        return 0
    length = lengths.pop()
    return int(length) if _DIGITS.fullmatch(length) else 0


def _answer(url: str, status: int, length: int, said: Message) -> Answer:
    if status not in {200, 206}:
        raise Unmeasured(f"{status}")
    kind = said.get("Content-Type", "")[:100]
    return Answer(url, length, kind, "" if length else "its length is not said")


def _seconds(retry_after: str) -> int:
    """Read how long a busy server wants to be left alone, at least an hour."""
    seconds = 0.0
    try:
        if _DIGITS.fullmatch(retry_after.strip()):
            seconds = int(retry_after)
        elif retry_after:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        pass
    return max(HOUR, int(seconds))


def _joined(base: str, location: str) -> str:
    """Complete where a redirect leads; headers are bytes, which may be UTF-8."""
    text = location.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return urljoin(base, text.strip())
    except ValueError:
        raise Unmeasured(_UNUSABLE) from None


async def _serve() -> None:
    """Answer each line given, until there will be none."""
    loop = asyncio.get_running_loop()
    # A name that nobody resolves must not keep the others waiting.
    loop.set_default_executor(ThreadPoolExecutor(2 * AT_ONCE))
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer
    )
    agent, seconds, trusted = json.loads(await lines.readline())
    probe = Probe(agent, seconds, frozenset(trusted))

    async def say(url: str) -> None:
        answer = await probe(url)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()

    asked = set()
    while line := await lines.readline():
        task = asyncio.create_task(say(json.loads(line)))
        asked.add(task)
        task.add_done_callback(asked.discard)
    os._exit(0)  # a thread may still be waiting for a name


if __name__ == "__main__":
    asyncio.run(_serve())
