"""A server of pictures on this machine, with every way in which one can answer."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

Page = bytes | Callable[[socket.socket, str], None]
HERE = "127.0.0.1"
TLS = b"\x16"  # what a conversation in TLS begins with


def head(status: int = 200, /, **headers: object) -> bytes:
    """Write status and headers: `content_length=7` is `content-length: 7`."""
    lines = [f"HTTP/1.1 {status} Said"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def picture(length: int = 12345, kind: str = "image/png") -> bytes:
    return head(content_length=length, content_type=kind)


def by_method(**pages: bytes) -> Callable[[socket.socket, str], None]:
    """Answer HEAD and GET differently."""
    return lambda connection, method: connection.sendall(pages[method.lower()])


def after(seconds: float, page: bytes) -> Callable[[socket.socket, str], None]:
    """Answer late."""

    def answer(connection: socket.socket, _method: str) -> None:
        time.sleep(seconds)
        connection.sendall(page)

    return answer


def for_ever(piece: bytes, before: bytes = b"", pause: float = 0):
    """Never come to an end."""

    def answer(connection: socket.socket, _method: str) -> None:
        connection.sendall(before)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return answer


def never(connection: socket.socket, _method: str) -> None:
    """Wait until whoever asked is gone."""
    connection.recv(1)


class Server:
    """Answers by path; knows what it was asked, and how many asked at once."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.now = self.most = 0
        self.context = context
        self.lock = threading.Lock()
        self.listening = socket.create_server((HERE, 0), backlog=100)
        self.port = self.listening.getsockname()[1]
        scheme = "https" if context else "http"
        self.base = f"{scheme}://{HERE}:{self.port}"

    def url(self, path: str) -> str:
        return self.base + path

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                connection.settimeout(20)
                answering = threading.Thread(target=self.answer, args=[connection])
                answering.daemon = True
                answering.start()

    def answer(self, connection: socket.socket) -> None:
        with suppress(OSError), ExitStack() as opened:
            opened.enter_context(connection)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                opened.enter_context(connection)
            asked = b""
            while b"\r\n\r\n" not in asked and asked[:1] != TLS:
                if not (more := connection.recv(4096)):
                    return
                asked += more
            if asked[:1] == TLS:
                connection.sendall(head(400))
            else:
                self.say(connection, asked.decode("latin-1"))

    def say(self, connection: socket.socket, asked: str) -> None:
        first, *lines = asked.split("\r\n")
        method, path, _ = first.split(" ")
        with self.lock:
            self.asked.append(f"{method} {path}")
            self.headers.append(dict(one.split(": ", 1) for one in lines if one))
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            page = self.pages.get(path, head(404))
            if isinstance(page, bytes):
                connection.sendall(page)
            else:
                page(connection, method)
        finally:
            with self.lock:
                self.now -= 1


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(context)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    try:
        yield server
    finally:
        # Closing alone would not wake a thread that waits for connections.
        with suppress(OSError):
            server.listening.shutdown(socket.SHUT_RDWR)
        server.listening.close()
        running.join(5)
