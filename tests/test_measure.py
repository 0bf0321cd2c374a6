"""measure_images: real builds, a real process that asks, real servers on this machine."""

import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from feeds import measure, pictures
from feeds.probe import AT_ONCE
from feeds.store import FOLDER
from tests.server import HERE, after, by_method, head, never, picture, serving
from tests.site import Site
from tests.strategies import Desk, run, tree

NOW = "2026-01-01T00:00:00Z"
SOON, WEEK_LATER = "2026-01-07T23:59:59Z", "2026-01-08T00:00:00Z"
TWO_WEEKS_LATER = "2026-01-15T00:00:00Z"
SITE = {"title": "Site", "url": "https://feeds.example.org/"}
CONFIG = {
    "site": SITE,
    "records": "records",
    "measure_images": True,
    "formats": ["rss", "atom", "json"],
    "feeds": [{"path": "all"}],
}
# Runs the command where this machine may be asked, which no user can have it do.
MAIN = (
    "import sys, feeds.measure; feeds.measure.TRUSTED = frozenset(['127.0.0.1']);"
    "sys.argv[0] = 'feeds'; from feeds.__main__ import main; main()"
)


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def this_machine_may_be_asked(monkeypatch):
    monkeypatch.setattr(measure, "TRUSTED", frozenset([HERE]))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path, CONFIG, {})


def put(desk, number, url, **fields):
    story = {
        "title": f"Story {number}",
        "webUrl": f"https://a.example/{number}",
        "publishedDateTime": f"2025-12-01T00:00:{number % 60:02}Z",
        "published": True,
        "topics": ["AI"],
        "images": url,
    }
    desk.put(f"{number}.md", {**story, **fields})


def said(desk, path="all.rss"):
    """Give length and type of each enclosure by the path of its address."""
    text = (desk.output / path).read_text("utf-8")
    rows = re.findall(
        r'<enclosure url="[^"]*?(/[^/"]*)" length="(\d+)" type="(.*?)"', text
    )
    return {name: (int(length), kind) for name, length, kind in rows}


UNSIZED = (0, "image/jpeg")
PNG = (12345, "image/png")


def test_a_picture_is_measured_before_it_is_shown(desk, server):
    server.pages["/1.jpg"] = picture()
    server.pages["/2.jpg"] = by_method(
        head=head(405), get=head(206, content_range="bytes 0-0/777")
    )
    for number in (1, 2, 3):
        put(desk, number, server.url(f"/{number}.jpg"))
    done = desk.build("-v")
    assert said(desk) == {
        "/1.jpg": PNG,
        "/2.jpg": (777, "image/jpeg"),
        "/3.jpg": UNSIZED,
    }
    assert f"measured {server.url('/1.jpg')}: 12345 bytes" in done.output
    assert f"not measured {server.url('/3.jpg')}: 404" in done.output
    agents = {headers["User-Agent"] for headers in server.headers}
    assert agents == {"feeds/0.1.0 (+https://feeds.example.org/)"}


def test_every_format_says_what_was_measured(desk, server):
    server.pages["/p.jpg"] = picture()
    url = server.url("/p.jpg")
    put(desk, 1, [url, "https://a.example/other.jpg"])
    desk.build()
    rss, atom, json = (desk.output / f"all.{kind}" for kind in ("rss", "atom", "json"))
    enclosure = f'<enclosure url="{url}" length="12345" type="image/png"/>'
    link = f'<link href="{url}" rel="enclosure" type="image/png" length="12345"/>'
    media = (
        f'<media:content url="{url}" medium="image" fileSize="12345" type="image/png"/>'
    )
    other = '<media:content url="https://a.example/other.jpg" medium="image"/>'
    for file, wanted in ((rss, enclosure), (atom, link)):
        text = file.read_text()
        assert all(text.count(one) == 1 for one in (wanted, media, other))
    assert (
        f'"attachments":[{{"url":"{url}","mime_type":"image/png","size_in_bytes":12345}}]'
        in json.read_text()
    )


def test_what_is_not_measured_is_written_as_without_the_key(desk, server):
    put(desk, 1, server.url("/p.jpg"))
    desk.build()
    before = tree(desk.output)
    desk.configure({**CONFIG, "measure_images": False})
    desk.build()
    assert tree(desk.output) == before


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("image/webp; charset=binary", (7, "image/webp")),
        ("image/jpg", (7, "image/jpeg")),
        ("image/x-strange", (7, "image/jpeg")),
        ("application/octet-stream", (7, "image/jpeg")),
        ("text/html", UNSIZED),
        ("video/mp4", UNSIZED),
        ('image/png"><script>', (7, "image/jpeg")),
    ],
)
def test_a_type_is_believed_if_it_is_a_known_picture_s(desk, server, kind, expected):
    server.pages["/p.jpg"] = picture(7, kind)
    put(desk, 1, server.url("/p.jpg"))
    desk.build()
    assert said(desk) == {"/p.jpg": expected}


def test_only_pictures_that_stand_in_a_feed_are_asked_for(desk, server):
    desk.configure(
        CONFIG
        | {
            "defaults": {"limit": 1, "min_quality": 5},
            "feeds": [
                {"path": "all"},
                {"path": "other", "images": {"enclosure": False}, "status": "draft"},
            ],
        }
    )
    for number, fields in enumerate(
        [
            {"quality": 9},
            {"quality": 9, "publishedDateTime": "2025-11-01"},
            {"quality": 1},
            {"quality": 9, "published": False},
            {"quality": 9, "publishedDateTime": "2026-02-01"},
        ]
    ):
        put(desk, number, [server.url(f"/{number}.jpg"), server.url("/no")], **fields)
    desk.build()
    assert server.asked == ["HEAD /0.jpg"]
    desk.delete("0.md")
    desk.build()
    assert server.asked == ["HEAD /0.jpg", "HEAD /1.jpg"]


@pytest.mark.parametrize("page", [picture(), head(404), head(500), picture(7, "a/b")])
def test_nobody_is_asked_twice_a_week(desk, server, page):
    server.pages["/p.jpg"] = page
    put(desk, 1, server.url("/p.jpg"))
    desk.build()
    asked = len(server.asked)
    desk.clock(SOON)
    put(desk, 2, server.url("/p.jpg"))
    desk.build()
    desk.configure({**CONFIG, "formats": ["rss"]})
    desk.build()
    assert len(server.asked) == asked
    desk.clock(WEEK_LATER)
    desk.build()
    assert len(server.asked) == 2 * asked


def test_another_size_a_week_later_is_published_and_none_is_not(desk, server):
    server.pages |= {"/p.jpg": picture(), "/q.jpg": picture(7)}
    for number, path in enumerate(["/p.jpg", "/q.jpg"]):
        put(desk, number, server.url(path))
    desk.build()
    server.pages |= {"/p.jpg": picture(8, "image/gif"), "/q.jpg": head(404)}
    desk.clock(WEEK_LATER)
    assert "1 feed written" in desk.build().output
    assert said(desk) == {"/p.jpg": (8, "image/gif"), "/q.jpg": (7, "image/png")}
    server.pages |= {"/p.jpg": never}
    desk.clock(TWO_WEEKS_LATER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "EACH", 0.4)
        assert "nothing changed" in desk.build().output


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_not_asked_before_it_said(desk, server, status):
    wait = 10 * 24 * 3600
    server.pages["/1.jpg"] = after(0.2, head(status, retry_after=wait))
    server.pages["/2.jpg"] = after(0.2, head(status))
    for number in range(1, 9):
        put(desk, number, server.url(f"/{number}.jpg"))
    server.pages |= {f"/{n}.jpg": head(status, retry_after=wait) for n in range(3, 9)}
    assert desk.build().exit_code == 0
    asked = len(server.asked)
    assert asked <= measure.AT_ONCE_OF_HOST
    for now, is_asked in (
        (SOON, False),
        (WEEK_LATER, False),
        ("2026-01-10T23:59:59Z", False),
        ("2026-01-11T00:00:00Z", True),
    ):
        desk.clock(now)
        desk.build()
        assert (len(server.asked) > asked) is is_asked


# Bounds


def test_a_server_that_never_answers_holds_up_nothing(desk, server, monkeypatch):
    monkeypatch.setattr(measure, "EACH", 0.4)
    for number in range(5):
        server.pages[f"/{number}.jpg"] = never
        put(desk, number, server.url(f"/{number}.jpg"))
    started = time.monotonic()
    desk.build()
    assert time.monotonic() - started < 5
    assert set(said(desk).values()) == {UNSIZED}
    # It is left alone for a day, and who was asked for a week.
    assert len(server.asked) == 2
    desk.clock("2026-01-02T00:00:00Z")
    desk.build()
    assert len({*server.asked}) == len(server.asked) == 4


def test_all_of_it_has_a_bound_and_the_rest_is_for_the_next_build(
    desk, server, monkeypatch
):
    for name, value in {
        "EACH": 1.0,
        "_MARGIN": 0.5,
        "WHOLE": 3.0,
        "AT_ONCE": 2,
    }.items():
        monkeypatch.setattr(measure, name, value)
    for number in range(30):
        server.pages[f"/{number}.jpg"] = after(0.2, picture(number + 1))
        put(desk, number, server.url(f"/{number}.jpg"))
    started = time.monotonic()
    desk.build()
    assert time.monotonic() - started < 6
    asked = len(server.asked)
    assert 2 <= asked < 30
    assert sum(length > 0 for length, _ in said(desk).values()) == asked
    monkeypatch.undo()
    monkeypatch.setattr(measure, "TRUSTED", frozenset([HERE]))
    desk.build()
    assert len(server.asked) == len({*server.asked}) == 30
    assert all(length for length, _ in said(desk).values())


def test_few_are_asked_at_once_and_fewer_of_one_host(desk):
    with ExitStack() as stack:
        servers = [stack.enter_context(serving()) for _ in range(12)]
        most = []
        lock, now = threading.Lock(), []

        def slow(connection, _method):
            with lock:
                now.append(1)
                most.append(len(now))
            time.sleep(0.1)
            with lock:
                now.pop()
            connection.sendall(picture())

        for number in range(60):
            server = servers[number % 12]
            server.pages[f"/{number}.jpg"] = slow
            put(desk, number, server.url(f"/{number}.jpg"))
        started = time.monotonic()
        desk.build()
        assert time.monotonic() - started < 60 * 0.1
        assert 4 < max(most) <= AT_ONCE == 16
        assert {server.most for server in servers} == {2}
        assert all(length for length, _ in said(desk).values())


def test_a_build_asks_for_so_many_and_so_many_of_one_host(desk, server, monkeypatch):
    monkeypatch.setattr(measure, "MOST_OF_HOST", 3)
    for number in range(8):
        server.pages[f"/{number}.jpg"] = picture()
        put(desk, number, server.url(f"/{number}.jpg"))
    for most, asked in ((2, 2), (99, 5), (99, 8), (99, 8)):
        monkeypatch.setattr(measure, "MOST", most)
        desk.build()
        assert len({*server.asked}) == len(server.asked) == asked


# Whatever goes wrong, a build succeeds


def test_private_addresses_are_not_asked(desk, server, monkeypatch):
    monkeypatch.setattr(measure, "TRUSTED", frozenset())
    server.pages["/p.jpg"] = picture()
    put(desk, 1, server.url("/p.jpg"))
    done = desk.build("-v")
    assert f"not measured {server.url('/p.jpg')}: 127.0.0.1 is no public" in done.output
    assert server.asked == []


def test_nothing_but_code_can_have_private_addresses_asked(desk, server):
    """No option, environment or configuration names the one place that could."""
    put(desk, 1, server.url("/p.jpg"))
    names = ("TRUSTED", "FEEDS_TRUSTED", "FEEDS_MEASURE_TRUSTED")
    environment = dict.fromkeys(names, HERE) | dict.fromkeys(
        ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"), server.base
    )
    site = Site(desk.folder)
    done = site.build("-v", env=environment, now=NOW)
    assert (done.code, server.asked) == (0, [])
    assert "127.0.0.1 is no public address" in done.err


PROGRAMS = {
    "none": None,
    "ends at once": "",
    "talks nonsense": "print('nonsense', flush=True); input(); input()",
    "answers what nobody asked": (
        'print(\'["x", 1, "", "", "", 0, true]\', flush=True)'
    ),
    "answers too much": "print('[' * 100_000, flush=True); input(); input()",
    "has no end": "import time; time.sleep(60)",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_process_that_fails_fails_no_build(desk, monkeypatch, tmp_path, program):
    file = tmp_path / "program.py"
    if program is not None:
        file.write_text(program)
    monkeypatch.setattr(measure.probe, "__file__", str(file))
    monkeypatch.setattr(measure, "WHOLE", 2.0)
    monkeypatch.setattr(measure, "EACH", 0.5)
    put(desk, 1, "https://a.example/p.jpg")
    done = desk.build("-v")
    assert said(desk) == {"/p.jpg": UNSIZED}
    assert "pictures are no longer measured: " in done.output


def test_without_python_nothing_is_measured(desk, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    put(desk, 1, "https://a.example/p.jpg")
    done = desk.build("-v")
    assert "no longer measured: " in done.output
    assert "No such file" in done.output


def test_a_memory_that_cannot_be_written_fails_no_build(desk, server, monkeypatch):
    server.pages["/p.jpg"] = picture()
    put(desk, 1, server.url("/p.jpg"))

    def full(*_):
        raise pictures.Error("database or disk is full")

    monkeypatch.setattr(pictures, "_put", full)
    done = desk.build("-v")
    assert "no longer measured: database or disk is full" in done.output
    assert said(desk) == {"/p.jpg": UNSIZED}
    assert server.asked == []


ODD = [
    f"http://127.0.0.1:{'0' * 5000}80/p.jpg",
    "http://127.0.0.1:65535/p.jpg",
    "http://127.0.0.1:0/p.jpg",
    "http://0x7f.1/p.jpg",
    "http://127.1/p.jpg",
    f"http://127.0.0.1/{'x' * 100_000}",
    f"http://{'a.' * 100}invalid/p.jpg",
    f"http://{'x' * 63}.{'y' * 63}.invalid/p.jpg",
    "http://127.0.0.2/%0d%0aX:%20y",
    "HTTP://127.0.0.3",
]


def test_odd_addresses_fail_no_build(desk, monkeypatch):
    monkeypatch.setattr(measure, "EACH", 1.0)  # names are really looked up
    for number, url in enumerate(ODD):
        put(desk, number, url)
    assert desk.build().exit_code == 0


# Builds that are killed, and builds at once


def start(desk, *options):
    command = [sys.executable, "-c", MAIN, "build", "--now", desk.now, *options]
    return subprocess.Popen(
        command, cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def until(is_so, seconds=10.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def children(process):
    file = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(one) for one in file.read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_killed_asks_nobody_again(desk, server, how):
    for number in range(3):
        server.pages[f"/{number}.jpg"] = never if number == 2 else picture()
        put(desk, number, server.url(f"/{number}.jpg"))
    with start(desk) as process:
        until(lambda: len(server.asked) == 3)
        until(lambda: server.now == 1)
        (child,) = children(process)
        process.send_signal(how)
        code = process.wait(10)
        assert b"Traceback" not in process.stderr.read()
    assert code == (-9 if how == signal.SIGKILL else 128 + how)
    until(lambda: not Path(f"/proc/{child}").exists())
    assert not (desk.output / "all.rss").exists()
    assert desk.build().exit_code == 0
    assert len(server.asked) == 3
    sizes = said(desk)
    assert sizes.pop("/2.jpg") == UNSIZED
    assert set(sizes.values()) <= {PNG, UNSIZED}


def test_builds_of_two_configurations_at_once_ask_once(desk, server):
    for number in range(12):
        server.pages[f"/{number}.jpg"] = after(0.05, picture())
        put(desk, number, server.url(f"/{number}.jpg"))
    text = (desk.folder / "feeds.yaml").read_text()
    (desk.folder / "other.yaml").write_text(text)
    builds = [start(desk), start(desk, "-c", "other.yaml", "-o", "elsewhere")]
    for one in builds:
        out, err = one.communicate(timeout=60)
        assert (one.returncode, err) == (0, b""), out
    assert len({*server.asked}) == len(server.asked) == 12
    desk.build()
    other = ["-c", desk.folder / "other.yaml", "-o", desk.folder / "elsewhere"]
    run("build", *other, "--now", NOW)
    assert tree(desk.output) == tree(desk.folder / "elsewhere")
    assert set(said(desk).values()) == {PNG}
    assert len(server.asked) == 12


# Who does not measure


WATCH = (
    "import sys; sys.addaudithook(lambda event, _: event.startswith(('socket.', "
    "'subprocess.', 'os.posix_spawn', 'os.exec')) and sys.exit(f'did {event}'));"
    "sys.argv[0] = 'feeds'; from feeds.__main__ import main; main()"
)
QUIET = {
    "build": ["build"],
    "dry run": ["build", "--dry-run"],
    "check": ["check"],
    "list": ["list"],
    "explain": ["explain", "records/1.md"],
    "stats": ["stats"],
}


@pytest.mark.parametrize("arguments", QUIET.values(), ids=QUIET)
def test_no_socket_is_opened_unless_a_build_is_to_measure(desk, arguments):
    put(desk, 1, "https://a.example/p.jpg")
    if arguments == ["build"]:
        desk.configure({**CONFIG, "measure_images": False})
    command = [sys.executable, "-c", WATCH, *arguments]
    done = subprocess.run(
        command, cwd=desk.folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "did " in done.stderr) == (0, False), done.stderr


def test_a_build_with_nobody_due_starts_no_process(desk, server):
    server.pages["/p.jpg"] = picture()
    put(desk, 1, server.url("/p.jpg"))
    desk.build()
    put(desk, 2, server.url("/p.jpg"))
    command = [sys.executable, "-c", WATCH, "build", "--now", NOW]
    done = subprocess.run(command, cwd=desk.folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said(desk) == {"/p.jpg": PNG}
    assert (desk.output / "all.rss").read_text().count(server.url("/p.jpg")) > 4


def test_a_dry_run_uses_what_is_remembered(desk, server):
    server.pages["/p.jpg"] = picture()
    put(desk, 1, server.url("/p.jpg"))
    desk.build()
    before = tree(desk.folder)
    assert "nothing new" in desk.build("--dry-run").output
    assert tree(desk.folder) == before
    desk.note(server.url("/p.jpg"), 8)
    desk.clock(WEEK_LATER)
    desk.note(server.url("/p.jpg"), 8)
    assert "0 new, 1 changed, 0 gone" in desk.build("--dry-run").output


def test_a_refused_build_asks_nobody(desk, server):
    for number in range(20):
        put(desk, number, "")
    desk.build()
    for number in range(20):
        desk.delete(f"{number}.md")
    put(desk, 99, server.url("/p.jpg"))
    assert "refused" in desk.build(code=3).output
    assert server.asked == []
    assert not (desk.folder / FOLDER / pictures.FILE).read_bytes().count(b"/p.jpg")


def test_many_open_files_are_no_trouble(desk, server):
    """`select` knows no descriptor from 1024 on."""
    server.pages["/p.jpg"] = picture()
    put(desk, 1, server.url("/p.jpg"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2000:
        pytest.skip("needs 2000 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            opened.enter_context(open(os.devnull))
        desk.build()
    assert said(desk) == {"/p.jpg": PNG}
