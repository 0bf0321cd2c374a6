"""feeds serve and build --watch: real files, a real server, a real client."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from feeds.config import load
from feeds.errors import Mistake, Unreadable
from feeds.serve import listening
from feeds.watch import places, turns
from tests.site import CONFIG, Site

TYPES = {
    "all.rss": "application/rss+xml; charset=utf-8",
    "all.atom": "application/atom+xml; charset=utf-8",
    "all.json": "application/feed+json",
    "feeds.opml": "text/x-opml; charset=utf-8",
    "": "text/html; charset=utf-8",
    "topics/": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "SCRIPT.JS": "text/javascript; charset=utf-8",
    "a%20%C3%A4.svg": "image/svg+xml; charset=utf-8",
    "unknown.x": "application/octet-stream",
}
# Runs the command with what a test cannot wait for, or must do without.
MAIN = "import sys; {}; sys.argv[0] = 'feeds'; from feeds.__main__ import main; main()"
IMPATIENT = "import feeds.watch; feeds.watch.PATIENCE = 0.5"
WITHOUT = "sys.modules['watchfiles'] = None"


def until(is_so, seconds=10.0):
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def ask(port, path="/all.rss", method="GET", host=None, **headers):
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.putrequest(method, path, skip_host=True)
        hosts = [host or f"localhost:{port}"] if isinstance(host, str | None) else host
        for one in hosts:
            connection.putheader("Host", one)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        return SimpleNamespace(status=answer.status, headers=answer.headers, body=body)


# A server in this process, and files that stand still.


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "output"
    (folder / "topics/empty").mkdir(parents=True)
    for path in [*TYPES, "topics/ai.rss", ".hidden", ".feeds-staging/x.rss"]:
        name = unquote(path)
        file = folder / (name + "index.html" if name[-1:] in {"", "/"} else name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"<{name}>", "utf-8")
    (folder.parent / "secret.rss").write_text("secret")
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside/a.rss").write_text("secret")
    (folder / "link.rss").symlink_to("../secret.rss")
    (folder / "out").symlink_to("../outside")
    (folder / "up").symlink_to("..")
    (folder / "seen.rss").symlink_to(".hidden")
    (folder / "again.rss").symlink_to("all.rss")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe.rss")
    return folder


@pytest.fixture(scope="module")
def port(output):
    before = threading.active_count()
    with listening(0) as server, server.answering(output):
        yield server.server_port
    until(lambda: threading.active_count() == before)


@pytest.mark.parametrize("path", TYPES)
def test_each_file_has_its_media_type(port, path):
    answer = ask(port, f"/{path}?from=reader")
    assert (answer.status, answer.body) == (200, f"<{unquote(path)}>".encode())
    assert answer.headers["Content-Type"] == TYPES[path]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_head_says_the_same_without_the_content(port):
    got, head = ask(port), ask(port, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.body))
    del got.headers["Date"], head.headers["Date"]
    assert head.headers.items() == got.headers.items()


def test_one_connection_carries_many_requests(port):
    with closing(HTTPConnection("localhost", port, timeout=5)) as connection:
        for path, status in [("/all.rss", 200), ("/no", 404), ("/all.atom", 200)] * 2:
            for method in ("GET", "HEAD"):
                connection.request(method, path)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == status


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"If_None_Match": "{etag}"}, 304),
        ({"If_None_Match": "W/{etag}"}, 304),
        ({"If_None_Match": '"other", {etag}'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_Modified_Since": "{modified}"}, 304),
        ({"If_Modified_Since": "{later}"}, 304),
        ({"If_Modified_Since": "{earlier}"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_Modified_Since": "Mon, 99 Foo 0000 99:99:99 GMT"}, 200),
        ({"If_None_Match": '"other"', "If_Modified_Since": "{modified}"}, 200),
        ({"If_None_Match": "{etag}", "If_Modified_Since": "{earlier}"}, 304),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_known_is_not_sent_again(port, output, method, conditions, status):
    first = ask(port)
    modified = int((output / "all.rss").stat().st_mtime)
    known = {
        "etag": first.headers["ETag"],
        "modified": first.headers["Last-Modified"],
        "later": formatdate(modified + 60, usegmt=True),
        "earlier": formatdate(modified - 1, usegmt=True),
    }
    asked = {name: value.format(**known) for name, value in conditions.items()}
    answer = ask(port, method=method, **asked)
    assert answer.status == status
    assert answer.body == (first.body if (status, method) == (200, "GET") else b"")
    assert answer.headers["ETag"] == first.headers["ETag"]
    assert answer.headers["Last-Modified"] == first.headers["Last-Modified"]
    assert known["modified"] == formatdate(modified, usegmt=True)


def test_a_tag_is_of_the_content_and_no_date_is_in_the_future(port, output):
    file = output / "new.rss"
    file.write_text("one")
    first = ask(port, "/new.rss")
    assert re.fullmatch('"[0-9a-f]+"', first.headers["ETag"])
    stamp = file.stat().st_mtime_ns
    file.write_text("two")
    os.utime(file, ns=(stamp, stamp))
    assert ask(port, "/new.rss", If_None_Match=first.headers["ETag"]).body == b"two"
    os.utime(file, (time.time() + 100, time.time() + 100))
    ahead = ask(port, "/new.rss")
    said = parsedate_to_datetime(ahead.headers["Last-Modified"])
    assert said <= datetime.now(UTC)
    known = ahead.headers["Last-Modified"]
    assert ask(port, "/new.rss", If_Modified_Since=known).status == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/.hidden", "/%2ehidden", "/.feeds-staging/x.rss", "/.feeds-staging/"),
        *("/../secret.rss", "/topics/../../secret.rss", "/%2e%2e/secret.rss"),
        *("/..%2fsecret.rss", "/..%2Fsecret.rss", "/%2e%2e%2fsecret.rss"),
        *("/topics/%2e%2e/all.rss", "/./all.rss", "/%252e%252e/secret.rss"),
        *("//secret.rss", "/topics//ai.rss", "/%2f/etc/passwd", "//etc/passwd"),
        *("/link.rss", "/out/a.rss", "/up/secret.rss", "/seen.rss", "/loop", "/up/"),
        *("/topics/empty/", "/topics/empty/index.html", "/pipe.rss", "/all.rss/"),
        *("/all.rss/x", "/all.rss%00", "/%00", "/gone", "/..\\secret.rss"),
        *("all.rss", "*", "http://evil.example/all.rss", f"/{'x' * 5000}", "/%ff"),
    ],
)
def test_nothing_else_is_served(port, path):
    answer = ask(port, path)
    assert answer.status == 404
    assert answer.body == b"404 Not Found\n"


def test_a_folder_leads_to_its_page_and_is_not_listed(port):
    answer = ask(port, "/topics")
    assert (answer.status, answer.headers["Location"]) == (302, "/topics/")
    assert b"ai.rss" not in ask(port, "/topics/").body
    assert ask(port, "/again.rss").body == b"<all.rss>"  # a link, but not out


@pytest.mark.parametrize(
    "host", ["localhost:{}", "127.0.0.1:{}", "[::1]:{}", "LOCALHOST:{}"]
)
def test_it_answers_by_its_own_names(port, host):
    assert ask(port, host=host.format(port)).status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        *(["evil.example:{}"], ["localhost"], ["127.0.0.1"], ["localhost:1"], [""]),
        *(["localhost.evil.example:{}"], ["127.0.0.2:{}"], ["0.0.0.0:{}"], []),
        *(["localhost:{}", "evil.example:{}"], ["localhost:{}", "localhost:{}"]),
    ],
)
@pytest.mark.parametrize("path", ["/all.rss", "/gone", "/topics"])
def test_it_answers_by_no_other_name(port, hosts, path):
    answer = ask(port, path, host=[host.format(port) for host in hosts])
    assert (answer.status, answer.body) == (421, b"421 Misdirected Request\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_it_only_reads(port, method):
    assert ask(port, method=method).status == 501


def test_clients_that_hang_up_are_no_news(port, capfd):
    for sent in (b"", b"GET", b"GET /all.rss HTTP/1.1\r\n", b"\0\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            one.sendall(sent)
    assert ask(port).status == 200
    time.sleep(0.05)
    assert capfd.readouterr() == ("", "")


def test_nobody_but_this_machine_is_listened_to(port):
    with listening(0) as server:
        assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(
        Mistake, match=rf"--port {port}: Address already in use; --port 0"
    ):
        listening(port)


def test_no_answer_is_torn_between_two_versions(port, output):
    file, other = output / "swapped.rss", output / ".swapped"
    versions = [letter * 300_000 for letter in ("a", "b")]
    file.write_text(versions[0])
    is_over = threading.Event()

    def swap():
        while not is_over.is_set():
            for version in versions:
                other.write_text(version)
                other.replace(file)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        answers = [ask(port, "/swapped.rss") for _ in range(100)]
    finally:
        is_over.set()
        swapping.join()
    assert {answer.body.decode() for answer in answers} <= {*versions}
    assert len({(one.body, one.headers["ETag"]) for one in answers}) <= 2


# What is watched.


def watched(site, text=CONFIG, output=None):
    site.configure(text)
    config = load(site.folder / "feeds.yaml")
    found = places(
        config, output or site.folder / "output", [site.folder / "report.txt"]
    )
    root = Path(os.path.realpath(site.folder))
    return root, {os.path.relpath(folder, root) for folder in found.folders}, found


class Desk(Site):
    """A site whose files are replaced whole, so that none is met half written."""

    def configure(self, text=CONFIG):
        new = self.folder / ".new"
        new.write_text(text, "utf-8")
        new.replace(self.folder / "feeds.yaml")

    def write(self, name="a.md", /, **fields):
        link = {"title": f"Title of {name}", "webUrl": f"https://example.org/{name}"}
        file = self.folder / "records" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        return super().write("../.new", **link | fields).replace(file)


@pytest.fixture
def site(tmp_path):
    made = Desk(tmp_path)
    made.configure()
    made.write()
    return made


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ("records", {".", "records", "records/in", "records/in/deep"}),
        ("records/*.md", {".", "records"}),
        ("records/*/*.md", {".", "records", "records/in"}),
        ("records/**/*.md", {".", "records", "records/in", "records/in/deep"}),
        ("gone/records", {"."}),
        ("records/a.md", {".", "records"}),
        (".", {".", "records", "records/in", "records/in/deep", "other"}),
        (
            "[records/in, other]",
            {".", "records", "records/in", "records/in/deep", "other"},
        ),
    ],
)
def test_the_folders_that_records_may_come_in_are_watched(site, records, expected):
    for folder in (
        "records/in/deep",
        "other",
        "output/topics",
        "records/.no",
        ".feeds",
    ):
        (site.folder / folder).mkdir(parents=True)
    (site.folder / "records/in/loop").symlink_to("..")
    (site.folder / "records/self").symlink_to("self")
    text = CONFIG.replace("records: records", f"records: {records!s}")
    assert watched(site, text)[1] == expected


def test_what_a_build_writes_matters_to_nobody(site):
    (site.folder / "output").mkdir()
    root, _, found = watched(site, CONFIG.replace("records: records", "records: ."))

    def matters(name):
        return found.matter(None, str(root / name))

    for name in ("feeds.yaml", "records/new.md", "x.JSON", "records"):
        assert matters(name), name
    for name in ("output", ".feeds", "report.txt", ".a.md.swp", "a.md~", "all.rss"):
        assert not matters(name), name


def test_the_first_turn_is_for_what_changed_before(site):
    with closing(turns([watched(site)[2]])) as turning:
        assert next(turning) == frozenset()
        site.write("b.md")
        before = time.monotonic()
        assert next(turning) == {str(site.folder / "records/b.md")}
        assert time.monotonic() - before < 1


def test_a_name_that_is_no_text_is_looked_at_like_any_other(site):
    with closing(turns([watched(site)[2]])) as turning:
        next(turning)
        (site.folder / os.fsdecode(b"records/\xff.md")).touch()
        assert list(turning) == [frozenset()]


def test_what_the_system_refuses_to_watch_is_said(site, monkeypatch):
    def refuse(*_paths, **_how):
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr("watchfiles.watch", refuse)
    with pytest.raises(Unreadable, match=r"sources cannot be watched: OS file watch"):
        next(turns([watched(site)[2]]))


# The command.


class Running:
    """A command that goes on, and what it has said so far."""

    def __init__(self, process):
        self.process, self.out, self.err = process, [], []
        self.readers = [
            threading.Thread(target=self.read, args=pair)
            for pair in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def read(stream, lines):
        lines.extend(iter(stream.readline, ""))

    def read_until(self, text, stream="out"):
        found = getattr(self, stream)
        return until(
            lambda: next((line for line in found if re.search(text, line)), None)
        )

    @property
    def port(self):
        return int(re.search(r":(\d+)/$", self.read_until("^serving "))[1])

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(5)


@contextmanager
def going(site, *args, before=None, **extra):
    args = [*args, "--port", "0"] if args[0] == "serve" else args
    if before is None:
        process = site.start(*args, now=None, **extra)
    else:
        root = str(Path(__file__).parent.parent)
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN.format(before), *args],
            cwd=site.folder,
            env={**os.environ, "PYTHONPATH": root},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        running = Running(process)
        try:
            yield running
        finally:
            process.kill()
            for reader in running.readers:
                reader.join()
    assert "Traceback" not in "".join(running.err), running.err


def titles(port, path="/all.rss"):
    return re.findall(r"<title>(.*?)</title>", ask(port, path).body.decode())[1:]


def test_serve_builds_and_follows_every_edit(site):
    with going(site, "serve") as running:
        port = running.port
        assert titles(port) == ["Title of a.md"]
        first = ask(port)
        site.write(title="Edited")
        until(lambda: titles(port) == ["Edited"])
        assert ask(port, If_None_Match=first.headers["ETag"]).status == 200
        site.write("deep/er/b.md", title="Another")
        until(lambda: titles(port) == ["Edited", "Another"])
        (site.folder / "records/deep/er/b.md").unlink()
        until(lambda: titles(port) == ["Edited"])
        assert running.end() == 143
    assert "serving output on" in running.out.pop(1)
    assert all(re.match(r"\d records? read, ", line) for line in running.out)
    assert not list(site.folder.rglob(".feeds-staging"))


def test_a_mistake_is_told_once_and_what_was_good_stays(site):
    good = (site.folder / "feeds.yaml").read_text()
    with going(site, "serve", before=IMPATIENT) as running:
        port = running.port
        site.configure(good + "nonsense: 1\n")
        running.read_until(r"feeds.yaml:\d+: nonsense: ", "err")
        site.write(title="Later")
        time.sleep(0.7)
        assert titles(port) == ["Title of a.md"]
        assert len(running.err) == 1
        site.configure(good)
        until(lambda: titles(port) == ["Later"])
        until(lambda: len(running.out) >= 3)


def test_what_feeds_yaml_says_of_records_and_output_holds_at_once(site):
    with going(site, "serve") as running:
        port = running.port
        site.write("../others/c.md", title="From others")
        site.configure(CONFIG.replace("records\n", "others\noutput: public\n"))
        until(lambda: titles(port) == ["From others"])
        site.write("../others/c.md", title="Watched too")
        until(lambda: titles(port) == ["Watched too"])
        assert (site.folder / "public/all.rss").exists()

        (site.folder / "others").rename(site.folder / "away")
        running.read_until("is missing, expected a folder", "err")
        assert titles(port) == ["Watched too"]
        (site.folder / "away").rename(site.folder / "others")
        site.write("../others/c.md", title="Back")
        until(lambda: titles(port) == ["Back"])


def test_build_watch_does_the_same_and_says_only_what_changed(site):
    with going(site, "build", "--watch", "--report", "report.json") as running:
        running.read_until("1 record read, 0 drafts; 2 feeds written")
        time.sleep(0.6)  # the first turn is over
        (site.folder / "records/a.md").touch()
        (site.folder / "records/notes.rst").touch()
        time.sleep(0.3)
        assert len(running.out) == 1
        site.write("b.md", quality="high")
        site.write("c.md", topics="[Other]")
        running.read_until(r"3 records read, 0 drafts, 1 rejected; 2 feeds written")
        running.read_until(r"records/b.md:6: quality: got", "err")
        site.write("c.md", title="Edited", topics="[Other]")
        until(lambda: len(running.out) == 3)
        assert running.end(signal.SIGINT) == 130
    assert len(running.err) == 1
    assert '"read": 3' in (site.folder / "report.json").read_text()
    assert not (site.folder / "output/.feeds-staging").exists()


def test_a_refusal_is_told_once_and_what_was_good_stays(site):
    site.fill(20)
    with going(site, "build", "--watch", "--force", before=IMPATIENT) as running:
        running.read_until("21 records read")
        (site.folder / "records").rename(site.folder / "away")
        (site.folder / "records").mkdir()
        running.read_until("refused", "err")
        time.sleep(0.7)
        assert (site.folder / "output/all.rss").exists()
        site.fill(20)
        running.read_until("20 records read")
        running.end()
    assert len([line for line in running.err if "refused" in line]) == 1


def test_a_story_comes_out_when_its_time_has_come(site):
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    site.write("soon.md", title="Now", publishedDateTime=soon.isoformat())
    with going(site, "serve", before=IMPATIENT) as running:
        assert titles(running.port) == ["Title of a.md"]
        until(lambda: "Now" in titles(running.port))
        assert datetime.now(UTC) >= soon


def test_nothing_wakes_the_builds_but_changes(site):
    site.configure(CONFIG.replace("records: records", "records: ."))
    with going(site, "build", "--watch", "-v", "--metrics", "records/x.txt") as running:
        running.read_until("2 feeds written")
        metrics = site.folder / "records/x.txt"
        time.sleep(0.7)
        before = metrics.stat().st_mtime_ns
        time.sleep(0.5)
        assert metrics.stat().st_mtime_ns == before
        running.end()


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", [["serve"], ["build", "--watch"]])
def test_a_signal_ends_it_at_once(site, command, how, code):
    with going(site, *command, start_new_session=True) as running:
        running.read_until("2 feeds written")
        if command == ["serve"]:
            idle = HTTPConnection("127.0.0.1", running.port)
            idle.request(
                "GET", "/all.rss", headers={"Host": f"localhost:{running.port}"}
            )
            idle.getresponse().read()
        before = time.monotonic()
        assert running.end(how) == code
        assert time.monotonic() - before < 1
        with pytest.raises(ProcessLookupError):
            os.killpg(running.process.pid, 0)
        if command == ["serve"]:
            idle.close()
    assert running.err == []


def test_a_port_in_use_is_said_before_anything_is_built(site, port):
    done = site.run("serve", "--port", str(port))
    assert (done.code, done.out) == (2, "")
    assert (
        done.err
        == f"--port {port}: Address already in use; --port 0 takes a free one\n"
    )
    assert not (site.folder / "output").exists()


@pytest.mark.parametrize("command", [["serve"], ["build", "--watch"]])
def test_without_watchfiles_it_says_how_to_install_it(site, command):
    with going(site, *command, before=WITHOUT) as running:
        assert running.process.wait(10) == 2
    assert running.err == [
        "watching needs watchfiles: pip install 'watchfiles>=1.0,<2'\n"
    ]
    assert running.out == []
    assert not (site.folder / "output").exists()
    with going(site, "build", before=WITHOUT) as running:
        assert running.process.wait(10) == 0


@pytest.mark.parametrize("option", ["--dry-run", "--strict"])
def test_watching_does_not_go_with_what_ends(site, option):
    done = site.run("build", "--watch", option)
    assert done.code == 2
    assert "--watch goes neither with" in done.err


def test_what_is_wrong_at_the_start_ends_it(site):
    site.configure("site: {}\n")
    for command in (["serve", "--port", "0"], ["build", "--watch"]):
        done = site.run(*command)
        assert done.code == 2
        assert "feeds.yaml:1: " in done.err


# Several sites.


@pytest.fixture
def several(tmp_path):
    """Two sites in one folder, and the words that name them."""
    sites = []
    for name in "ab":
        sites.append(Site(tmp_path / name))
        sites[-1].folder.mkdir()
        sites[-1].configure()
        sites[-1].write(title=f"Of {name}")
    return [Site(tmp_path), *sites]


BOTH = ["build", "--watch", "-c", "a/feeds.yaml", "-c", "b/feeds.yaml"]


def shown(site):
    return re.findall(r"<title>(.*?)</title>", site.output()["all.rss"].decode())[1:]


def test_of_several_sites_only_those_that_change_are_built(several):
    all_of_them, first, second = several
    with going(all_of_them, *BOTH, "--report", "report.json", "-v") as running:
        running.read_until("^b/feeds.yaml: 1 record read")
        time.sleep(0.6)  # the first turn is over
        said = len(running.out)
        state = [*(second.folder / ".feeds").glob("*.db")]
        before = [file.stat().st_mtime_ns for file in state]
        first.write(title="Edited")
        until(lambda: shown(first) == ["Edited"])
        first.write("sub/new.md", title="New", publishedDateTime="2024-01-01")
        until(lambda: shown(first) == ["Edited", "New"])
        assert all(line.startswith("a/feeds.yaml: ") for line in running.out[said:])
        assert [file.stat().st_mtime_ns for file in state] == before
        second.write(title="Too")
        until(lambda: shown(second) == ["Too"])
        assert running.end() == 143
    report = json.loads((all_of_them.folder / "report.json").read_text())
    assert [run["records"]["read"] for run in report.values()] == [2, 1]


def test_of_several_sites_a_mistaken_one_is_built_once_it_is_mended(several):
    all_of_them, first, second = several
    first.configure("site: {}\n")
    with going(all_of_them, *BOTH) as running:
        running.read_until("^a/feeds.yaml:1: site.title", "err")
        running.read_until("^b/feeds.yaml: 1 record read")
        time.sleep(0.6)
        second.write(title="Edited")
        until(lambda: shown(second) == ["Edited"])
        first.configure()
        running.read_until("^a/feeds.yaml: 1 record read")
        (first.folder / "records").rename(first.folder / "away")
        running.read_until("^a/feeds.yaml:2: records: .* is missing", "err")
        running.end()
    assert len([line for line in running.err if "site.title" in line]) == 1


def test_of_several_sites_one_that_is_not_there_yet_is_waited_for(several):
    all_of_them, first, _ = several
    first.folder.rename(all_of_them.folder / "away")
    with going(all_of_them, *BOTH) as running:
        running.read_until("^a/feeds.yaml: cannot be read", "err")
        running.read_until("^b/feeds.yaml: 1 record read")
        time.sleep(0.7)
        assert len(running.out) == len(running.err) == 1  # and nobody spins
        (all_of_them.folder / "away").rename(first.folder)
        running.read_until("^a/feeds.yaml: 1 record read")
        running.end()


def test_several_sites_none_of_which_can_be_built_end_it(several):
    all_of_them, first, second = several
    first.configure("site: {}\n")
    second.configure("site: {}\n")
    done = all_of_them.run(*BOTH)
    assert done.code == 2
    assert "a/feeds.yaml:1: " in done.err
    assert "b/feeds.yaml:1: " in done.err
