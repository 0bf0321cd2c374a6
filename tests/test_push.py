"""Hubs are told what changed: a real hub, real subscribers, real builds, and all that fails."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from feeds import push
from feeds.push import tell
from tests.conftest import tool
from tests.hub import Discovered, Hub, Subscriber, serving, signature
from tests.site import NOW, Site
from tests.test_serve import until

CONFIG = """\
site: {{title: Test, url: "{address}"}}
records: records
pages: {pages}
formats: [rss, atom, json]
hubs: [{hubs}]
feeds:
  - path: all
  - path: topics/{{topic}}
"""
AI = [f"topics/ai.{ending}" for ending in ("atom", "json", "rss")]
ALL = [f"all.{ending}" for ending in ("atom", "json", "rss")]
NAMED = [f"https://feeds.example.org/{number}.rss" for number in range(120)]
# Runs the command with what a test cannot wait for.
MAIN = (
    "import sys, feeds.push as push, feeds.store.untold as untold; {}; "
    "sys.argv[0] = 'feeds'; from feeds.__main__ import main; main()"
)
OURS = os.environ | {"PYTHONPATH": str(push.__file__).rpartition("/feeds/")[0]}
HURRIED = "push._WAITS = (0.05, 0.1)"
# By a minute, when what was left is due again.
LATER = "import time; now = time.time; time.time = lambda: now() + 90"


class Pushed(Site):
    """A site with hubs, at the address of the server that serves it."""

    def advertise(self, *hubs, address="https://feeds.example.org/", pages="false"):
        object.__setattr__(self, "address", address)
        named = ", ".join(f'"{hub}"' for hub in hubs)
        self.configure(CONFIG.format(address=address, hubs=named, pages=pages))

    def hurried(self, *args, how=HURRIED):
        """Run the command without its patience."""
        done = subprocess.run(
            [sys.executable, "-c", MAIN.format(how), *args],
            cwd=self.folder,
            env=os.environ
            | {"PYTHONPATH": str(push.__file__).rpartition("/feeds/")[0]},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def quiet(self, how=HURRIED, code=0):
        """Build as cron does; give what it mails."""
        done = self.hurried("build", "-q", "--now", NOW, how=how)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        return done.stderr

    def paths(self, hub):
        """Name the documents that a hub was told of."""
        return [one.removeprefix(self.address) for one in hub.told]


@pytest.fixture
def site(tmp_path):
    site = Pushed(tmp_path)
    site.write()
    return site


@pytest.fixture
def hub():
    with Hub().running() as hub:
        yield hub


@contextmanager
def a_hub(*faults):
    with Hub(*faults).running() as hub:
        yield hub


def refused():
    """An address where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}/"


def port_of(address):
    return int(address.rpartition(":")[2].strip("/"))


# From a record to a subscriber.


TYPES = {
    "all.rss": "application/rss+xml",
    "all.atom": "application/atom+xml",
    "all.json": "application/feed+json",
    "all.html": "text/html",
}


def test_subscribers_get_a_new_story_once(site, hub):
    with serving(site.folder / "output") as web, Subscriber().running() as reader:
        site.advertise(hub.address, address=web.address, pages="true")
        assert site.quiet() == ""
        for path in TYPES:
            found = reader.subscribe(f"{web.address}{path}", lease_seconds=90)
            assert found == Discovered(f"{web.address}{path}", [hub.address])
        hub.settle()
        assert reader.leases == {f"{web.address}{path}": 90 for path in TYPES}
        assert reader.got == []

        site.write("b.md", title="Something happened")
        for told in ([*TYPES], []):
            hub.pinged.clear()
            site.quiet()
            hub.settle()
            assert [path for path in site.paths(hub) if path in TYPES] == sorted(told)
        written = site.output()
        assert sorted(reader.got) == sorted(
            (f"{web.address}{path}", TYPES[path], written[path]) for path in TYPES
        )
        assert all(b"Something happened" in written[path] for path in TYPES)

        for path in TYPES:
            reader.subscribe(f"{web.address}{path}", mode="unsubscribe")
        hub.settle()
        site.write("b.md", published=False)
        site.quiet()
        hub.settle()
        assert len(reader.got) == len(TYPES)


def test_the_hub_of_these_tests_keeps_to_the_recommendation(site, hub):
    with serving(site.folder / "output") as web, ExitStack() as stack:
        reader, other, liar = (
            stack.enter_context(Subscriber().running()) for _ in range(3)
        )
        site.advertise(hub.address, address=web.address)
        site.quiet()
        for one in (reader, other, liar):
            one.subscribe(f"{web.address}all.rss")
            hub.settle()
        assert len(hub.subscriptions) == 3
        # Nobody is subscribed by others, and nobody is sent what the lease is over for.
        other.get = lambda path: (404, b"")
        other.path = "/else"
        other.subscribe(f"{web.address}all.rss")
        hub.settle()
        assert len(hub.subscriptions) == 3
        for one in hub.subscriptions.values():
            if one.callback.startswith(other.address):
                one.until = time.monotonic() - 1
            if one.callback.startswith(liar.address):
                one.secret = "another"
        site.write("b.md")
        site.quiet()
        hub.settle()
        assert [len(one.got) for one in (reader, other, liar)] == [1, 0, 0]
        # A known answer: RFC 4231, test case 2.
        assert signature("Jefe", b"what do ya want for nothing?") == (
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )


# What hubs are told.


def test_a_hub_is_told_of_what_changed_and_of_nothing_else(site, hub):
    site.advertise(hub.address)
    site.write("b.md", topics="[ML]")
    site.quiet()
    ml = [path.replace("ai", "ml") for path in AI]
    document = site.folder / "output/all.rss"
    assert site.paths(hub) == [*ALL, *AI, *ml]
    for edit, told in [
        (lambda: None, []),
        (lambda: site.write("b.md", topics="[ML]", title="Else"), [*ALL, *ml]),
        (lambda: site.write("b.md", topics="[ML]", title="Else"), []),
        (lambda: site.write("c.md", published=False), []),
        (lambda: site.write("b.md", topics="[AI]", title="Else"), [*ALL, *AI]),
        (document.touch, []),
        (lambda: document.write_text("x"), ["all.rss"]),
    ]:
        hub.pinged.clear()
        edit()
        assert site.quiet() == ""
        assert site.paths(hub) == told


def test_a_form_is_what_hubs_read(site, hub):
    site.advertise(hub.address)
    site.quiet()
    address = "https://feeds.example.org/all.atom"
    assert hub.pinged[0] == [
        ("hub.mode", "publish"),
        ("hub.url", address),
        ("hub.topic", address),
    ]


def test_pages_are_told_of_and_the_list_of_all_feeds_is_not(site, hub):
    site.advertise(hub.address, pages="true")
    site.quiet()
    pages = {path for path in site.paths(hub) if not path.endswith(("rss", "atom"))}
    assert pages == {"all.html", "topics/ai.html", "all.json", "topics/ai.json"}
    assert b'rel="hub"' not in site.output()["index.html"]


def test_new_hubs_are_told_of_everything_and_old_ones_are_forgotten(site, hub):
    gone = refused()
    site.advertise(gone)
    assert gone in site.quiet()
    site.advertise(hub.address)
    assert site.quiet() == ""
    assert site.paths(hub) == [*ALL, *AI]


@pytest.mark.parametrize("option", [["--dry-run"], ["--no-ping"]])
def test_nothing_is_told_where_it_is_not_wanted(site, hub, option):
    site.advertise(hub.address)
    assert site.build(*option).code == 0
    assert hub.pinged == []


def test_what_was_not_to_be_told_is_told_when_it_has_been_published(site, hub):
    site.advertise(hub.address)
    site.build("--no-ping")
    done = site.run("ping", "--changed")
    said = f"{hub.address}: took 6 addresses: 202 Accepted\n"
    assert (done.code, done.out, done.err) == (0, said, "")
    done = site.run("ping", "--changed")
    assert (done.code, done.out) == (0, "nothing that hubs have not taken\n")
    assert site.paths(hub) == [*ALL, *AI]


def test_a_build_that_fails_tells_nothing(site, hub):
    site.advertise(hub.address)
    site.quiet()
    hub.pinged.clear()
    site.write("a.md", published=False)
    (site.folder / "feeds.yaml").write_text("site: {}\n")
    site.quiet(code=2)
    assert hub.pinged == []


@pytest.mark.parametrize(
    ("host", "size", "field"),
    [
        ("pubsubhubbub.appspot.com", 50, "hub.url"),
        ("my-hub.superfeedr.com", 50, "hub.url[]"),
        ("switchboard.p3k.io", 50, "hub.url[]"),
        ("notsuperfeedr.com", 1, "hub.url"),
        ("hub.example.org", 1, "hub.url"),
    ],
)
def test_many_addresses_go_together_where_a_hub_takes_them(
    monkeypatch, hub, host, size, field
):
    hub.faults = [204] * len(NAMED)
    # All names lead to the hub here, as they do behind a proxy.
    monkeypatch.setenv("http_proxy", hub.address)
    monkeypatch.setattr(push, "_OPENER", push.build_opener(push._Redirects))
    said = list(tell({f"http://{host}/hub": NAMED}, 20))
    assert all(one.is_taken for one in said)
    assert hub.told == NAMED
    assert {name for form in hub.pinged for name, _ in form if "url" in name} == {field}
    assert max(len(one.addresses) for one in said) == size


# What goes wrong.


def test_a_hub_that_is_down_is_warned_of_once_and_told_later(site):
    down = refused()
    site.advertise(down)
    warning = (
        f"{down}: did not take 6 addresses: Connection refused;"
        " later builds try again, for a week\n"
    )
    assert site.quiet() == warning
    assert site.quiet() == ""
    site.write("b.md")
    assert site.quiet() == ""
    site.write("b.md", title="Else")
    # A person is told each time, as of a record that is rejected.
    assert site.hurried("build").stderr == warning
    with Hub(port=port_of(down)).running() as hub:
        assert site.quiet(how=f"{HURRIED}; {LATER}") == ""
        assert site.paths(hub) == [*ALL, *AI]
        hub.pinged.clear()
        site.quiet(how=LATER)
        assert hub.pinged == []
    site.write("b.md", title="Again")
    assert "Connection refused" in site.quiet()  # it had taken everything meanwhile


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([500], 7),
        ([503, None], 8),
        ([(429, b"", ("Retry-After", "0"))], 7),
        ([(408, b"")], 7),
    ],
    ids=str,
)
def test_what_passes_is_told_again_at_once(site, faults, told):
    with a_hub(*faults) as hub:
        site.advertise(hub.address)
        assert site.quiet() == ""
        assert len(hub.pinged) == told
        assert list(dict.fromkeys(site.paths(hub))) == [*ALL, *AI]


PLAIN = ("Content-Type", "text/plain; charset=utf-8")
ANSWERS = {
    "a page": ((403, b"<html>", ("Content-Type", "text/html")), "403 Forbidden"),
    "words": (
        (400, b"no such\n topic", PLAIN),
        "400 Bad Request: no such topic",
    ),
    "many words": ((404, b"x" * 9999, PLAIN), f"404 Not Found: {'x' * 200}"),
    "moved": (
        (301, b"", ("Location", "https://hub.example.org/")),
        "301 Moved Permanently: it is at https://hub.example.org/ now",
    ),
    "elsewhere": (
        (307, b"", ("Location", "http://localhost:1/")),
        "307 Temporary Redirect: it is at http://localhost:1/ now",
    ),
    "to a file": (
        (308, b"", ("Location", "file:///etc/passwd")),
        "308 Permanent Redirect: it is at file:///etc/passwd now",
    ),
    "nowhere": ((302, b""), "302 Found: it is at nowhere now"),
    "silence": ((None, b""), "Remote end closed connection without response"),
    "later": ((503, b"", ("Retry-After", "3600")), "503 Service Unavailable"),
    "rubbish": ((b"SSH-2.0-hub\r\n", b""), "SSH-2.0-hub"),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
def test_a_hub_that_refuses_is_quoted(monkeypatch, answer, words):
    monkeypatch.setattr(push, "_WAITS", (0.01, 0.01))
    with a_hub(*[answer] * 3) as hub:
        (said,) = tell({hub.address: ["https://feeds.example.org/all.rss"]}, 10)
    assert (said.words, said.is_taken) == (words, False)


def test_a_refusal_is_one_line_that_steers_no_terminal(site):
    with a_hub(*[(400, b"no\x1b[2J\nway", PLAIN)] * 6) as hub:
        site.advertise(hub.address)
        said = site.quiet()
        start = f"{hub.address}: did not take 6 addresses: 400 Bad Request: no"
        assert said.startswith(start)
        assert "\x1b" not in said
        assert said.count("\n") == 1


def test_what_one_address_is_refused_for_is_not_held_against_others(site):
    with a_hub((500, b"Topic not found", PLAIN), 500, 500, 202, 202, (400, b"")) as hub:
        site.advertise(hub.address)
        said = site.quiet()
        assert "did not take 2 of 6 addresses, the first all.atom: 500 Int" in said
        told = site.paths(hub)
        assert told == ["all.atom"] * 3 + [*ALL[1:], *AI]
        hub.pinged.clear()
        assert site.quiet() == ""
        assert site.paths(hub) == ["all.atom", AI[0]]


def test_a_feed_that_is_always_refused_is_no_news_whatever_else_is_taken(site):
    with a_hub() as hub:
        site.advertise(hub.address)
        refuse = [202] * 3 + [400] * 3  # of which the last nobody subscribes to
        hub.faults = refuse * 2
        assert "did not take 3 of 6 addresses" in site.quiet()
        site.write("b.md", topics="[ML]", title="x")
        hub.faults = [202] * 3 + [400] * 3 + [202] * 3
        assert site.quiet() == ""
        hub.faults = [400] * 3
        assert site.quiet(how=f"{HURRIED}; {LATER}") == ""


@pytest.mark.parametrize("status", [307, 308])
def test_a_hub_may_send_on_to_another_place_of_its_own(site, status):
    with a_hub() as there:
        away = (status, b"", ("Location", there.address))
        with a_hub(*[away] * 6) as hub:
            site.advertise(hub.address)
            assert site.quiet() == ""
            assert there.pinged == hub.pinged


def test_a_hub_that_sends_in_circles_is_left(site):
    with a_hub() as hub:
        hub.faults += [(307, b"", ("Location", hub.address))] * 50
        site.advertise(hub.address)
        assert "did not take 6 addresses: 307" in site.quiet()
        assert len(hub.pinged) < 10


@contextmanager
def dripping():
    """A hub whose answer never ends, and never stops either."""
    is_over = threading.Event()

    def answer():
        while not is_over.is_set():
            try:
                one, _ = server.accept()
            except TimeoutError:
                continue
            threading.Thread(target=send, args=[one], daemon=True).start()

    def send(one):
        with one:
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5000:
                    one.send(bytes([byte]))
                    if is_over.wait(0.02):
                        return
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            is_over.set()
            thread.join()


@contextmanager
def deaf():
    """A hub that takes what it is sent, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("slow", [deaf, dripping])
def test_a_build_ends_in_time_and_other_hubs_have_theirs(site, hub, slow):
    with slow() as address:
        site.advertise(address, hub.address)
        began = time.monotonic()
        said = site.quiet(how=f"{HURRIED}; push.BUILD = 1.0")
        assert time.monotonic() - began < 5
        assert said.startswith(
            f"{address}: did not take 6 addresses: no answer in time"
        )
        assert site.paths(hub) == [*ALL, *AI]


def test_a_hub_whose_name_cannot_be_looked_up_is_said_so(site):
    site.advertise("http://hub.invalid/")
    assert "http://hub.invalid/: did not take 6 addresses: " in site.quiet()


def test_certificates_are_looked_at(site, tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(tool("openssl"), "req", "-x509", "-nodes", "-newkey", "rsa:2048"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            # Since 3.13 Python wants to know what the key is for.
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", key, "-out", certificate, "-days", "2"),
        ],
        check=True,
        capture_output=True,
    )
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(certificate, key)
    with Hub() as hub:
        hub.socket = secured.wrap_socket(hub.socket, server_side=True)
        with hub.running():
            site.advertise(f"https://localhost:{hub.server_port}/")
            assert "self-signed certificate" in site.quiet()
            assert hub.pinged == []
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert site.quiet(how=LATER) == ""
            assert len(hub.pinged) == 6


# What is remembered; see also test_untold.


def state(site):
    (file,) = (site.folder / ".feeds").glob("*.untold")
    return file


def test_a_file_that_is_damaged_is_begun_anew(site, hub):
    site.advertise(hub.address)
    site.quiet()
    hub.pinged.clear()
    state(site).write_bytes(state(site).read_bytes()[:-9])
    assert site.quiet() == ""
    assert hub.pinged == []
    site.write("b.md")
    assert site.quiet() == ""
    assert site.paths(hub) == [*ALL, *AI]


def test_a_file_that_cannot_be_written_fails_no_build_that_has_been_done(site, hub):
    site.advertise(hub.address)
    site.quiet()
    state(site).unlink()
    state_folder = site.folder / ".feeds"
    obstacle = next(state_folder.glob("*.db")).with_suffix(".untold")
    (obstacle / "x").mkdir(parents=True)
    before = site.output()
    site.write("b.md")
    said = site.quiet(code=1)
    assert f"{obstacle.name}: cannot be used: " in said
    assert site.output() == before
    (obstacle / "x").rmdir()
    obstacle.rmdir()
    hub.pinged.clear()
    assert site.quiet() == ""
    assert site.paths(hub) == [*ALL, *AI]


DIE = "import os; die = lambda *given: os.kill(os.getpid(), 9); "
KILLED = {
    "before it tells": f"{DIE}push.deliver = die",
    "before it commits": f"{DIE}from feeds.store import Ledger; Ledger.finish = die",
    "before it notes": f"{DIE}untold.Untold.note = die",
}


@pytest.mark.parametrize("how", KILLED.values(), ids=KILLED)
def test_what_a_killed_build_changed_is_told_by_the_next(site, hub, how):
    site.advertise(hub.address)
    site.quiet()
    site.write("b.md")
    site.write("c.md", topics="[ML]")
    hub.pinged.clear()
    site.quiet(how=how, code=-signal.SIGKILL)
    assert hub.pinged == []
    assert b"Title of b.md" in site.output()["all.rss"]
    assert site.quiet(how=LATER) == ""
    ml = [path.replace("ai", "ml") for path in AI]
    assert site.paths(hub) == [*ALL, *AI, *ml]
    hub.pinged.clear()
    site.quiet(how=LATER)
    assert hub.pinged == []


def test_two_builds_do_not_tell_the_same_twice(site):
    is_asked, may_answer = threading.Event(), threading.Event()

    def slowly():
        is_asked.set()
        assert may_answer.wait(10)
        return 202

    with a_hub(slowly) as hub:
        site.advertise(hub.address)
        first = site.start("build", "-q")
        assert is_asked.wait(10)
        site.write("b.md", topics="[ML]")  # changes what the first is telling of, too
        assert site.quiet() == ""
        ml = [path.replace("ai", "ml") for path in AI]
        assert site.paths(hub) == ["all.atom", *ALL, *ml]
        may_answer.set()
        assert first.wait(10) == 0
        assert first.communicate() == ("", "")
        assert sorted(site.paths(hub)) == sorted([*ALL, *ALL, *AI, *ml])
        hub.pinged.clear()
        site.quiet(how=LATER)
        assert hub.pinged == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_build_that_waits_for_a_hub(site, how):
    with deaf() as address:
        site.advertise(address)
        process = site.start("build", "-q")
        until((site.folder / "output/all.rss").exists)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(how)
        assert process.wait(10) == 128 + how
        assert time.monotonic() - began < 1
        assert process.communicate() == ("", "")


def test_watching_tells_of_each_change_and_warns_once(site, hub):
    down = refused()
    site.advertise(hub.address, down)
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN.format(HURRIED), "build", "-q", "--watch"],
        cwd=site.folder,
        env=OURS,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: len(hub.pinged) == 6)
        for number in (1, 2):
            site.write("b.md", title=f"Number {number}")
            until(lambda done=6 * number + 6: len(hub.pinged) == done)
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
    assert err.count("\n") == err.count(down) == 1


# By hand.


def test_ping_tells_of_all_feeds_or_of_those_named(site, hub):
    site.advertise(hub.address)
    site.build()
    for names, told in [
        ([], [*ALL, *AI]),
        (["all"], ALL),
        (["topics/ai", "all.rss"], ["all.rss", *AI]),
        (["https://feeds.example.org/all.json"], ["all.json"]),
    ]:
        hub.pinged.clear()
        done = site.run("ping", *names)
        assert site.paths(hub) == told
        many = "1 address" if len(told) == 1 else f"{len(told)} addresses"
        said = f"{hub.address}: took {many}: 202 Accepted\n"
        assert (done.code, done.out, done.err) == (0, said, "")


def test_ping_says_what_is_refused(site, hub):
    down = refused()
    site.advertise(hub.address, down)
    site.build("--no-ping")
    done = site.hurried("ping", "all")
    assert done.returncode == 1
    assert done.stdout == f"{hub.address}: took 3 addresses: 202 Accepted\n"
    assert done.stderr == f"{down}: did not take 3 addresses: Connection refused\n"
    # What has been told by hand, the next build need not tell.
    hub.pinged.clear()
    site.quiet()
    assert site.paths(hub) == AI


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nix"], "nix: no such feed, expected one that `feeds list` shows"),
        (["--changed", "all"], "--changed names the feeds itself, give no PATH"),
    ],
)
def test_ping_says_what_is_wrong_with_its_names(site, hub, args, said):
    site.advertise(hub.address)
    site.build()
    hub.pinged.clear()
    done = site.run("ping", *args)
    assert done.code == 2
    assert said in done.err
    assert hub.pinged == []


def test_ping_needs_hubs_and_feeds(site):
    site.configure()
    done = site.run("ping")
    assert (done.code, done.out) == (2, "")
    assert done.err == "feeds.yaml: hubs: missing, expected a list of addresses\n"
    site.advertise("https://hub.example.org/")
    done = site.run("ping")
    assert (done.code, done.out) == (2, "")
    assert "no feeds yet; `feeds build` writes them" in done.err


def test_ping_knows_the_feeds_without_a_state(site, hub):
    site.advertise(hub.address)
    site.build()
    shutil.rmtree(site.folder / ".feeds")
    hub.pinged.clear()
    assert site.run("ping").code == 0
    assert site.paths(hub) == [*ALL, *AI]
    hub.pinged.clear()
    assert site.quiet() == ""
    assert hub.pinged == []


@pytest.mark.parametrize("hubs", [[], ["http://127.0.0.1:9/"]], ids=["none", "one"])
def test_nothing_of_it_is_imported_where_there_is_nothing_to_tell(site, hubs):
    site.advertise(*hubs)
    site.build("--no-ping")
    for file in (site.folder / ".feeds").glob("*.untold"):
        file.unlink()
    look = "print({'feeds.push', 'urllib.request', 'ssl'} & set(sys.modules))"
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            f"import sys, atexit; atexit.register(lambda: {look});"
            " sys.argv[0] = 'feeds'; from feeds.__main__ import main; main()",
            *("build", "-q"),
        ],
        cwd=site.folder,
        env=OURS,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
    assert len([*(site.folder / ".feeds").glob("*.untold")]) == len(hubs)
