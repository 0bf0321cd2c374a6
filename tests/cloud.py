"""Stores for tests: one in memory, and a real S3 on loopback behind a relay that can fail."""

import http.client
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import fsspec
import pytest

from tests.strategies import Desk, tree

HUSH = "hush/Xq7+T0n"
BEGUN = re.compile(r"Running on http://127\.0\.0\.1:(\d+)")
KEPT = {"content-type", "content-length", "last-modified", "etag", "cache-control"}
KEPT |= {"content-range", "accept-ranges", "x-amz-version-id"}


def needed():
    """Skip where S3 cannot be tried, but not where that is wanted."""
    if not all(map(importlib.util.find_spec, ["moto", "s3fs", "flask_cors"])):
        stop = pytest.fail if "FEEDS_REQUIRE_CLOUD" in os.environ else pytest.skip
        stop("s3fs and moto are missing: make cloud has them")


@contextmanager
def moto():
    """Run S3 in a process of its own; give its port."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            begun = next(filter(None, map(BEGUN.search, server.stderr)))
            threading.Thread(target=server.stderr.read, daemon=True).start()
            yield int(begun[1])
        finally:
            server.kill()


class Relay(ThreadingHTTPServer):
    """Passes requests on, notes them, and fails as `faults` say.

    A fault is asked with method and path, and gives what to do instead, or nothing: a
    status, the body of a 503, a pause in seconds, or "cut": to hang up in the middle of
    the body or the answer.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Passing)
        self.to = port
        self.asked, self.bodies = [], {}
        self.fault = lambda _method, _path: None
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Say nothing of those that hang up."""

    def of(self, method):
        """Give what was asked for with a method, as paths."""
        return [path for one, path in self.asked if one == method]

    @contextmanager
    def watched(self):
        """Forget what was asked, and be well again in the end."""
        self.asked.clear()
        self.most_at_once = 0
        try:
            yield self
        finally:
            self.fault = lambda _method, _path: None


class Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def passed(self):
        server = self.server
        path = unquote(self.path)
        with server.lock:
            server.asked.append((self.command, path))
            server.at_once += 1
            server.most_at_once = max(server.at_once, server.most_at_once)
        try:
            self.answered(server.fault(self.command, path))
        finally:
            server.at_once -= 1

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = passed  # noqa: N815

    def answered(self, fault):
        if fault == "cut" and self.command == "PUT":
            self.rfile.read(int(self.headers["Content-Length"]) // 2)
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if isinstance(fault, float):
            time.sleep(fault)
        elif isinstance(fault, int):
            self.said(fault, {}, b"")
            return
        elif isinstance(fault, bytes):
            self.said(503, {"Content-Type": "application/xml"}, fault)
            return
        to = http.client.HTTPConnection("127.0.0.1", self.server.to)
        to.request(self.command, self.path, body, dict(self.headers))
        answer = to.getresponse()
        content = answer.read()
        headers = {k: v for k, v in answer.getheaders() if k.lower() in KEPT}
        to.close()
        if fault == "cut" and not content:
            self.close_connection = True
            return
        self.said(answer.status, headers, content, is_cut=fault == "cut")

    def said(self, status, headers, content, *, is_cut=False):
        self.send_response(status)
        headers = {"Content-Length": str(len(content)), **headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(content[: len(content) // 2] if is_cut else content)
        if is_cut:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *_):
        """Be quiet."""


def end_of_threads():
    """End what fsspec has running, so that tests that come later may fork again."""
    from fsspec import asyn

    kind = fsspec.get_filesystem_class("s3")
    for one in [*kind._cache.values()]:
        if one._s3 is not None:
            asyn.sync(asyn.loop[0], one._s3creator.__aexit__, None, None, None)
    kind.clear_instance_cache()
    if loop := asyn.loop[0]:
        asyn.sync(loop, loop.shutdown_default_executor)
        loop.call_soon_threadsafe(loop.stop)
        asyn.iothread[0].join()
        loop.close()
        asyn.reset_after_fork()


class Cloud:
    """A folder at a store, seen past what is tried."""

    def __init__(self, url):
        self.url = url
        self.system, self.root = fsspec.url_to_fs(url)

    def tree(self, below=""):
        """Give every file and its bytes."""
        root = f"{self.root}/{below}".rstrip("/")
        self.system.invalidate_cache()
        return {
            name[len(root) + 1 :]: self.system.cat_file(name)
            for name in self.system.find(root)
        }

    def put(self, name, content):
        content = content if isinstance(content, bytes) else content.encode()
        self.system.pipe_file(f"{self.root}/{name}", content)

    def delete(self, name):
        self.system.rm_file(f"{self.root}/{name}")

    def mirror(self, folder, below):
        """Bring a folder there, as it is here; put no more than what differs."""
        here, there = tree(folder), self.tree(below)
        for name, content in here.items():
            if there.get(name) != content:
                self.put(f"{below}/{name}", content)
        for name in there.keys() - here.keys():
            self.delete(f"{below}/{name}")


class CloudDesk(Desk):
    """A desk whose records are also at a store, with a configuration that publishes there."""

    def __init__(self, folder, configuration, library, cloud):
        self.cloud = cloud
        super().__init__(folder, configuration, library)

    def configure(self, configuration):
        super().configure(configuration)
        (self.folder / "cloud").mkdir(exist_ok=True)
        text = (self.folder / "feeds.yaml").read_text("utf-8")
        there = {
            **json.loads(text),
            "records": f"{self.cloud.url}/records",
            "output": f"{self.cloud.url}/output",
        }
        self.there.write_text(json.dumps(there, indent=1), "utf-8")

    @property
    def there(self):
        return self.folder / "cloud" / "feeds.yaml"

    def lose_state(self):
        super().lose_state()
        for file in (self.folder / "cloud" / ".feeds").glob("*.db"):
            file.unlink()

    def mirror(self):
        self.cloud.mirror(self.folder / "records", "records")

    def published(self):
        return self.cloud.tree("output")
