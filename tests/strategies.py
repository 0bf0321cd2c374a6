"""What properties are tried on: records, configurations and edits out of tiny pools.

With wide pools two stories never meet: no two of one second, one topic or one id.
"""

import gzip
import json
import operator
import shutil
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from feeds import pictures
from feeds.cli import commands
from feeds.media import Measured
from feeds.store import FOLDER

NOW = "2026-01-01T00:00:00Z"
SECRET = "canary/Xq7+T0n=="

TITLES = ["Cats & dogs", "A <b>bold</b> claim", "Größe 5 < 6", "said\u00c2\u00a0231 猫"]
LINKS = [
    "https://a.example/1",
    "http://a.example/1?utm_source=x#top",
    "https://www.b.example/2?q=a b&r=[1]",
    "https://müller.example/3",
]
DATES = [
    "2021-02-01",
    "2021-02-01T10:00:00Z",
    "1 Feb 2021 11:00 +0100",
    "2025-12-31 23:59:59.5",
    "2027-01-01T00:00:00Z",
]
TOPICS = ["AI", "ai", "Computer Vision", "CV", "C++", "猫"]
PROVIDERS = [
    {"name": "Alpha", "domain": "a.example"},
    {"name": "ALPHA", "domain": "www.a.example"},
    {"domain": "b.example"},
    {"name": "tech"},
]
IMAGES = [
    {"url": "https://a.example/p.jpg?w=1&h=2", "width": 10, "height": "20"},
    {"url": "//b.example/q.png", "width": 0},
    {"url": "https://under_score.example/r.gif"},
    {"url": "ftp://a.example/no.jpg"},
]
RELATED = [
    {"title": "Elsewhere", "webUrl": "https://c.example/", "secured": SECRET},
    {"title": "Nowhere"},
]
BODIES = ["", "Some *text* & ![p](https://a.example/p.jpg?w=1&h=2)", "<b>x</b> [y](/z)"]
NUMBERS = [-1, 0, 39, "40", 40.5]

RECORDS = [
    *("records", "records", ["records", "records/*.md"]),
    ["./records/", "records/**/*.txt", "records"],
]
SITES = [
    {"title": "Site", "url": "https://feeds.example.org/"},
    {
        "title": "Ein & anderer <Titel>",
        "url": "https://feeds.example.org/deep",
        "home": "https://www.example.org/",
        "id": "example.org",
        "description": "Müll & more",
        "language": "de-AT",
        "author": {"name": "Desk", "email": "desk@example.org"},
        "copyright": "© nobody",
        "logo": "https://www.example.org/logo.png",
        "timezone": "Europe/Vienna",
    },
]
FEEDS = [
    {"path": "all"},
    {"path": "topics/{topic}", "pick": "best", "limit": 1},
    {"path": "{provider}", "order": "updated", "ttl": 60},
    {"path": "topics/{topic}/{provider}", "formats": ["atom"], "related": False},
    {"path": "drafts", "status": "draft", "images": {"inline": False}},
    {"path": "fresh", "max_age": "30 days", "images": {"enclosure": False}},
    {"path": "whole", "archive": "monthly", "limit": 1, "pick": "hottest"},
    {"path": "now/{topic}", "also": ["then/{topic}"], "limit": 1},
]
DEFAULTS = [
    {"status": "any"},
    {"status": "published", "min_quality": 40, "limit": 2},
    {"words": ["cats"], "status": "any", "title": "Only {site}"},
]
TOPIC_RULES = [
    {"Computer Vision": {"name": "Vision", "slug": "vision", "aliases": ["CV"]}},
    {"AI": {"min_quality": 40, "title": "{topic}!"}, "Void": None},
]
PROVIDER_RULES = [
    {"a.example": {"name": "The A", "limit": 1}},
    {"b.example": {"feed": False}, "void.example": None},
]

FILES = ["a.md", "b.txt", "deep/c.md", "d.json", "é.yaml"]
CLOCKS = [NOW, "2021-02-01T10:00:00Z", "2026-01-20T00:00:00Z", "2027-06-01T00:00:00Z"]
STOLEN = "webUrl: https://a.example/9\npublishedDateTime: 2021-02-01\npublished: yes"
ROTTEN = [
    f"---\ntitle: x\nsecured: '{SECRET}\n---\n",
    f"---\nsecured: &s {SECRET}\ntitle: *s\n{STOLEN}\n---\n",
    f"---\nrelated: [{{secured: &s {SECRET}}}]\ntitle: *s\n{STOLEN}\n---\n",
    f"secured: {SECRET}\n---\n",
    f'{{"title": "x", "secured": "{SECRET}"',
    "---\ntitle: no link\npublishedDateTime: 2021-02-01\n---\n",
]

MANY_BUILDS = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])

stories = st.fixed_dictionaries(
    {
        "title": st.sampled_from(TITLES),
        "webUrl": st.sampled_from(LINKS),
        "publishedDateTime": st.sampled_from(DATES),
        "published": st.sampled_from([True, "yes", False]),
        "secured": st.sampled_from([SECRET, [SECRET], {"key": SECRET}]),
    },
    optional={
        "updatedDateTime": st.sampled_from(DATES),
        "quality": st.sampled_from(NUMBERS),
        "heat": st.sampled_from(NUMBERS),
        "excerpt": st.sampled_from(["", "Plain & <simple>.", "Zwei  Wörter"]),
        "provider": st.sampled_from(PROVIDERS),
        "topics": st.lists(st.sampled_from(TOPICS), max_size=3),
        "images": st.lists(st.sampled_from(IMAGES), max_size=3),
        "related": st.lists(st.sampled_from(RELATED), max_size=2),
        "id": st.sampled_from(["own", "urn:x:own"]),
        "body": st.sampled_from(BODIES),
    },
)
"""Records as mappings; most are good, all have a secret."""

files = st.sampled_from(FILES)
rotten = st.sampled_from(ROTTEN)
libraries = st.builds(
    operator.or_,
    st.dictionaries(files, stories, min_size=2, max_size=5),
    st.dictionaries(st.sampled_from(["z.md", "z.json"]), rotten, max_size=1),
)
"""What is in the folder of records, by file: a story, or the text of a broken file."""


def configurations_of(feeds, most, **optional):
    """Draw configurations of so many of these feeds, some with one of each other key."""
    return st.fixed_dictionaries(
        {
            "site": st.sampled_from(SITES),
            "records": st.sampled_from(RECORDS),
            "feeds": st.lists(
                st.sampled_from(feeds),
                min_size=1,
                max_size=most,
                unique_by=lambda f: f["path"],
            ),
        },
        optional={key: st.sampled_from(pool) for key, pool in optional.items()},
    )


configurations = configurations_of(
    FEEDS,
    4,
    formats=[["rss"], ["atom"], ["json"], ["atom", "rss"]],
    defaults=DEFAULTS,
    topics=TOPIC_RULES,
    providers=PROVIDER_RULES,
)

edits = st.one_of(
    st.tuples(st.just("put"), files, stories),
    st.tuples(st.just("put"), files, rotten),
    st.tuples(st.just("change"), files, st.just("topics"), st.sampled_from(TOPICS)),
    st.tuples(st.just("change"), files, st.just("published"), st.booleans()),
    st.tuples(st.just("change"), files, st.just("title"), st.sampled_from(TITLES)),
    st.tuples(st.just("delete"), files),
    st.tuples(st.just("rename"), files, files),
    st.tuples(st.just("touch"), files),
    st.tuples(st.just("clock"), st.sampled_from(CLOCKS)),
    st.tuples(st.just("configure"), configurations),
    st.tuples(st.just("lose state")),
    st.tuples(st.just("spoil state")),
)
"""What happens between two builds: the verb, then what it needs; see `Desk.edit`."""


def file_bytes(name, story):
    """Write a story, or several, as a file of its kind, compressed where its name says so."""
    if name.endswith(".gz"):
        return gzip.compress(file_bytes(name.removesuffix(".gz"), story), mtime=0)
    return file_text(name, story).encode("utf-8")


def file_text(name, story):
    """Write a story, or several, as a file of its kind; JSON values are YAML too."""
    if isinstance(story, str):
        return story
    many = story if isinstance(story, list) else [story]
    if name.endswith(".jsonl"):
        return "".join(f"{json.dumps(one)}\n" for one in many)
    if name.endswith(".json") or isinstance(story, list):
        return json.dumps(many)
    fields = {key: value for key, value in story.items() if key != "body"}
    lines = [f"{key}: {json.dumps(value)}\n" for key, value in fields.items()]
    if name.endswith(".yaml"):
        return f"{''.join(lines)}body: {json.dumps(story.get('body', ''))}\n"
    return f"---\n{''.join(lines)}---\n{story.get('body', '')}\n"


def run(*arguments):
    """Run the command line; however it ends, it must be without a traceback."""
    result = CliRunner().invoke(commands, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), (
        result.exception
    )
    return result


class Desk:
    """A folder with feeds.yaml and records, edited and built as an editor would."""

    def __init__(self, folder, configuration, library, now=NOW):
        self.folder, self.now = Path(folder), now
        self.library = {}
        self.configure(configuration)
        for name, story in library.items():
            self.put(name, story)

    @property
    def output(self):
        return self.folder / "output"

    def edit(self, verb, *needs):
        getattr(self, verb.replace(" ", "_"))(*needs)

    def build(self, *options, output=None, code=0):
        place = ["-c", self.folder / "feeds.yaml", "-o", output or self.output]
        result = run("build", *place, "--now", self.now, *options)
        assert result.exit_code == code, result.output
        return result

    def configure(self, configuration):
        (self.folder / "records").mkdir(parents=True, exist_ok=True)
        # Pages only where a test is about them: they double the documents.
        text = json.dumps(
            {**configuration, "pages": configuration.get("pages", False)}, indent=1
        )
        (self.folder / "feeds.yaml").write_text(text, "utf-8")

    def put(self, name, story):
        self.library[name] = story
        self.file(name).parent.mkdir(parents=True, exist_ok=True)
        self.file(name).write_bytes(file_bytes(name, story))

    def change(self, name, field, value):
        if isinstance(story := self.library.get(name), dict):
            self.put(name, {**story, field: value})

    def delete(self, name):
        if self.library.pop(name, None) is not None:
            self.file(name).unlink()

    def rename(self, name, other):
        if (story := self.library.get(name)) is not None:
            self.delete(name)
            self.put(other, story)

    def touch(self, name):
        if name in self.library:
            self.file(name).touch()

    def clock(self, now):
        self.now = now

    def note(self, url, length, media_type=""):
        """Note what a server says of a picture, as another configuration's build does."""
        kept = self.folder / FOLDER
        kept.mkdir(exist_ok=True)
        now = int(datetime.fromisoformat(self.now).timestamp())
        with pictures.opened(kept, now) as memory, memory.noting():
            if memory.claim(url):
                memory.learn(url, Measured(length, media_type), 0)

    def lose_state(self):
        shutil.rmtree(self.folder / ".feeds", ignore_errors=True)

    def spoil_state(self):
        for file in (self.folder / ".feeds").glob("*.json"):
            file.write_bytes(file.read_bytes()[:-20])

    def file(self, name):
        return self.folder / "records" / name


def tree(folder):
    """Give every file below a folder and its bytes."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(Path(folder).rglob("*"))
        if file.is_file()
    }
