"""What pollers get from the web servers as docs/operations.md sets them up."""

import gzip
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import NamedTuple

import pytest
from lxml import etree

from tests.hub import Discovered, Hub, Subscriber, discovered
from tests.site import Result, Site
from tests.test_operations import BLOCKS, needs, snippet

HUB = "https://hub.example.org/"
CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: records
feeds: [{path: all, limit: 500}, {path: "topics/{topic}"}]
"""
NGINX = """\
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path t1;
    proxy_temp_path t2;
    fastcgi_temp_path t3;
    uwsgi_temp_path t4;
    scgi_temp_path t5;
    %s
}
"""
CADDY = "{\n\tadmin off\n\tauto_https off\n}\n"
TYPES = {
    "all.rss": "application/rss+xml; charset=utf-8",
    "all.atom": "application/atom+xml; charset=utf-8",
    "topics/ai.rss": "application/rss+xml; charset=utf-8",
    "later.json": "application/feed+json",
    "all@2025-01.json": "application/feed+json",
    "later.opml": "text/x-opml; charset=utf-8",
    "index.html": "text/html; charset=utf-8",
    "": "text/html; charset=utf-8",
}
CONDITIONS = {
    "all.rss": {"ETag": "If-None-Match"},
    "all.atom": {"Last-Modified": "If-Modified-Since"},
    "topics/ai.atom": {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"},
}


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: dict[str, str]
    body: bytes


class Server(NamedTuple):
    """A server of a site's output, on loopback."""

    port: int
    site: Site

    def get(self, path, method="GET", **headers):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/{path}", headers=named)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        said = {name.title(): value for name, value in answer.getheaders()}
        return Answer(answer.status, said, body)


def put(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)


def with_hub(hub, address, text, before, *snippets):
    """Put what the guide says of hubs where it says."""
    *above, beside = (snippet(f"{one}: {name}") for one, name in snippets)
    text = put("".join(above) + text, before, beside + before)
    return put(put(text, HUB, hub), "https://feeds.example.org", address)


def moved(name):
    """Find the snippet of a server by which a feed that moved is redirected."""
    (found,) = [
        text
        for language, text in BLOCKS
        if language == name and "is t/vision now" in text.partition("\n")[0]
    ]
    return found


def nginx(folder, port, hub=None):
    program = needs("nginx", "nginx-light")
    text = snippet("sites-available/feeds")
    if hub:
        pieces = [("nginx", "above the server"), ("nginx", "beside the other headers")]
        text = with_hub(
            hub, f"http://127.0.0.1:{port}", text, "    location / {", *pieces
        )
    text = put(text, "listen 80", f"listen 127.0.0.1:{port}")
    text = put(text, "/srv/news/output", str(folder / "site/output"))
    text = put(text, "    location / {\n", f"{moved('nginx')}    location / {{\n")
    # Run by root, nginx serves as somebody else, who may not read a test's folder.
    (folder / "nginx.conf").write_text("user root;\n" + NGINX % text)
    return [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder, port, hub=None):
    program = needs("caddy", "caddy")
    host = f"http://127.0.0.1:{port}"
    text = put(snippet("Caddyfile"), "feeds.example.org", host)
    if hub:
        piece = ("Caddy", "beside the other headers")
        text = with_hub(hub, host, text, "\tencode {", piece)
    text = put(text, "/srv/news/output", str(folder / "site/output"))
    text = put(text, "\tfile_server\n", f"{moved('caddy')}\tfile_server\n")
    (folder / "Caddyfile").write_text(CADDY + text)
    return [program, "run", "--config", str(folder / "Caddyfile")]


def free_port():
    with socket.socket() as any_:
        any_.bind(("127.0.0.1", 0))
        return any_.getsockname()[1]


@contextmanager
def started(kind, folder, port, hub=None):
    """Start a web server as the guide sets it up."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            kind(folder, port, hub),
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
            stderr=log,
        )
    try:
        _wait(port, process, folder / "log")
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module", params=[nginx, caddy], ids=lambda one: one.__name__)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.__name__)
    site = Site(folder / "site")
    site.folder.mkdir()
    site.configure(CONFIG)
    site.fill(300)
    assert site.build().code == 0
    later = ["later.json", "all@2025-01.json", "later.opml", "index.html"]
    for path in (*later, ".feeds-staging/document-1"):
        file = site.folder / "output" / path
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}")
    port = free_port()
    with started(request.param, folder, port):
        yield Server(port, site)


def _wait(port, process, log):
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(log.read_text())


@pytest.mark.parametrize("ending", ["rss", "atom", "json", "html"])
def test_a_feed_that_moved_is_redirected(server, ending):
    answer = server.get(f"topics/vision.{ending}")
    assert answer.status == 301
    assert answer.headers["Location"].endswith(f"/t/vision.{ending}")
    assert server.get(f"topics/visions.{ending}").status == 404


@pytest.mark.parametrize("path", TYPES)
def test_each_file_has_its_media_type_and_says_how_long_it_holds(server, path):
    answer = server.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"].lower() == TYPES[path]
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = server.get(path, "HEAD")
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        ".feeds-staging/document-1",
        ".feeds-staging/",
        "%2efeeds-staging/document-1",
        "../feeds.yaml",
        "..%2ffeeds.yaml",
        "topics",
        "topics/",
        "gone.rss",
    ],
)
def test_nothing_else_is_served_and_no_folder_listed(server, path):
    answer = server.get(path)
    assert answer.status in {400, 403, 404}
    assert b"document-1" not in answer.body
    assert b"ai.rss" not in answer.body


@pytest.mark.parametrize("path", ["all.rss", "all.atom"])
def test_gzip_is_the_same_document(server, path):
    plain, packed = server.get(path), server.get(path, Accept_Encoding="gzip")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert len(packed.body) < len(plain.body) / 4
    document = (server.site.folder / "output" / path).read_bytes()
    assert gzip.decompress(packed.body) == plain.body == document


@pytest.mark.parametrize("path", CONDITIONS)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_did_not_change_is_not_sent_again(server, path, encoding):
    first = server.get(path, Accept_Encoding=encoding)
    asked = {ask: first.headers[tag.title()] for tag, ask in CONDITIONS[path].items()}
    server.site.build()
    again = server.get(path, Accept_Encoding=encoding, **asked)
    assert (again.status, again.body) == (304, b"")


class Poller(threading.Thread):
    """A reader that asks for one feed over and over, as good readers do."""

    def __init__(self, server, path):
        super().__init__()
        self.server, self.path = server, path
        self.is_over, self.unchanged, self.got = threading.Event(), 0, []

    def run(self):
        asked = {}
        while not self.is_over.is_set():
            asked = self._ask(asked)
        self._ask(asked)

    def _ask(self, asked):
        answer = self.server.get(self.path, Accept_Encoding="gzip", **asked)
        if answer.status == 304:
            self.unchanged += 1
            return asked
        assert answer.status == 200
        self.got.append(gzip.decompress(answer.body))
        tags = CONDITIONS[self.path].items()
        return {ask: answer.headers[tag.title()] for tag, ask in tags}


def test_pollers_get_each_version_once_and_whole_while_builds_run(server):
    site = server.site
    pollers = [Poller(server, path) for path in CONDITIONS]
    versions = [site.output()]
    for poller in pollers:
        poller.start()
    for number in range(4):
        _next_second()
        site.write("00007.md", title=f"Version {number} {'x' * number}")
        assert site.build().code == 0
        versions.append(site.output())
        site.build()  # changes nothing
    for poller in pollers:
        poller.is_over.set()
        poller.join(20)
        whole = [version[poller.path] for version in versions]
        assert poller.got == whole, poller.path
        assert all(etree.fromstring(body) is not None for body in poller.got)
        assert poller.unchanged > len(poller.got)


def _next_second():
    time.sleep(1.02 - time.time() % 1)


@pytest.mark.parametrize("path", CONDITIONS)
def test_two_versions_of_one_second_and_size_are_told_apart(server, path):
    for _ in range(3):
        _next_second()
        before = server.get(path)
        for title in ("First.", "Second"):
            server.site.write("00008.md", title=title)
            assert server.site.build().code == 0
            tags = CONDITIONS[path].items()
            asked = {ask: before.headers[tag.title()] for tag, ask in tags}
            answer = server.get(path, **asked)
            assert answer.status == 200
            before = answer


@pytest.fixture(params=[nginx, caddy], ids=lambda one: one.__name__)
def linked(request, tmp_path):
    """A server that names the hub of a site, and that hub."""
    site, port = Site(tmp_path / "site"), free_port()
    site.folder.mkdir()
    address = f"http://127.0.0.1:{port}/"
    with Hub().running() as hub:
        hubs = f"hubs: ['{hub.address}']\nformats: [rss, atom, json]\n"
        site.configure(hubs + CONFIG.replace("https://feeds.example.org/", address))
        site.write()
        assert site.build("--no-ping").code == 0
        with started(request.param, tmp_path, port, hub.address):
            yield Server(port, site), address, hub


def test_hubs_are_found_in_the_header_fields_of_feeds_and_their_pages(linked):
    server, address, hub = linked
    for path in ["all.rss", "all.atom", "all.json", "all.html", "topics/ai.rss"]:
        topic = address + path
        found = server.get(path)
        links = f'<{hub.address}>; rel="hub", <{topic}>; rel="self"'
        assert found.headers["Link"] == links
        assert found.headers["Cache-Control"] == "public, max-age=300"
        again = server.get(path, If_None_Match=found.headers["Etag"])
        assert (again.status, again.headers["Link"]) == (304, links)
        assert discovered(topic) == Discovered(topic, [hub.address])
    for path in ("", "index.html", "feeds.opml", "feeds.css"):
        found = server.get(path)
        assert found.status == 200
        assert "Link" not in found.headers


def test_a_subscriber_of_such_a_server_gets_a_new_story(linked):
    server, address, hub = linked
    with Subscriber().running() as reader:
        reader.subscribe(f"{address}all.json")
        hub.settle()
        server.site.write("b.md", title="Something happened")
        assert server.site.build("-q") == Result(0, "", "")
        hub.settle()
    ((topic, _, content),) = reader.got
    assert topic == f"{address}all.json"
    assert content == server.site.output()["all.json"]
