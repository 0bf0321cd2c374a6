"""The law of the state: whatever happened in between, a build gives what `plan` says."""

import os
import re
import signal
import sys
import tempfile
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import assess, config, harvest, measure, pictures, survey
from feeds import build as steps
from feeds.build import Options, build
from feeds.errors import Mistake, Refused, Unwritable
from feeds.feed import month_in
from feeds.listing import PATHS
from feeds.media import Measured
from feeds.parallel import Here
from feeds.plan import plan
from feeds.preview import gather, sizes
from feeds.render import Format, forms, xml
from feeds.store import FOLDER, Store
from feeds.write import Output
from tests.strategies import (
    MANY_BUILDS,
    ROTTEN,
    TOPIC_RULES,
    Desk,
    configurations_of,
    file_bytes,
    rotten,
    tree,
)

NOW = "2026-01-01T00:00:00Z"
PAGE = 4096
# The stories of the 20th are a second too old for 30 days at the third of them.
CLOCKS = [
    NOW,
    "2026-01-19T00:00:00Z",
    "2026-01-19T00:00:01Z",
    "2025-12-25T00:00:00Z",
    "2026-01-10T12:00:00Z",
    "2027-06-01T00:00:00Z",
]
# The last of December is January in Vienna.
DATES = ["2021-02-01", "2025-12-20", "2025-12-31T23:59:59Z", "2026-01-10T12:00:00Z"]
TITLES = ["Cats & dogs", "Dogs & cats", "Größe 5 < 6"]
TOPICS = ["AI", "ai", "A.I.", "Computer Vision", "CV", "猫"]
LINKS = [f"https://{host}.example/{n}" for host in ("a", "b") for n in (1, 2)]
PROVIDERS = [
    {"name": "Alpha", "domain": "a.example"},
    {"name": "ALPHA", "domain": "a.example"},
    {"domain": "a.example"},
    {"name": "Beta"},
]
SITES = [
    {"title": title, "url": "https://feeds.example.org/", "timezone": zone}
    for title, zone in (("One", "UTC"), ("Two", "Europe/Vienna"))
]
PICTURES = ["https://a.example/p.jpg", "https://b.example/q"]
SIZES = [Measured(7), Measured(8, "image/png"), Measured(), None]
FEEDS = [
    {"path": "all"},
    {"path": "topics/{topic}", "pick": "best", "limit": 1},
    {"path": "by/{provider}", "order": "updated"},
    {"path": "pairs/{topic}/{provider}", "formats": ["atom"], "related": False},
    {"path": "drafts", "status": "draft", "images": {"enclosure": False}},
    {"path": "fresh", "max_age": "30 days"},
    {"path": "new/{topic}", "max_age": "30 days", "min_quality": 40, "limit": 1},
    {"path": "hot", "pick": "hottest", "limit": 2, "order": "updated"},
    {"path": "some/{topic}", "only": ["AI", "Void"]},
    {"path": "most/{provider}", "except": ["b.example"], "max_age": "12 hours"},
    {"path": "cats", "words": ["cats"], "min_quality": 40},
    {"path": "whole", "archive": "monthly", "limit": 1},
    {"path": "now", "also": ["was/now", "then"], "limit": 2},
    {"path": "moved/{topic}", "also": ["{topic}"]},
    {"path": "past/{topic}", "archive": "monthly", "max_age": "12 days"},
    {
        **{"path": "best", "archive": "monthly", "pick": "best", "limit": 2},
        **{"order": "updated", "formats": ["atom", "json"]},
    },
]
# Never asked: builds here are calls, and only note what is to be told.
HUB = "https://hub.example.org/"
FILES = ["a.md", "b.txt", "deep/c.md", "d.json", "e.jsonl", "f.jsonl.gz", "é.yaml"]

stories = st.fixed_dictionaries(
    {
        "title": st.sampled_from(TITLES),
        "webUrl": st.sampled_from(LINKS),
        "publishedDateTime": st.sampled_from(DATES),
        "published": st.sampled_from([True, True, False]),
    },
    optional={
        "updatedDateTime": st.sampled_from(DATES),
        "quality": st.sampled_from([-1, 0, 39, 40]),
        "heat": st.sampled_from([-1, 0, 1]),
        "provider": st.sampled_from(PROVIDERS),
        "topics": st.lists(st.sampled_from(TOPICS), max_size=2),
        "images": st.sampled_from(PICTURES),
        "id": st.sampled_from(["own", "urn:x:own"]),
        "related": st.just([{"title": "Elsewhere", "webUrl": "https://c.example/"}]),
    },
)
contents = st.one_of(stories, stories, st.lists(stories, max_size=3), rotten)
files = st.sampled_from(FILES)
libraries = st.dictionaries(files, contents, max_size=5)
configurations = configurations_of(
    FEEDS,
    6,
    formats=[["rss"], ["atom"], ["json", "rss"]],
    pages=[False, True],
    measure_images=[True],
    hubs=[[HUB], [HUB], [HUB, "http://127.0.0.1:9/hub"]],
    defaults=[
        *({"status": "any"}, {"limit": 2}, {"min_quality": 40}, {"order": "updated"}),
        {"archive": "monthly", "limit": 1},
    ],
    topics=[
        *TOPIC_RULES,
        {"AI": {"aliases": ["A.I."], "max_age": "30 days", "archive": "none"}},
        {"AI": {"also": ["minds"], "archive": "monthly"}, "ML": {"also": ["CV"]}},
    ],
    providers=[
        {"a.example": {"name": "The A", "limit": 1}},
        {"b.example": {"feed": False}, "void.example": None},
        {"a.example": {"also": ["b.example", "c.example"]}},
    ],
)
parts = st.integers(0, 99)
edits = st.one_of(
    st.tuples(st.just("put"), files, contents),
    st.tuples(st.just("put"), files, stories),
    st.tuples(st.just("change"), files, st.just("topics"), st.sampled_from(TOPICS)),
    st.tuples(st.just("change"), files, st.just("published"), st.booleans()),
    st.tuples(
        st.just("change"), files, st.just("provider"), st.sampled_from(PROVIDERS)
    ),
    st.tuples(st.just("retitle"), files, st.sampled_from(TITLES), st.booleans()),
    st.tuples(st.just("delete"), files),
    st.tuples(st.just("move"), files, files),
    st.tuples(st.just("touch"), files),
    st.tuples(st.just("clock"), st.sampled_from(CLOCKS)),
    st.tuples(st.just("configure"), configurations),
    st.tuples(st.just("lose state")),
    st.tuples(st.just("lose half of state"), st.integers(0, 1)),
    st.tuples(st.just("keep half of state"), st.integers(0, 1)),
    st.tuples(st.just("cut state"), parts),
    st.tuples(st.just("blot state"), parts, st.sampled_from([b"\0", b"\xa5"])),
    st.tuples(st.just("tear out"), parts),
    st.tuples(st.just("scribble"), parts, st.booleans()),
    st.tuples(st.just("killed build"), st.integers(1, 40)),
    st.tuples(st.just("serve"), st.sampled_from(PICTURES), st.sampled_from(SIZES)),
    st.tuples(st.just("note"), st.sampled_from(PICTURES), st.integers(5, 7)),
    st.tuples(st.just("forget pictures"), parts),
    st.tuples(st.just("buggy build"), st.sampled_from(TITLES), st.integers(0, 2)),
)
"""What happens between two builds: the verb, then what it needs; see `Bench.edit`."""


class Bench(Desk):
    """A desk whose builds are calls, with all that befalls a state and an output.

    `orphans` are documents that no build can know for ours any longer: their state was
    lost, and the site has moved to another address since. `heard` is what each hub knows
    of each document, if it looked when it was told.
    """

    address = None
    is_lost = False
    orphans = frozenset()

    def __init__(self, *given):
        super().__init__(*given)
        self.earlier, self.served = {}, {}
        self.heard, self.is_calm = {}, True

    def edit(self, verb, *needs):
        super().edit(verb, *needs)
        self.is_lost |= verb.endswith(" state")
        self.is_calm &= verb not in UNEASY

    def expect_orphans(self):
        address = self.settings.site.url
        if self.is_lost and address != self.address:
            self.orphans |= tree(self.output).keys()
        self.is_lost, self.address = False, address

    @property
    def settings(self):
        return config.load(self.folder / "feeds.yaml")

    @property
    def time(self):
        return datetime.fromisoformat(self.now)

    def build(self, jobs=1):
        """Build with so many processes; with none, on an engine."""
        self.earlier = {file: file.read_bytes() for file in self.states()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(measure, "measure", self.measure)
            how = {"jobs": jobs} if jobs else {"engine": Here()}
            options = Options(force=True, **how)
            return build(self.settings, self.output, self.time, options)

    def measure(self, urls, memory, _agent, _say, _advance):
        """Say what is served, without a server; None is not reached."""
        for url in urls:
            size = self.served.get(url, Measured())
            if size is not None:
                with memory.noting():
                    assert memory.claim(url)
                with memory.noting():
                    memory.learn(url, size, 0)

    def serve(self, url, size):
        self.served[url] = size

    def forget_pictures(self, part):
        """Lose what is remembered of them, or damage it."""
        file = self.folder / FOLDER / pictures.FILE
        if part < 50:
            file.unlink(missing_ok=True)
        elif file.exists():
            with file.open("r+b") as opened:
                opened.seek(file.stat().st_size * part // 100)
                opened.write(b"\xa5" * 20)

    def lose_state(self):
        """Lose with it what hubs were not told yet."""
        super().lose_state()
        self.heard = dict.fromkeys(self.heard, self.advertised())

    def advertised(self):
        return of_feeds(tree(self.output))

    def tell(self):
        """Tell hubs all that is noted for them; give the documents, by hub."""
        with Store(self.settings.file, self.output).untold() as untold:
            told = untold.take(Output(self.output).stamp, 0.0, early=True)
            for hub, taken in told.items():
                untold.told(hub, taken)
        standing = self.advertised()
        return {
            hub: {name: standing[name] for name in told.get(hub, ())}
            for hub in self.settings.hubs
        }

    def killed_build(self, after):
        """Build in a process that is killed at its so manieth touch of a file."""
        if (pid := os.fork()) == 0:
            touches = count(1)

            def hook(event, _arguments):
                if event in KILLING and next(touches) == after:
                    os.kill(os.getpid(), signal.SIGKILL)

            try:
                sys.addaudithook(hook)
                self.build()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    def buggy_build(self, title, bug):
        """Build with a renderer that fails at every story of a title."""
        write = Format.entries

        def written(form, entries):
            fragments = write(form, entries)
            if bug == 0 and any(entry.title == title for entry in entries):
                raise ValueError(title)
            return [
                _spoilt(one, bug) if entry.title == title else one
                for one, entry in zip(fragments, entries, strict=True)
            ]

        Format.entries = written
        try:
            with suppress(Mistake):
                self.build()
        finally:
            Format.entries = write

    def retitle(self, name, title, is_sly):
        """Edit in place; a sly edit brings the time of the file back."""
        if isinstance(story := self.library.get(name), dict):
            self.library[name] = {**story, "title": title}
            before = self.file(name).stat()
            self.file(name).write_bytes(file_bytes(name, self.library[name]))
            if is_sly:
                os.utime(self.file(name), ns=(before.st_atime_ns, before.st_mtime_ns))

    def move(self, name, other):
        """Rename for real: inode and time go along."""
        if name in self.library and name != other:
            self.file(other).parent.mkdir(parents=True, exist_ok=True)
            self.file(name).replace(self.file(other))
            self.library[other] = self.library.pop(name)

    def cut_state(self, part):
        for file in self.states():
            os.truncate(file, file.stat().st_size * part // 100)

    def blot_state(self, part, ink):
        """Overwrite one page."""
        for file in self.states():
            page = file.stat().st_size // PAGE * part // 100
            with file.open("r+b") as opened:
                opened.seek(page * PAGE)
                opened.write(ink * PAGE)

    def states(self):
        """Name both files of the state, records last."""
        kept = (self.folder / FOLDER).glob("*.[dr]*")
        return sorted(file for file in kept if file.suffix in {".db", ".records"})

    def lose_half_of_state(self, half):
        for file in self.states()[half : half + 1]:
            file.unlink()

    def keep_half_of_state(self, half):
        """Bring one file of the state back as it was before the last build of all."""
        for file in self.states()[half : half + 1]:
            file.write_bytes(self.earlier.get(file, b""))

    def tear_out(self, part):
        """Remove a document."""
        if found := [*tree(self.output)]:
            (self.output / found[len(found) * part // 100]).unlink()

    def scribble(self, part, is_longer):
        """Edit a document, to the same size or not."""
        if found := tree(self.output):
            name = [*found][len(found) * part // 100]
            content = found[name]
            spoilt = content + b"\n" if is_longer else content[:-1] + b" "
            (self.output / name).write_bytes(spoilt)

    def expected(self):
        """Say what a build from nothing writes, counts and complains of."""
        reading = gather(self.settings, self.output)
        known = sizes(self.settings)
        planned = plan(reading.records, self.settings, self.time, known)
        return (
            {one.path: one.render() for one in planned.documents()} | planned.site(),
            {
                "read": len(reading.records) + len(reading.complaints),
                "drafts": sum(record.is_draft for record in reading.records),
                "usable": len(reading.records),
                "duplicates": len(reading.records) - len(planned.ids),
                "complaints": sorted(map(str, reading.complaints)),
                "empties": sorted(planned.empties()),
            },
            len(planned.feeds),
        )


# After these, a hub may be told of a document that it knows as it is.
UNEASY = {"killed build", "tear out", "scribble"}


def _spoilt(fragment, bug):
    """Spoil an entry so that its document is no good; a page says too little to tell."""
    if fragment.startswith(b"<article>"):
        return fragment
    return fragment.replace(b"https:", b"") if bug == 1 else fragment[:-9]


KILLING = {"open", "os.rename", "os.remove", "os.rmdir"}


@pytest.fixture(autouse=True, scope="module")
def nothing_is_too_young_or_too_little():
    """What was written a moment ago is read again anyhow, which would hide most bugs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "_TICK", 0)
        patch.setattr(survey, "_LARGE", 0)
        patch.setattr(assess, "PART", 2)
        for name in ("ALONE", "CHUNK", "BATCH", "FEW_FEEDS", "MANY", "ENTRIES"):
            patch.setattr(steps, name, 1)
        for name, least in {"_LEAST": 1, "_MOST": 1, "_STORIES": 2, "_FAN": 2}.items():
            patch.setattr(harvest, name, least)
        patch.setattr(steps, "recall", recall_alone)
        yield


def recall_alone(kept):
    """Know of forms what the state has, as a process of its own would."""
    for written in (xml.RSS, xml.ATOM):
        for known in (written.entry, written.feed):
            known._forms.clear()
    forms.recall(kept)


@contextmanager
def a_bench(configuration, library=(), now=NOW):
    with tempfile.TemporaryDirectory() as folder:
        yield Bench(folder, configuration, dict(library), now)


def a_configuration(*feeds, **keys):
    return {"site": SITES[0], "records": "records", "feeds": list(feeds), **keys}


def a_story(number=1, **fields):
    given = {
        "title": f"Story {number}",
        "webUrl": f"https://a.example/{number}",
        "publishedDateTime": "2025-12-20",
        "published": True,
    }
    return {**given, **fields}


def said(outcome):
    return {
        "read": outcome.read,
        "drafts": outcome.drafts,
        "usable": outcome.usable,
        "duplicates": outcome.duplicates,
        "complaints": sorted(map(str, outcome.complaints)),
        "empties": sorted(outcome.empties),
    }


def check(bench, jobs=1):
    """Build, and see that it gave what a build from nothing gives; then quiet."""
    bench.expect_orphans()
    outcome = bench.build(jobs)
    documents, words, feeds = bench.expected()
    orphans = bench.orphans - documents.keys()
    written = tree(bench.output)
    assert {one: written[one] for one in written if one not in orphans} == documents
    assert said(outcome) == words
    hear(bench, of_feeds(documents))
    assert outcome.feeds_written + outcome.feeds_unchanged == feeds
    again = bench.build(jobs)
    assert (list(again.written), list(again.removed)) == ([], [])
    assert said(again) == words
    assert not any(bench.tell().values())
    return outcome


def of_feeds(documents):
    """Give the documents that somebody subscribes to, or looks at."""
    names = [one for one in documents if one not in PATHS and not month_in(one)]
    return {one: documents[one] for one in names}


def hear(bench, advertised):
    """See that hubs were told of what changed, so that they know what stands, and of no more."""
    told = bench.tell()
    bench.heard = {hub: bench.heard.get(hub, {}) for hub in told}
    for hub, news in told.items():
        known = bench.heard[hub]
        if bench.is_calm:
            assert [name for name, new in news.items() if known.get(name) == new] == []
        known = {**known, **news}
        # What is gone comes back as something new.
        bench.heard[hub] = {name: known.get(name) for name in advertised}
        assert bench.heard[hub] == advertised
    bench.is_calm = True


@settings(MANY_BUILDS, max_examples=40)
@given(
    configurations,
    libraries,
    st.lists(st.lists(edits, min_size=1, max_size=2), min_size=1, max_size=6),
    st.sampled_from([1, 1, 0, 2]),
)
def test_a_build_after_anything_is_what_the_plan_says(
    configuration, library, days, jobs
):
    with a_bench(configuration, library) as bench:
        check(bench)
        for day in days:
            for edit in day:
                bench.edit(*edit)
            check(bench, jobs)


TWO = a_configuration({"path": "all"}, {"path": "topics/{topic}"}, hubs=[HUB])
FRESH = a_configuration({"path": "fresh", "max_age": "30 days"})
LATER, AFTER, FAR = "2026-01-19T00:00:00Z", "2026-01-19T00:00:01Z", CLOCKS[-1]
ALPHA = {"name": "Alpha", "domain": "a.example"}
CASES = {
    "a name that nobody used before": (
        TWO,
        {"a.md": a_story(1, topics=["AI"], provider={"domain": "a.example"})},
        [("put", "b.txt", a_story(2, topics=["ML"], provider=ALPHA))],
    ),
    "a name that nobody uses any longer": (
        TWO,
        {
            "a.md": a_story(1, topics=["AI"], provider={"domain": "a.example"}),
            "b.txt": a_story(2, topics=["ML"], provider=ALPHA),
        },
        [("delete", "b.txt")],
    ),
    "a vote that flips a name": (
        TWO,
        {
            "a.md": a_story(1, topics=["AI", "ML"]),
            "b.txt": a_story(2, topics=["ai", "NLP"]),
        },
        [("put", "c.md", a_story(3, topics=["ai"])), ("delete", "c.md")],
    ),
    "a vote that a draft loses": (
        TWO,
        {"a.md": a_story(1, topics=["AI"]), "b.txt": a_story(2, topics=["AI", "X"])},
        [
            ("put", "c.md", a_story(3, topics=["ai"])),
            ("change", "a.md", "published", False),
            ("change", "b.txt", "published", False),
        ],
    ),
    "doubles over files": (
        TWO,
        {"a.md": a_story(1, quality=1), "b.txt": a_story(1, quality=2, title="Other")},
        [
            ("change", "a.md", "quality", 3),
            ("change", "a.md", "published", False),
            ("delete", "b.txt"),
        ],
    ),
    "a winner that is too old before its double": (
        FRESH,
        {
            "a.md": a_story(1, quality=2),
            "b.txt": a_story(1, publishedDateTime="2025-12-31", title="Second"),
        },
        [("clock", LATER), ("clock", AFTER), ("clock", FAR), ("clock", NOW)],
    ),
    "a winner beyond the limit that is too old before its double": (
        a_configuration({"path": "fresh", "max_age": "30 days", "limit": 1}),
        {
            "a.md": a_story(1, quality=2),
            "b.txt": a_story(1, publishedDateTime="2025-12-31", title="Second"),
            "deep/c.md": a_story(2, publishedDateTime="2025-12-30"),
        },
        [("clock", LATER), ("clock", AFTER), ("clock", FAR)],
    ),
    "a story of the future": (
        TWO,
        {"a.md": a_story(1, publishedDateTime="2026-01-19", topics=["AI"])},
        [("clock", CLOCKS[4]), ("clock", LATER), ("clock", NOW)],
    ),
    "a change of the future": (
        a_configuration({"path": "all", "order": "updated"}),
        {
            "a.md": a_story(1, updatedDateTime="2026-01-19"),
            "b.txt": a_story(2, publishedDateTime="2025-12-21"),
        },
        [("clock", LATER), ("clock", NOW)],
    ),
    "why a feed is empty": (
        a_configuration(
            {"path": "new/{topic}", "max_age": "1 day", "min_quality": 40},
            {"path": "all", "status": "any"},
        ),
        {"a.md": a_story(1, topics=["AI"], quality=1)},
        [
            ("put", "b.txt", a_story(2, topics=["ML"], quality=50)),
            ("put", "c.md", a_story(3, topics=["AI"], quality=50)),
            ("delete", "a.md"),
        ],
    ),
    "a group that comes back": (
        TWO,
        {"a.md": a_story(1, topics=["AI"]), "b.txt": a_story(2)},
        [("change", "a.md", "topics", "ML"), ("change", "a.md", "topics", "AI")],
    ),
    "a file of several": (
        TWO,
        {"e.jsonl": [a_story(1, topics=["AI"]), a_story(1, quality=2), a_story(2)]},
        [
            ("put", "e.jsonl", [a_story(2), a_story(1, topics=["AI"])]),
            ("put", "e.jsonl", []),
            ("put", "e.jsonl", [a_story(2), {"title": "no link"}]),
        ],
    ),
    "a broken file that is mended": (
        TWO,
        {"a.md": ROTTEN[0], "b.txt": a_story(1)},
        [("put", "a.md", a_story(2)), ("put", "b.txt", ROTTEN[5])],
    ),
    "the last record": (TWO, {"a.md": a_story(1, topics=["AI"])}, [("delete", "a.md")]),
    "files that change places": (
        TWO,
        {"a.md": a_story(1), "b.txt": a_story(2)},
        [
            ("move", "a.md", "c.md"),
            ("move", "b.txt", "a.md"),
            ("move", "c.md", "b.txt"),
        ],
    ),
    "an edit of the same size and time": (
        TWO,
        {"a.md": a_story(1, title="Cats & dogs")},
        [("retitle", "a.md", "Dogs & cats", True), ("retitle", "a.md", "Dogs", False)],
    ),
}


@pytest.mark.parametrize(
    ("configuration", "library", "changes"), CASES.values(), ids=CASES
)
def test_a_build_after(configuration, library, changes):
    with a_bench(configuration, library) as bench:
        check(bench)
        for edit in changes:
            bench.edit(*edit)
            check(bench)


SIZED = a_configuration(
    {"path": "all"},
    {"path": "topics/{topic}", "formats": ["atom", "json"]},
    {"path": "plain", "images": {"enclosure": False}},
    {"path": "new", "limit": 1, "formats": ["json"]},
    measure_images=True,
)
P, Q = PICTURES
SHOWN = {
    "a.md": a_story(1, topics=["AI"], images=P),
    "b.txt": a_story(2, topics=["AI", "ML"], images=Q),
    "deep/c.md": a_story(3, topics=["ML"], images=P, publishedDateTime="2025-12-21"),
    "d.json": a_story(4, published=False, images=Q),
}
WEEK_LATER = "2026-01-08T00:00:00Z"
happenings = st.one_of(
    st.tuples(st.just("serve"), st.sampled_from(PICTURES), st.sampled_from(SIZES)),
    st.tuples(st.just("note"), st.sampled_from(PICTURES), st.integers(5, 7)),
    st.tuples(st.just("forget pictures"), parts),
    st.tuples(st.just("clock"), st.sampled_from([NOW, WEEK_LATER, CLOCKS[-1]])),
    st.tuples(
        st.just("change"), files, st.just("images"), st.sampled_from([*PICTURES, ""])
    ),
    st.tuples(st.just("change"), files, st.just("published"), st.booleans()),
    st.tuples(st.just("lose state")),
    st.tuples(st.just("killed build"), st.integers(1, 40)),
    st.tuples(st.just("configure"), st.sampled_from([SIZED, {**SIZED, "pages": True}])),
)


def said_of_pictures(bench):
    """Give what the feed of all stories says of each picture."""
    found = re.findall(
        rb'<enclosure url="(\S+)" length="(\d+)" type="(\S+)"/>', all_(bench)
    )
    return {url.decode(): (int(length), kind.decode()) for url, length, kind in found}


def all_(bench):
    return (bench.output / "all.rss").read_bytes()


@settings(MANY_BUILDS, max_examples=20)
@given(st.lists(happenings, min_size=2, max_size=8), st.sampled_from([1, 1, 0]))
def test_whatever_becomes_of_pictures_a_build_is_what_the_plan_says(changes, jobs):
    with a_bench(SIZED, SHOWN) as bench:
        check(bench)
        for verb, *needs in changes:
            before = said_of_pictures(bench)
            bench.edit(verb, *needs)
            check(bench, jobs)
            if verb != "lose state":
                after = said_of_pictures(bench)
                kept = before.keys() & after.keys()
                assert all(after[url][0] or not before[url][0] for url in kept)


SERVED = [("serve", P, Measured(7)), ("serve", Q, Measured(8, "image/png"))]
OF_PICTURES = {
    "is measured before it is first shown": (SERVED, [], {P: 7, Q: 8}),
    "is not reached at first": (
        [("serve", P, None), ("serve", Q, None)],
        SERVED,
        {P: 7, Q: 8},
    ),
    "changes within a week": (SERVED, [("serve", P, Measured(9))], {P: 7, Q: 8}),
    "changes, after a week": (
        SERVED,
        [("serve", P, Measured(9)), ("clock", WEEK_LATER)],
        {P: 9, Q: 8},
    ),
    "is not found after a week": (
        SERVED,
        [("serve", P, Measured()), ("clock", WEEK_LATER)],
        {P: 7, Q: 8},
    ),
    "is measured by another configuration's build": (
        [("serve", P, None)],
        [("note", P, 5)],
        {P: 5, Q: 0},
    ),
    "was measured, and the memory is lost and nobody reached": (
        SERVED,
        [("serve", P, None), ("serve", Q, None), ("forget pictures", 0)],
        {P: 7, Q: 8},
    ),
    "was measured, and the memory is lost": (
        SERVED,
        [("serve", P, Measured(9)), ("forget pictures", 0)],
        {P: 9, Q: 8},
    ),
    "was measured, and feeds.yaml changes": (
        SERVED,
        [("serve", P, Measured(9)), ("configure", {**SIZED, "formats": ["rss"]})],
        {P: 7, Q: 8},
    ),
}


@pytest.mark.parametrize(
    ("first", "then", "expected"), OF_PICTURES.values(), ids=OF_PICTURES
)
def test_a_picture_that(first, then, expected):
    with a_bench(SIZED, SHOWN) as bench:
        for edit in first:
            bench.edit(*edit)
        check(bench)
        for edit in then:
            bench.edit(*edit)
        check(bench)
        said = said_of_pictures(bench)
        assert {url: length for url, (length, _) in said.items()} == expected
        kinds = {Q: "image/png" if expected[Q] else "image/jpeg", P: "image/jpeg"}
        assert {url: kind for url, (_, kind) in said.items()} == kinds


def test_a_size_touches_only_the_feeds_that_show_it():
    with a_bench(SIZED, SHOWN) as bench:
        bench.edit("serve", P, None)
        bench.edit("serve", Q, None)
        check(bench)
        bench.edit("note", Q, 5)
        outcome = check(bench)
        assert sorted(outcome.written) == [
            *("all.atom", "all.rss", "topics/ai.atom", "topics/ai.json"),
            *("topics/ml.atom", "topics/ml.json"),
        ]
        bench.edit("note", P, 6)
        assert "new.json" in check(bench).written


RULES = [
    {"limit": 1},
    {"max_age": "12 days"},
    {"order": "updated"},
    {"pick": "best", "limit": 1},
    {"status": "any"},
    {"formats": ["atom"]},
    {"title": "Other"},
    {"related": False, "images": {"inline": False}},
    {"min_quality": 2},
]


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_a_rule_that_comes_and_goes(rules):
    library = {
        "a.md": a_story(1, quality=2, topics=["AI"], updatedDateTime="2025-12-31"),
        "b.txt": a_story(2, quality=1, topics=["AI"], publishedDateTime="2025-12-21"),
        "deep/c.md": a_story(3, published=False),
    }
    with a_bench(TWO, library) as bench:
        for keys in ({}, {"defaults": rules}, {}):
            bench.configure({**TWO, **keys})
            check(bench)


GROUPS = [
    {"topics": {"AI": {"name": "Minds"}}},
    {"topics": {"AI": {"aliases": ["ML"]}}},
    {"topics": {"AI": {"slug": "minds"}, "Void": None}},
    {"providers": {"a.example": {"name": "The A"}}},
    {"providers": {"a.example": {"feed": False}}},
    {"feeds": [{"path": "topics/{topic}", "only": ["ML", "Void"]}]},
    {"feeds": [{"path": "topics/{topic}", "except": ["AI"]}, {"path": "new"}]},
]


@pytest.mark.parametrize("keys", GROUPS, ids=str)
def test_a_group_that_is_configured_otherwise(keys):
    feeds = [*TWO["feeds"], {"path": "by/{provider}"}]
    library = {
        "a.md": a_story(1, topics=["AI"], provider=ALPHA),
        "b.txt": a_story(2, topics=["ML", "ai"]),
    }
    with a_bench({**TWO, "feeds": feeds}, library) as bench:
        for more in ({}, keys, {}):
            bench.configure({**TWO, "feeds": feeds, **more})
            check(bench)


LIBRARY = {name: a_story(n, topics=["AI", f"T{n}"]) for n, name in enumerate(FILES)}


@pytest.mark.parametrize("after", range(1, 60, 3))
def test_a_first_build_that_is_killed(after):
    with a_bench(TWO, LIBRARY) as bench:
        bench.killed_build(after)
        check(bench)


@pytest.mark.parametrize("after", range(1, 60, 3))
def test_a_later_build_that_is_killed(after):
    with a_bench(TWO, LIBRARY) as bench:
        check(bench)
        bench.put("f.md", a_story(9, topics=["AI", "New"], published=False))
        bench.put("g.md", a_story(1, topics=["Other"]))
        bench.delete("a.md")
        bench.killed_build(after)
        check(bench)


@pytest.mark.parametrize("after", range(1, 60, 3))
def test_a_build_that_is_killed_without_a_state_forgets_no_document(after):
    with a_bench(TWO, LIBRARY) as bench:
        check(bench)
        bench.lose_state()
        bench.configure(a_configuration({"path": "only"}))
        bench.killed_build(after)
        check(bench)


def test_a_build_that_could_not_write_leaves_its_work_to_the_next():
    with a_bench(TWO, {"a.md": a_story(1, topics=["AI"])}) as bench:
        check(bench)
        bench.put("b.txt", a_story(2, topics=["New"]))
        obstacle = bench.output / "topics" / "new.rss"
        obstacle.mkdir()
        with pytest.raises(Unwritable, match="cannot be written"):
            bench.build()
        obstacle.rmdir()
        check(bench)


DAMAGES = {
    "cut": lambda content, at: content[:at],
    "zeroed": lambda content, at: bytes(len(content)),
    "a page of zeros": lambda content, at: (
        content[: at // PAGE * PAGE] + bytes(PAGE) + content[at // PAGE * PAGE + PAGE :]
    ),
    "rubbish behind": lambda content, at: content[:at] + b"\xa5" * (len(content) - at),
    "no page whole": lambda content, at: content[: at // 2] + content[at // 2 + 1 :],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("part", [0, 1, 30, 60, 99])
@pytest.mark.parametrize("half", [0, 1], ids=["state", "records"])
def test_a_state_that_was_damaged(damage, part, half):
    with a_bench(TWO, LIBRARY) as bench:
        check(bench)
        state = bench.states()[half]
        content = state.read_bytes()
        state.write_bytes(damage(content, len(content) * part // 100))
        bench.put("a.md", a_story(1, topics=["AI", "New"]))
        bench.delete("b.txt")
        check(bench)


@pytest.mark.parametrize(
    ("half", "word"),
    [(1, b"Story"), (0, b"CREATE TABLE meta"), (1, b"CREATE TABLE "), (0, b"records/")],
    ids=["story", "schema", "schema of records", "file"],
)
def test_a_state_whose_text_was_damaged(half, word):
    with a_bench(TWO, LIBRARY) as bench:
        check(bench)
        state = bench.states()[half]
        content = state.read_bytes()
        assert word in content
        state.write_bytes(content.replace(word, b"\xe8" + word[1:]))
        bench.put("a.md", a_story(1, topics=["AI", "New"]))
        bench.tear_out(0)
        check(bench)


@pytest.mark.parametrize("half", [0, 1], ids=["state", "records"])
@pytest.mark.parametrize("verb", ["lose half of state", "keep half of state"])
def test_a_state_of_which_one_file_is_of_another_time(verb, half):
    with a_bench(TWO, LIBRARY) as bench:
        check(bench)
        bench.put("a.md", a_story(1, title="Retitled", topics=["AI"]))
        bench.build()
        bench.edit(verb, half)
        bench.put("z.md", a_story(9, topics=["AI", "New"]))
        check(bench)


@pytest.mark.parametrize("jobs", [0, 1], ids=["engine", "here"])
def test_the_guard_counts_records_after_a_build_that_kept_few(jobs):
    few = a_configuration({"path": "all", "limit": 2})
    library = {"a.md": "", "e.jsonl": [a_story(number) for number in range(40)]}
    with a_bench(few, library) as bench:
        bench.build(jobs=0)
        bench.put("e.jsonl", [a_story(number) for number in range(10)])
        how = {"jobs": jobs} if jobs else {"engine": Here()}
        with pytest.raises(Refused, match="would take away 30 of 40 records"):
            build(bench.settings, bench.output, bench.time, Options(**how))


@pytest.mark.parametrize("damage", [("lose state",), ("cut state", 50)], ids=str)
def test_a_lost_state_leaves_documents_of_another_address(damage):
    moved = {"title": "One", "url": "https://elsewhere.example/"}
    with a_bench(a_configuration({"path": "old"}), {"a.md": a_story()}) as bench:
        check(bench)
        bench.edit(*damage)
        bench.edit("configure", a_configuration({"path": "new"}, site=moved))
        check(bench)
        assert set(tree(bench.output)) == {
            *("old.rss", "old.atom", "new.rss", "new.atom")
        }
        bench.edit("configure", a_configuration({"path": "new"}))
        bench.edit(*damage)
        check(bench)
        assert set(tree(bench.output)) == {"new.rss", "new.atom"}


def test_a_lost_state_leaves_no_style_where_pages_were():
    with a_bench(a_configuration({"path": "all"}, pages=True)) as bench:
        check(bench)
        bench.edit("lose state")
        bench.edit("configure", a_configuration({"path": "all"}))
        check(bench)


def test_what_the_plan_says_is_a_build_from_nothing():
    with a_bench(TWO, LIBRARY) as bench, a_bench(TWO, LIBRARY) as other:
        bench.put("b.txt", ROTTEN[5])
        check(bench)
        bench.edit("move", "a.md", "z.md")
        outcome = check(bench)
        other.put("b.txt", ROTTEN[5])
        other.edit("move", "a.md", "z.md")
        anew = check(other)
        assert said(outcome) == said(anew)
        assert tree(bench.output) == tree(other.output)
