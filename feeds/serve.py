"""output/ over HTTP, to look at it on this machine; docs/operations.md is for all others.

Requests and conditions: <https://www.rfc-editor.org/rfc/rfc9110>.
"""

import os
import stat
import sys
import threading
import time
from calendar import timegm
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from email.utils import formatdate, parsedate
from hashlib import blake2b
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import NamedTuple
from urllib.parse import quote, unquote

from feeds.errors import Mistake
from feeds.media import DOCUMENTS

HOST = "127.0.0.1"

_NAMES = ("localhost", HOST, "[::1]")
_POLL = 0.05  # seconds
_IDLE = 10.0
_HTTP = 80
# A pipe must not hold us up, and a link is looked through beforehand.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_TYPES = {
    **DOCUMENTS,
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".xsl": "application/xslt+xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/vnd.microsoft.icon",
}
_UNKNOWN = "application/octet-stream"


class Answer(NamedTuple):
    """What is said to a request; a HEAD gets all but the content."""

    status: HTTPStatus
    headers: Mapping[str, str]
    content: bytes = b""


class Document(NamedTuple):
    """A file as it stood when it was opened."""

    content: bytes
    modified: int
    media_type: str

    @property
    def etag(self) -> str:
        return f'"{blake2b(self.content, digest_size=16).hexdigest()}"'


class Server(ThreadingHTTPServer):
    """Listens on loopback; `folder` is what it serves."""

    allow_reuse_port = False  # two on one port would take turns
    folder: Path

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_port}/"

    def server_bind(self) -> None:
        # HTTPServer's asks for the name of the host, which may take long.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up or fall silent."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @contextmanager
    def answering(self, folder: Path) -> Iterator[None]:
        """Answer requests meanwhile."""
        self.folder = folder
        threading.Thread(target=self.serve_forever, args=[_POLL], daemon=True).start()
        try:
            yield
        finally:
            self.shutdown()


def listening(port: int) -> Server:
    """Take a port; 0 is any free one. Raises Mistake."""
    try:
        return Server(port)
    except OSError as error:
        what = f"{error.strerror}; --port 0 takes a free one"
        raise Mistake(f"--port {port}: {what}") from error


def answer(folder: Path, port: int, target: str, asked: Message) -> Answer:
    """Answer a GET or HEAD."""
    if not _is_local(asked.get_all("Host", []), port):
        # A page of somebody else, whose name leads here, must not read on.
        return _refusal(HTTPStatus.MISDIRECTED_REQUEST)
    path = unquote(target.partition("?")[0], errors="surrogateescape")
    try:
        found = _document(folder, path)
    except IsADirectoryError:
        # What a page says of its neighbours counts from the slash.
        there = quote(path, errors="surrogateescape") + "/"
        return Answer(HTTPStatus.FOUND, {"Location": there})
    except OSError:
        found = None
    return _conditional(found, asked) if found else _refusal(HTTPStatus.NOT_FOUND)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self.wfile.write(self.begun().content)

    def do_HEAD(self) -> None:
        self.begun()

    def begun(self) -> Answer:
        """Send all but the content."""
        server = self.server
        said = answer(server.folder, server.server_port, self.path, self.headers)
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        if said.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(said.content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        return said

    def version_string(self) -> str:
        return "feeds"

    def log_message(self, *_: object) -> None:
        """Leave the terminal to what builds say."""


def _is_local(hosts: list[str], port: int) -> bool:
    named = {f"{name}:{port}" for name in _NAMES}
    if port == _HTTP:
        named.update(_NAMES)
    return len(hosts) == 1 and hosts[0].lower() in named


def _place(folder: Path, path: str) -> Path | None:
    """Find what a path leads to; None for what is hidden, or reached by a link out."""
    start, *parts = (f"{path}index.html" if path.endswith("/") else path).split("/")
    if start or "\0" in path or any(part[:1] in {"", "."} for part in parts):
        return None
    served = os.path.realpath(folder)
    place = os.path.realpath(os.path.join(served, *parts))
    inside = Path(os.path.relpath(place, served)).parts
    return None if any(part[0] == "." for part in inside) else Path(place)


def _document(folder: Path, path: str) -> Document | None:
    """Read a plain file; all that is said of it is of the file that was opened."""
    if (place := _place(folder, path)) is None:
        return None
    with open(place, "rb", opener=lambda name, _flags: os.open(name, _READ)) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            return None
        content = file.read()
    media_type = _TYPES.get(place.suffix.lower(), _UNKNOWN)
    return Document(content, int(found.st_mtime), media_type)


def _conditional(found: Document, asked: Message) -> Answer:
    headers = {
        "ETag": found.etag,
        # What is dated ahead has not changed in the future.
        "Last-Modified": formatdate(min(found.modified, time.time()), usegmt=True),
        "Cache-Control": "no-cache",
    }
    if _is_known(found, asked):
        return Answer(HTTPStatus.NOT_MODIFIED, headers)
    headers["Content-Type"] = found.media_type
    return Answer(HTTPStatus.OK, headers, found.content)


def _is_known(found: Document, asked: Message) -> bool:
    """Tell whether who asks has this version; a tag says it better than a date."""
    if tags := asked.get_all("If-None-Match"):
        given = {tag.strip().removeprefix("W/") for tag in ",".join(tags).split(",")}
        return bool(given & {found.etag, "*"})
    with suppress(TypeError, ValueError, IndexError, OverflowError):
        since = parsedate(asked["If-Modified-Since"])
        return since is not None and found.modified <= timegm(since)
    return False


def _refusal(status: HTTPStatus) -> Answer:
    content = f"{status.value} {status.phrase}\n".encode()
    return Answer(status, {"Content-Type": _TYPES[".txt"]}, content)
