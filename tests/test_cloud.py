"""Records and documents at stores: what a folder of this machine comes to, and no more asked."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from random import Random

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds import build as steps
from feeds import config, unpack
from feeds.remote import system
from feeds.remote.url import url
from feeds.store import Store
from feeds.survey import survey
from tests import cloud as stores
from tests.cloud import HUSH, Cloud, CloudDesk
from tests.hub import Hub
from tests.site import CONFIG
from tests.strategies import (
    MANY_BUILDS,
    SITES,
    configurations,
    edits,
    file_bytes,
    file_text,
    libraries,
    run,
    tree,
)
from tests.test_cluster import a_cluster
from tests.test_read import PACKED, packed

SETTINGS = {
    "site": SITES[0],
    "records": "records",
    "defaults": {"status": "any"},
    "feeds": [{"path": "all"}, {"path": "topics/{topic}"}],
}


def a_story(number=1, **fields):
    given = {
        "title": f"Story {number}",
        "webUrl": f"https://a.example/{number}",
        "publishedDateTime": "2025-12-20",
        "published": True,
        "topics": ["AI"],
    }
    return {**given, **fields}


def library(count):
    return {f"{number:04}.md": a_story(number) for number in range(count)}


def check(desk):
    """Build here and there, and see that it is the same; then that it is quiet."""
    desk.mirror()
    desk.build("--force", "-q")
    run("build", "-c", desk.there, "--now", desk.now, "--force", "-q")
    assert desk.published() == tree(desk.output)
    before = stamps(desk.cloud)
    again = run("build", "-c", desk.there, "--now", desk.now, "--force")
    assert "nothing changed" in again.output or "no records" in again.output
    assert stamps(desk.cloud) == before


def stamps(cloud):
    cloud.system.invalidate_cache()
    found = cloud.system.find(f"{cloud.root}/output", detail=True)
    return {
        name: (one.get("LastModified"), one.get("created"), one["size"])
        for name, one in found.items()
    }


@pytest.fixture(autouse=True)
def nothing_is_too_young(monkeypatch):
    """A store in memory tells versions apart by time; waiting for them would hide bugs."""
    monkeypatch.setattr(system, "_YOUNG", 0)


@pytest.fixture
def memory():
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield Cloud("memory://site")
    fs.store.clear()


@pytest.fixture(scope="module")
def relay():
    stores.needed()
    environment = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": HUSH,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_RETRY_MODE": "standard",
        "AWS_MAX_ATTEMPTS": "2",
        "FSSPEC_S3": '{"config_kwargs": {"read_timeout": 1}}',
    }
    with stores.moto() as port, pytest.MonkeyPatch.context() as patch:
        relay = stores.Relay(port)
        threading.Thread(target=relay.serve_forever, args=[0.05]).start()
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL_S3", relay.address)
        patch.setitem(fsspec.config.conf, "s3", {"config_kwargs": {"read_timeout": 1}})
        yield relay
        stores.end_of_threads()
        relay.shutdown()
        relay.server_close()


BUCKETS = count(1)


@pytest.fixture
def bucket(relay):
    name = f"bucket-{next(BUCKETS)}"
    cloud = Cloud(f"s3://{name}/site")
    cloud.system.mkdir(name)
    with relay.watched():
        yield cloud


@pytest.fixture
def desk(bucket, tmp_path):
    return CloudDesk(tmp_path, SETTINGS, library(3), bucket)


def build(desk, *options, code=0):
    place = ["-c", desk.there, "--now", desk.now]
    result = run("build", *place, *options)
    assert result.exit_code == code, result.output
    return result


def there(path):
    """Name what a request was about, below the folder of the site."""
    return path.partition("?")[0].partition("/site/")[2]


# The law


@settings(
    MANY_BUILDS,
    max_examples=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    configurations,
    libraries,
    st.lists(st.lists(edits, min_size=1, max_size=2), min_size=1, max_size=3),
)
def test_a_store_gets_what_a_folder_gets(configuration, library, days):
    fsspec.filesystem("memory").store.clear()
    with tempfile.TemporaryDirectory() as folder:
        desk = CloudDesk(folder, configuration, library, Cloud("memory://site"))
        check(desk)
        for day in days:
            for edit in day:
                desk.edit(*edit)
            if desk.library:
                check(desk)


def test_where_a_put_is_not_whole_a_document_is_moved_into_place(
    memory, tmp_path, monkeypatch
):
    monkeypatch.setattr(system, "_WHOLE", frozenset())
    moved = []
    real = type(memory.system).mv
    monkeypatch.setattr(
        type(memory.system), "mv", lambda fs, *how: moved.append(how) or real(fs, *how)
    )
    check(CloudDesk(tmp_path, SETTINGS, library(2), memory))
    assert ("/site/output/topics/.feeds-ai.rss", "/site/output/topics/ai.rss") in moved


EDITS = [
    ("put", "0007.md", a_story(7, topics=["ML"])),
    ("change", "0001.md", "title", "Other"),
    ("rename", "0001.md", "deep/b.md"),
    ("put", "all.json", [a_story(8), a_story(9)]),
    ("lose state",),
    ("delete", "0002.md"),
    ("configure", SETTINGS | {"feeds": [{"path": "all"}], "pages": True}),
    ("put", "all.json", [a_story(8)]),
    ("configure", SETTINGS | {"formats": ["json"], "cache_seconds": 60}),
]


def test_a_bucket_gets_what_a_folder_gets(desk):
    check(desk)
    for edit in EDITS:
        desk.edit(*edit)
        check(desk)


def test_archives_and_addresses_of_old_lie_there_too(desk):
    feeds = [{"path": "all", "archive": "monthly", "also": ["old"]}]
    desk.configure(
        {**SETTINGS, "feeds": feeds, "defaults": {"limit": 1}, "pages": True}
    )
    for number in range(5):
        desk.put(
            f"{number:04}.md",
            a_story(number, publishedDateTime=f"2025-0{number + 1}-01"),
        )
    check(desk)
    assert {"old.rss", "all@2025-03.rss"} <= desk.published().keys()
    desk.change("0002.md", "publishedDateTime", "2025-07-01")
    check(desk)
    desk.configure({**SETTINGS, "feeds": [{"path": "all"}]})
    check(desk)


def test_hubs_are_told_of_what_was_put_and_of_nothing_else(desk):
    with Hub().running() as hub:
        desk.configure({**SETTINGS, "hubs": [hub.address]})
        for edit, told in [
            (lambda: None, ["all.atom", "all.rss", "topics/ai.atom", "topics/ai.rss"]),
            (lambda: None, []),
            (lambda: desk.put("0.md", desk.library["0000.md"]), []),
            (lambda: desk.put("9.md", a_story(9, topics=[])), ["all.atom", "all.rss"]),
            (desk.lose_state, []),
        ]:
            edit()
            desk.mirror()
            hub.pinged.clear()
            build(desk)
            paths = [one.partition(".org/")[2] for one in hub.told]
            assert sorted(set(paths)) == told


def test_workers_of_a_cluster_read_there(desk, tmp_path_factory):
    desk.configure(
        {**SETTINGS, "feeds": [*SETTINGS["feeds"], {"path": "few", "limit": 3}]}
    )
    for number in range(40):
        desk.put(
            f"{number % 3}/{number:04}.md", a_story(number, topics=[f"T{number % 5}"])
        )
    desk.put("all.jsonl", [a_story(number) for number in range(30, 60)])
    desk.put("bad.md", "---\ntitle: x\nquality: high\n---\n")
    desk.mirror()
    with a_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        where = ["-c", desk.there, "--now", desk.now, "--cluster", cluster.address]
        done = subprocess.run(
            [sys.executable, "-m", "feeds", "build", *where],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    (complaint,) = done.stderr.splitlines()
    assert complaint.startswith(f"{desk.cloud.url}/records/bad.md:2: webUrl: missing")
    alone = desk.build("--force")
    assert done.stdout.endswith(alone.output.splitlines()[-1] + "\n")
    assert desk.published() == tree(desk.output)


# What is asked for


def test_nothing_is_read_or_put_when_nothing_changed(desk, relay):
    desk.mirror()
    build(desk)
    relay.asked.clear()
    assert "nothing changed" in build(desk).output
    listings = [
        path.partition("prefix=")[2].partition("&")[0] for _, path in relay.asked
    ]
    assert [method for method, _path in relay.asked] == ["GET", "GET"]
    assert sorted(listings) == ["site/output/", "site/records/"]


def test_only_what_changed_is_read_and_put(desk, relay):
    desk.put("b.md", a_story(8, topics=["ML"]))
    desk.mirror()
    build(desk)
    desk.change("b.md", "title", "Other")
    desk.mirror()
    relay.asked.clear()
    build(desk)
    assert [there(path) for path in relay.of("GET") if "?" not in path] == [
        "records/b.md"
    ]
    assert sorted(map(there, relay.of("PUT"))) == [
        "output/all.atom",
        "output/all.rss",
        "output/topics/ml.atom",
        "output/topics/ml.rss",
    ]


def test_what_was_put_is_known_by_the_next_build(desk, relay):
    desk.configure({**SETTINGS, "pages": True})
    desk.mirror()
    build(desk)
    desk.change("0001.md", "title", "Other")
    desk.mirror()
    build(desk)
    relay.asked.clear()
    said = build(desk, "-v").output
    assert said == "3 records read, 0 drafts; nothing changed in 2 feeds\n"
    assert len(relay.asked) == 2


def test_pages_are_put_after_feeds_and_removals_come_last(desk, relay):
    desk.configure({**SETTINGS, "pages": True})
    desk.mirror()
    build(desk)
    desk.library["0001.md"] = a_story(1, topics=["ML"])
    for name in ("0000.md", "0001.md", "0002.md"):
        desk.put(name, a_story(int(name[:4]), topics=["ML"]))
    desk.mirror()
    relay.asked.clear()
    build(desk)
    puts = [there(path) for path in relay.of("PUT")]
    kinds = [1 if name.endswith((".html", ".opml")) else 0 for name in puts]
    assert kinds == sorted(kinds) and set(kinds) == {0, 1}
    assert {"output/index.html", "output/feeds.opml"} <= {*puts[-2:]}
    assert {there(path) for path in relay.of("DELETE")} == {
        f"output/topics/ai.{ending}" for ending in ("rss", "atom", "html")
    }
    last = [method for method, _path in relay.asked][-3:]
    assert last == ["DELETE"] * 3


def test_a_document_says_what_it_is_and_how_long_it_holds(desk):
    desk.configure(
        {**SETTINGS, "pages": True, "cache_seconds": 300, "formats": ["rss", "json"]}
    )
    desk.mirror()
    build(desk)
    types = {
        "all.rss": "application/rss+xml; charset=utf-8",
        "all.json": "application/feed+json",
        "all.html": "text/html; charset=utf-8",
        "feeds.opml": "text/x-opml; charset=utf-8",
        "feeds.css": "text/css; charset=utf-8",
    }
    for name, media_type in types.items():
        said = head(desk, name)
        assert said["ContentType"] == media_type
        assert said["CacheControl"] == "public, max-age=300"


def head(desk, name):
    cloud = desk.cloud
    bucket, key, _ = cloud.system.split_path(f"{cloud.root}/output/{name}")
    return cloud.system.call_s3("head_object", Bucket=bucket, Key=key)


def test_another_cache_time_is_said_of_every_document(desk):
    desk.mirror()
    build(desk)
    assert "CacheControl" not in head(desk, "all.rss")
    desk.configure({**SETTINGS, "cache_seconds": 60})
    build(desk)
    assert head(desk, "all.rss")["CacheControl"] == "public, max-age=60"
    assert "nothing changed" in build(desk).output


def test_a_lost_state_costs_one_reading_of_the_documents_and_no_put(desk, relay):
    desk.mirror()
    build(desk)
    desk.lose_state()
    relay.asked.clear()
    assert "nothing changed" in build(desk).output
    read = [there(path) for path in relay.of("GET") if "?" not in path]
    assert sorted(one for one in read if one.startswith("output/")) == [
        f"output/{name}.{ending}"
        for name in ("all", "topics/ai")
        for ending in ("atom", "rss")
    ]
    assert relay.of("PUT") == []
    relay.asked.clear()
    build(desk)
    assert len(relay.asked) == 2


def test_a_bucket_is_listed_in_pages(desk, relay, monkeypatch):
    assert system._PAGE == 1000
    monkeypatch.setattr(system, "_PAGE", 10)
    desk.cloud.put("records/a.none", b"")
    for number in range(24):
        desk.put(f"{number:04}.md", a_story(number))
    desk.mirror()
    relay.asked.clear()
    assert "24 records read" in build(desk).output
    listed = [path for path in relay.of("GET") if "prefix=site/records" in path]
    assert len(listed) == 3


def test_several_are_read_and_put_at_once_and_not_too_many(desk, relay):
    for number in range(60):
        desk.put(f"{number:04}.md", a_story(number, topics=[f"T {number}"]))
    desk.mirror()
    relay.fault = lambda _method, path: None if "?" in path else 0.02
    relay.most_at_once = 0
    build(desk)
    assert 4 < relay.most_at_once <= 16


# What a build did not make


def test_what_no_build_made_is_left_alone(desk):
    desk.mirror()
    build(desk)
    desk.cloud.put("output/other.rss", b"<rss>mine</rss>")
    desk.cloud.put("output/topics/ai.rss", b"<rss>mine</rss>")
    desk.configure({**SETTINGS, "feeds": [{"path": "all"}]})
    build(desk)
    assert sorted(desk.published()) == [
        "all.atom",
        "all.rss",
        "other.rss",
        "topics/ai.rss",
    ]


@pytest.mark.parametrize("state", ["kept", "lost"])
def test_what_was_spoilt_or_is_missing_is_put_again(desk, state):
    desk.mirror()
    build(desk)
    good = desk.published()
    desk.cloud.put("output/all.rss", good["all.rss"].replace(b"Story", b"Stori"))
    desk.cloud.delete("output/all.atom")
    if state == "lost":
        desk.lose_state()
    assert "1 feed written" in build(desk).output
    assert desk.published() == good


def test_a_drop_is_refused(desk):
    for number in range(20):
        desk.put(f"{number:04}.md", a_story(number))
    desk.mirror()
    build(desk)
    good = desk.published()
    for number in range(15):
        desk.delete(f"{number:04}.md")
    desk.mirror()
    assert (
        "refused: this build would take away 15 of 20 records"
        in build(desk, code=3).output
    )
    assert desk.published() == good
    build(desk, "--force")
    assert desk.published() != good


# Faults

SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code>"
    b"<Message>Please reduce your request rate.</Message></Error>"
)
AT = {
    "the records' list": ("GET", "prefix=site/records", "cannot be listed"),
    "a record": ("GET", "site/records/0001.md", "cannot be read"),
    "the documents' list": ("GET", "prefix=site/output", "cannot be listed"),
    "a feed": ("PUT", "site/output/all.rss", "cannot be written"),
    "a page": ("PUT", "site/output/all.html", "cannot be written"),
    "a removal": ("DELETE", "site/output/topics/ai.rss", "cannot be removed"),
}


def failing(where, fault, times=1 << 30):
    """Make a fault that befalls some requests, so many times."""
    method, part, _what = where
    left = count(1)

    def befallen(asked, path):
        return (
            fault if asked == method and part in path and next(left) <= times else None
        )

    return befallen


def edited(desk):
    """Build, then leave much to do: a record to read, feeds to write and to remove."""
    desk.configure({**SETTINGS, "pages": True})
    desk.mirror()
    build(desk)
    for number in range(3):
        desk.put(f"{number:04}.md", a_story(number, topics=["ML"], title="Other"))
    desk.mirror()
    return desk.published()


def heals(desk):
    """See that the next build makes up for all; what is put already stays as it is."""
    before, marks = desk.published(), stamps(desk.cloud)
    build(desk)
    desk.build("--force", "-q")
    after = tree(desk.output)
    assert desk.published() == after
    now = stamps(desk.cloud)
    for name, content in after.items():
        if before.get(name) == content:
            at = f"{desk.cloud.root}/output/{name}"
            assert now[at] == marks[at], name


EACH_AT = pytest.mark.parametrize("where", AT.values(), ids=AT)
A_FEED = AT["a feed"]


@pytest.mark.parametrize("fault", [503, "cut"])
@EACH_AT
def test_a_fault_that_passes_is_nothing_to_speak_of(desk, relay, where, fault):
    edited(desk)
    relay.fault = failing(where, fault, 1)
    relay.asked.clear()
    assert "Other" not in build(desk).output
    desk.build("--force", "-q")
    assert desk.published() == tree(desk.output)
    assert (
        sum(where[0] == method and where[1] in path for method, path in relay.asked) > 1
    )


@pytest.mark.parametrize("fault", [503, "cut"])
@EACH_AT
def test_a_fault_that_stays_ends_the_build_and_the_next_one_heals(
    desk, relay, where, fault
):
    before = edited(desk)
    relay.fault = failing(where, fault)
    said = build(desk, code=1).output
    assert f"s3://{desk.cloud.root}" in said and where[2] in said
    assert HUSH not in said
    relay.fault = lambda _method, _path: None
    after = desk.published()
    assert before.keys() <= after.keys() or where[0] == "DELETE"
    for name, content in after.items():
        assert content == before.get(name) or content.rstrip().endswith((b">", b"}"))
    heals(desk)


def test_a_list_that_breaks_off_takes_nothing_for_gone(desk, relay, monkeypatch):
    monkeypatch.setattr(system, "_PAGE", 10)
    for number in range(24):
        desk.put(f"{number:04}.md", a_story(number))
    desk.mirror()
    build(desk)
    before = desk.published()
    for fault in ("cut", 503, 404):
        relay.fault = failing(("GET", "continuation-token", ""), fault)
        assert "records: cannot be listed" in build(desk, "--force", code=1).output
    relay.fault = lambda _method, _path: None
    assert "nothing changed" in build(desk).output
    assert desk.published() == before


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (SLOW_DOWN, "Please reduce your request rate."),
        (403, "Forbidden"),
        (1.5, "Read timeout on endpoint URL: "),
    ],
    ids=["too fast", "forbidden", "silent"],
)
def test_why_a_store_fails_is_said(desk, relay, fault, why):
    edited(desk)
    relay.fault = failing(A_FEED, fault)
    said = build(desk, code=1).output
    name = f"s3://{desk.cloud.root}/output/all.rss"
    assert said.startswith(f"{name}: cannot be written: {why}")
    assert said.count("\n") == 1 and HUSH not in said
    relay.fault = lambda _method, _path: None
    # What was sent and never answered may still be put.
    before = None
    while before != (before := stamps(desk.cloud)):
        time.sleep(1.5)
    heals(desk)


# What people do wrong, and what other commands say


def test_a_bucket_that_is_not_there_is_told_of(desk, relay):
    text = desk.there.read_text("utf-8")
    bucket = desk.cloud.root.partition("/")[0]
    desk.there.write_text(
        text.replace(f"{bucket}/site/records", "nowhere/news"), "utf-8"
    )
    assert build(desk, code=2).output == (
        f"{desk.there}:6: records: s3://nowhere/news is missing,"
        " expected a folder of records\n"
    )
    desk.mirror()
    desk.there.write_text(
        text.replace(f"{bucket}/site/output", "nowhere/feeds"), "utf-8"
    )
    said = build(desk, code=1).output
    assert said == "s3://nowhere/feeds: is missing, make it first\n"


@pytest.mark.parametrize("command", ["check", "list", "stats", "explain", "dry-run"])
def test_other_commands_read_there_too(desk, relay, command):
    desk.put("bad.md", "---\ntitle: x\nquality: high\n---\n")
    desk.mirror()
    records = f"{desk.cloud.url}/records"
    words = {
        "explain": ["explain", f"{records}/0001.md"],
        "dry-run": ["build", "--dry-run"],
    }
    place = ["-c", desk.there, "--now", desk.now]
    result = run(*words.get(command, [command]), *place)
    expected = {
        "check": f"{records}/bad.md:2: webUrl: missing",
        "list": "topics/ai",
        "stats": "3 records",
        "explain": "all: in (2 of 3)\ntopics/ai: in (2 of 3)\n",
        "dry-run": "topics/ai: 3 new, 0 changed, 0 gone",
    }
    assert expected[command] in result.output
    assert relay.of("PUT") == relay.of("PUT") and desk.published() == {}


def test_a_dry_run_compares_with_what_stands_there(desk, relay):
    desk.mirror()
    build(desk)
    assert build(desk, "--dry-run").output == "subscribers would see nothing new\n"
    desk.change("0001.md", "title", "Other")
    desk.mirror()
    before = desk.published()
    assert "  ~ Other\n" in build(desk, "--dry-run").output
    assert desk.published() == before


@pytest.mark.parametrize("command", [["serve"], ["build", "--watch"]], ids="-".join)
def test_nobody_waits_for_changes_at_a_store(memory, tmp_path, command):
    pytest.importorskip("watchfiles")
    desk = CloudDesk(tmp_path, SETTINGS, library(1), memory)
    result = run(*command, "-c", desk.there)
    assert result.exit_code == 2
    assert result.output == (
        "memory://site/records: nothing tells of changes there;"
        " run feeds build from cron or a timer\n"
    )
    result = run(*command, "-c", tmp_path / "feeds.yaml", "-o", "memory://site/o")
    assert result.output.startswith("memory://site/o: nothing tells of changes there;")


MISTAKES = {
    "s3://key:hush/1@bucket/x": "an address with a password, expected none:"
    " it comes from the environment",
    "https://x.example/?X-Amz-Signature=hush": "an address with a password, expected"
    " none: it comes from the environment",
    "file:///srv/news": "a path of this machine, expected it without file://",
    "simplecache::s3://bucket/x": "no address of a store, expected an address such as"
    " s3://bucket/folder/",
    "S3://bucket/x": "no address of a store, expected an address such as"
    " s3://bucket/folder/",
    "s3://": "an address of nothing, expected an address such as s3://bucket/folder/",
    "s3://b*/x": "a wildcard before the first folder, expected an address such as"
    " s3://bucket/folder/",
    "s3://bucket/../x": 'an address with "." or "..", expected a plain one',
}


@pytest.mark.parametrize("key", ["records", "output", "-o"])
@pytest.mark.parametrize("address", MISTAKES)
def test_a_wrong_address_is_told_without_quoting_it(memory, tmp_path, key, address):
    desk = CloudDesk(tmp_path, SETTINGS, library(1), memory)
    if key == "-o":
        given = ["-o", address]
        where = "-o"
    else:
        desk.configure({**SETTINGS, key: address})
        where, given = (
            f"{tmp_path}/feeds.yaml:{6 if key == 'records' else 22}: {key}",
            [],
        )
        where = where if key == "records" else f": {key}"
    result = run("build", "-c", tmp_path / "feeds.yaml", *given)
    assert result.exit_code == 2
    assert f"{where}: {MISTAKES[address]}\n" in result.output
    assert "hush" not in result.output


def test_an_output_can_be_written_to(memory, tmp_path):
    desk = CloudDesk(tmp_path, SETTINGS, library(1), memory)
    for address, why in {
        "https://x.example/feeds": "https:// can only be read",
        "s3://bucket/*/feeds": "an address with a wildcard, expected one folder",
    }.items():
        result = run("build", "-c", desk.there, "-o", address)
        assert result.exit_code == 2 and f"-o: {why}" in result.output


def test_records_lie_beside_the_output(memory, tmp_path):
    desk = CloudDesk(tmp_path, SETTINGS, library(1), memory)
    result = run("build", "-c", desk.there, "-o", "memory://site")
    assert result.exit_code == 2
    assert "records: memory://site/records lies in the output, expected it beside" in (
        result.output
    )


def test_an_output_among_the_records_is_passed_over(memory, tmp_path):
    settings = {**SETTINGS, "formats": ["json"]}
    desk = CloudDesk(tmp_path, settings, library(2), memory)
    text = desk.there.read_text("utf-8")
    desk.there.write_text(
        text.replace("memory://site/records", "memory://site"), "utf-8"
    )
    desk.mirror()
    assert "2 records read, 0 drafts; 2 feeds written" in build(desk).output
    assert "2 records read, 0 drafts; nothing changed" in build(desk).output


@pytest.mark.parametrize(
    ("address", "missing", "said"),
    [
        (
            "s3://bucket/news",
            "s3fs",
            "s3:// needs s3fs, the extra feeds[s3]: pip install 's3fs>=2025.3'",
        ),
        (
            "gs://bucket/news",
            "gcsfs",
            "gs:// needs gcsfs, the extra feeds[gcs]: pip install 'gcsfs>=2025.3'",
        ),
        (
            "memory://news",
            "fsspec",
            "memory:// needs fsspec: pip install 'fsspec>=2025.3'",
        ),
        ("nothing://news", "", "nothing:// is none that fsspec knows"),
    ],
    ids=["s3", "gs", "fsspec", "unknown"],
)
@pytest.mark.parametrize("key", ["records", "output"])
def test_a_missing_extra_is_one_clear_message(
    site, monkeypatch, address, missing, said, key
):
    registered = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(registered, address.partition(":")[0], raising=False)
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    site.configure(
        CONFIG.replace("records: records\n", "")
        + (
            f"records: {address}\n"
            if key == "records"
            else f"records: records\noutput: {address}\n"
        )
    )
    result = run("build", "-c", site.folder / "feeds.yaml")
    assert result.exit_code == 2
    assert said in result.output and result.output.count("\n") == 1


def test_who_has_no_address_imports_nothing_for_it(site):
    program = (
        "import sys; from feeds.cli import commands\n"
        "try: commands(['build', '-q'])\n"
        "except SystemExit as end: assert not end.code\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=site.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found = set(done.stdout.split())
    assert "feeds.build" in found
    wrong = {one for one in found if one.startswith("feeds.remote.")}
    assert wrong == {"feeds.remote.url"}
    assert not found & {"fsspec", "s3fs", "aiohttp", "backports.zstd"}


def test_a_second_build_waits_for_the_first(desk, relay):
    desk.mirror()
    build(desk)
    file, store = config.load(desk.there), url(f"{desk.cloud.url}/output")
    with steps.target(store, file, Store(desk.there, store)).locked(0):
        said = build(desk, "--wait", "0.1", code=75).output
    assert said == f"{store}: another build holds it, gave up after 0.1 s\n"
    build(desk)


def test_the_secret_of_a_store_is_written_nowhere(desk, tmp_path, relay):
    desk.mirror()
    report = tmp_path / "report.json"
    build(desk, "-v", "--report", report)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert report in files
    assert not [file for file in files if HUSH.encode() in file.read_bytes()]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("memory://site/records", ["a.md", "deep/c.txt", "deep/er/d.md"]),
        ("memory://site/records/", ["a.md", "deep/c.txt", "deep/er/d.md"]),
        ("memory://site/records/a.md", ["a.md"]),
        ("memory://site/records/*.md", ["a.md"]),
        ("memory://site/records/*", ["a.md", "deep/c.txt", "deep/er/d.md"]),
        ("memory://site/records/**/*.md", ["a.md", "deep/er/d.md"]),
        ("memory://site/records/d??p", ["deep/c.txt", "deep/er/d.md"]),
        ("memory://site/records/.h*/*.md", [".hidden/e.md"]),
        (
            ["memory://site/records/*.md", "memory://site/records"],
            ["a.md", "deep/c.txt", "deep/er/d.md"],
        ),
    ],
    ids=str,
)
def test_a_source_at_a_store_is_a_folder_a_file_or_a_glob(
    memory, tmp_path, sources, expected
):
    for name in (
        "a.md",
        "deep/c.txt",
        "deep/er/d.md",
        ".hidden/e.md",
        "a.jpg",
        "deep/.f.md",
    ):
        memory.put(f"records/{name}", file_text("a.md", a_story()))
    memory.put("records2/a.md", b"")
    desk = CloudDesk(tmp_path, {**SETTINGS, "records": sources}, {}, memory)
    given = config.load(tmp_path / "feeds.yaml")
    found = survey(given, desk.output, {}, 1)
    assert found.files() == [f"memory://site/records/{name}" for name in expected]


@pytest.fixture
def pages(tmp_path, relay):
    """A web server that lists its folders, and says when a file changed."""
    pytest.importorskip("aiohttp")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Be quiet."""

    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=served))
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    yield served, f"http://127.0.0.1:{server.server_port}"
    stores.end_of_threads()
    server.shutdown()
    server.server_close()


def test_records_are_read_from_pages_that_list_them(pages, site, monkeypatch):
    served, address = pages
    for name in ("a.md", "deep/b c.md", "deep/all.jsonl.gz", ".c.md"):
        (served / name).parent.mkdir(exist_ok=True)
        (served / name).write_bytes(file_bytes(name, a_story(len(name))))
    site.configure(CONFIG.replace("records: records", f"records: {address}"))
    place = ["-c", site.folder / "feeds.yaml", "-v"]
    assert "3 records read" in run("build", *place).output
    again = run("build", *place).output
    assert again == "3 records read, 0 drafts; nothing changed in 2 feeds\n"
    os.utime(served / "a.md", (1, 1))
    assert f"read {address}/a.md: it changed" in run("build", *place).output


@pytest.mark.parametrize(
    "name",
    ["a b+%25é.md", "#x.md", "a&b=c.md", "[x].md", "it's.md", "deep//a.md"],
    ids=ascii,
)
def test_any_name_a_record_may_have_is_read(bucket, tmp_path, name):
    desk = CloudDesk(tmp_path, SETTINGS, {}, bucket)
    bucket.put(f"records/{name}", file_text("a.md", a_story()))
    assert "1 record read, 0 drafts; 2 feeds written" in build(desk).output
    assert "nothing changed" in build(desk).output


def test_records_of_another_tool_lie_at_a_store_too(memory, tmp_path):
    given = {
        **SETTINGS,
        "records": "memory://site/records",
        "fields": {"preset": "hugo"},
    }
    desk = CloudDesk(tmp_path, given, {}, memory)
    memory.put("records/posts/one.md", "---\ntitle: One\ndate: 2021-02-01\n---\n")
    given["output"] = "output"
    desk.configure(given)
    desk.build()
    (document,) = [one for name, one in tree(desk.output).items() if name == "all.rss"]
    assert b"<link>https://feeds.example.org/posts/one/</link>" in document


def test_records_of_here_and_there_make_one_feed(desk):
    desk.configure({**SETTINGS, "records": ["records", f"{desk.cloud.url}/records"]})
    desk.cloud.put("records/there.md", file_text("a.md", a_story(9)))
    assert "4 records read" in desk.build().output
    assert "nothing changed" in desk.build().output


def test_young_files_without_a_mark_are_read_again(memory, tmp_path, monkeypatch):
    monkeypatch.setattr(system, "_YOUNG", 60)
    desk = CloudDesk(tmp_path, SETTINGS, library(1), memory)
    desk.mirror()
    build(desk)
    said = run("build", "-v", "-c", desk.there, "--now", desk.now).output
    assert "read memory://site/records/0000.md" in said
    assert "nothing changed" in said


def test_a_killed_build_leaves_whole_documents_and_the_next_one_goes_on(desk, relay):
    edited(desk)
    relay.fault = lambda method, _path: 0.3 if method == "PUT" else None
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "feeds", "build", "-c", str(desk.there)]
    for how in (signal.SIGTERM, signal.SIGKILL):
        relay.asked.clear()
        process = subprocess.Popen(
            [*command, "--now", desk.now],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not relay.of("PUT"):
            time.sleep(0.01)
        process.send_signal(how)
        begun = time.monotonic()
        said = process.communicate(timeout=20)[1]
        assert time.monotonic() - begun < 5
        assert process.returncode == (143 if how == signal.SIGTERM else -signal.SIGKILL)
        assert said == ""
        desk.change("0000.md", "title", f"Signal {how}")
        desk.mirror()
    relay.fault = lambda _method, _path: None
    heals(desk)


# Files of many records


@pytest.mark.parametrize("name", ["b.json", "b.jsonl", "b.jsonl.gz", "b.json.zst"])
def test_a_file_of_many_is_read_in_a_stream(desk, relay, monkeypatch, name):
    monkeypatch.setattr(system, "_BLOCK", 1 << 10)
    monkeypatch.setattr(unpack, "PIECE", 1 << 10)
    stories = [a_story(n, body=Random(n).randbytes(2000).hex()) for n in range(50)]
    desk.cloud.put(f"records/{name}", packed_as(name, stories))
    desk.put("bad.jsonl", "\n{}\n")
    desk.mirror = lambda: None
    desk.cloud.put("records/bad.jsonl", "\n{}\n")
    said = build(desk).output
    assert "51 records read, 0 drafts, 1 rejected" in said
    assert f"{desk.cloud.url}/records/bad.jsonl:2: title: missing" in said
    parts = [path for path in relay.of("GET") if there(path) == f"records/{name}"]
    assert len(parts) > 3
    relay.asked.clear()
    assert "nothing changed" in build(desk, "-q").output or len(relay.asked) == 2
    assert build(desk, "-q").output == ""


def packed_as(name, stories):
    kind = name[name.rfind(".") :]
    plain = name.removesuffix(kind) if kind in PACKED else name
    return packed(kind if kind in PACKED else "", file_text(plain, stories).encode())


def test_a_stream_that_breaks_off_ends_the_build(desk, relay, monkeypatch):
    monkeypatch.setattr(system, "_BLOCK", 1 << 10)
    stories = [a_story(n, body=Random(n).randbytes(2000).hex()) for n in range(50)]
    desk.put("all.jsonl.gz", stories)
    desk.mirror()
    build(desk)
    before = desk.published()
    desk.put("all.jsonl.gz", [a_story(n, title="Other") for n in range(40)] + stories)
    desk.mirror()
    gets = count(1)
    relay.fault = lambda method, path: (
        "cut" if method == "GET" and "all.jsonl.gz" in path and next(gets) > 2 else None
    )
    said = build(desk, "--force", code=1).output
    assert said.startswith(f"{desk.cloud.url}/records/all.jsonl.gz: cannot be read: ")
    assert desk.published() == before
    relay.fault = lambda _method, _path: None
    heals(desk)


def test_an_upload_that_was_cut_is_a_damaged_file(desk, relay):
    stories = [a_story(n, body=Random(n).randbytes(2000).hex()) for n in range(50)]
    whole = packed_as("b.jsonl.gz", stories)
    desk.cloud.put("records/b.jsonl.gz", whole)
    desk.cloud.put("records/0.md", file_text("a.md", a_story(99)))
    build(desk)
    desk.cloud.put("records/b.jsonl.gz", whole[: len(whole) // 2])
    said = build(desk, code=3).output
    assert "b.jsonl.gz:" in said and ": the gz file ends too early\n" in said
    desk.cloud.put("records/b.jsonl.gz", whole)
    assert "nothing changed" in build(desk).output


def test_a_record_too_large_and_an_empty_one_are_told_of(desk):
    desk.configure({**SETTINGS, "max_record_size": "1 KiB"})
    desk.put("large.md", a_story(8, body="x" * 2000))
    desk.put("empty.md", "")
    desk.put("dots.jsonl", [a_story(9, body="x" * 2000), a_story(10)])
    desk.mirror()
    said = build(desk).output.splitlines()
    at = f"{desk.cloud.url}/records"
    assert f"{at}/large.md:1: larger than 1 KiB, the most for one record" in said
    assert f"{at}/dots.jsonl:1: larger than 1 KiB, the most for one record" in said
    assert f'{at}/empty.md:1: no front matter, expected "---" on the first line' in said


def test_a_record_that_goes_while_it_is_read_is_told_of_until_it_is_back(desk, relay):
    desk.mirror()
    relay.fault = failing(AT["a record"], 404)
    said = build(desk).output
    assert f"{desk.cloud.url}/records/0001.md:1: cannot be read: no such object" in said
    relay.fault = lambda _method, _path: None
    heals(desk)
