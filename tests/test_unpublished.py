"""A release with a bug: what it spoils is not published, all else is, and the next heals it.

Bugs are planted in a copy of the package, which the real command then runs.
"""

import json
import re
import shutil
from pathlib import Path

import pytest

import feeds
from tests.site import Site

PACKAGE = Path(feeds.__file__).parent
CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: records
formats: [rss, atom, json]
feeds:
  - path: all
  - path: topics/{topic}
"""
REPORT = "; this is a bug, please report it"
FORMS = "render/forms.py"
# Of each bug where it is, what it replaces by what, what it keeps from being published,
# and what is said of it.
BUGS = {
    "an entry without its date": (
        "render/xml.py",
        "        return [*map(self.entry, entries)]",
        '        return [self.entry(one).replace(b"pubDate", b"ttl" if "Bad" in one.title'
        ' else b"pubDate") for one in entries]',
        {"all.rss", "topics/t0.rss"},
        "<item> without <pubDate>, expected one (of records/2.md:1)",
    ),
    "an entry for which a renderer fails": (
        FORMS,
        "    for other in entry.related:",
        '    [0][entry.title.startswith("Bad")]\n    for other in entry.related:',
        {"all.rss", "topics/t0.rss", "all.atom", "topics/t0.atom"},
        "cannot be written: IndexError: list index out of range (of records/2.md:1)",
    ),
    "an entry that is no JSON": (
        "render/jsonfeed.py",
        "return json.encode(value)",
        'return json.encode(value)[: -9 if "Bad luck" in str(value) else None]',
        {"all.json", "topics/t0.json"},
        "item is not well-formed JSON: Input data was truncated (of records/2.md:1)",
    ),
    "content that cannot be made": (
        "content.py",
        "    if lead and lead.url not in pictures:",
        '    if summary: raise ValueError("no \\x1b[31mred\\nline")\n    if lead:',
        {
            f"{one}.{end}"
            for one in ("all", "topics/t0")
            for end in ("rss", "atom", "json", "html")
        },
        "cannot be written: ValueError: no \\x1b[31mred\\nline (of records/2.md:1)",
    ),
    "a channel without a title": (
        FORMS,
        "(feed.id, feed.title,",
        '(feed.id, " " if feed.path == "all" else feed.title,',
        {"all.rss", "all.atom"},
        '<title> is " ", expected text',
    ),
    "a shell that is put around badly": (
        "render/xml.py",
        'b"</feed>")',
        'b"feed>")',
        {"all.atom", "topics/t0.atom", "topics/t1.atom"},
        "not well-formed XML: ",
    ),
    "a feed that says it is elsewhere": (
        "render/jsonfeed.py",
        '"feed_url": self_link',
        '"feed_url": self_link.replace("/all", "/")',
        {"all.json"},
        '"feed_url" is "https://feeds.example.org/.json", expected where it stands:'
        " https://feeds.example.org/all.json",
    ),
    "a page that is cut short": (
        "templates/base.html",
        "</html>",
        "",
        {"all.html", "topics/t0.html", "topics/t1.html", "index.html"},
        "cut short, expected </html> at its end",
    ),
    "a template that cannot be filled": (
        "templates/feed.html",
        "{{ feed.home }}</a>",
        "{{ feed.house }}</a>",
        {"all.html", "topics/t0.html", "topics/t1.html"},
        "cannot be written: UndefinedError: ",
    ),
    "a list of feeds that is no XML": (
        "templates/feeds.opml",
        "</body>",
        "",
        {"feeds.opml"},
        "not well-formed XML: ",
    ),
    "a list of feeds that cannot be written": (
        "render/site.py",
        "    ordered = sorted(",
        "    ordered = sorted(None, ",
        {"index.html"},
        "cannot be written: TypeError: ",
    ),
}


class Program:
    """A copy of the package, to be changed by hand."""

    def __init__(self, folder):
        self.folder = folder
        self.mend()

    def mend(self):
        shutil.copytree(PACKAGE, self.folder / "feeds", dirs_exist_ok=True)

    def plant(self, file, old, new):
        source = self.folder / "feeds" / file
        text = source.read_text("utf-8")
        assert text.count(old) == 1
        source.write_text(text.replace(old, new), "utf-8")

    def build(self, site, *options):
        return site.build(*options, env={"PYTHONPATH": str(self.folder)})


@pytest.fixture
def program(tmp_path):
    return Program(tmp_path / "program")


@pytest.fixture
def site(tmp_path, program):
    """A site that was built, and has changed since."""
    site = Site(tmp_path)
    site.configure(CONFIG)
    for number in range(4):
        site.write(f"{number}.md", topics=f"[T{number % 2}]")
    assert program.build(site).code == 0
    change(site)
    return site


def change(site):
    site.write("0.md", topics="[T0]")
    site.write("1.md", topics="[T1]")
    site.write("2.md", topics="[T0]", title="Bad luck", excerpt="In short")
    site.write("3.md", topics="[T1]", title="Good luck")
    site.write("4.md", topics="[T0, T1]")


def inodes(site):
    return {
        path: (site.folder / "output" / path).stat().st_ino for path in site.output()
    }


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """What a build from nothing writes of the site as it is now."""
    site = Site(tmp_path_factory.mktemp("healthy"))
    site.configure(CONFIG)
    change(site)
    assert site.build().code == 0
    return site.output()


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_what_a_bug_spoils_is_not_published_and_healed(site, program, healthy, bug):
    *planted, spoilt, said = bug
    before, stood = site.output(), inodes(site)
    program.plant(*planted)
    result = program.build(site)
    assert result.code == 1
    told = dict(line.split(": not published: ") for line in result.err.splitlines())
    assert told.keys() == {f"output/{path}" for path in spoilt}
    assert all(why.startswith(said) and why.endswith(REPORT) for why in told.values())
    assert f"; {len(spoilt)} document" in result.out
    after = site.output()
    assert after.keys() == before.keys()
    assert {path for path in after if inodes(site)[path] == stood[path]} >= spoilt
    fixed = {path for path in after if path.endswith((".css", ".js", ".svg", ".opml"))}
    same = {path for path in after if before[path] == after[path]}
    assert spoilt - fixed <= same <= spoilt | fixed
    again = program.build(site, "-q")
    assert (again.code, again.out, again.err) == (1, "", result.err)
    program.mend()
    assert program.build(site).code == 0
    assert site.output() == healthy


def test_a_document_that_never_stood_is_not_missed(site, program):
    """A new feed whose documents are no good comes to be as soon as they are."""
    *planted, _spoilt, _said = BUGS["an entry without its date"]
    site.write("2.md", topics="[T0, New]", title="Bad luck")
    program.plant(*planted)
    assert program.build(site).code == 1
    assert {"topics/new.atom", "topics/new.json"} <= site.output().keys()
    assert "topics/new.rss" not in site.output()
    program.mend()
    assert program.build(site).code == 0
    assert "topics/new.rss" in site.output()


def test_a_record_that_is_taken_back_leaves_nothing_unpublished(site, program):
    *planted, _spoilt, _said = BUGS["an entry without its date"]
    program.plant(*planted)
    assert program.build(site).code == 1
    (site.folder / "records" / "2.md").unlink()
    result = program.build(site)
    assert (result.code, result.err) == (0, "")


def test_programs_are_told(site, program):
    *planted, _spoilt, said = BUGS["an entry without its date"]
    program.plant(*planted)
    options = ["--report", "r.json", "--metrics", "m.prom", "--log-format", "json"]
    result = program.build(site, *options)
    report = json.loads((site.folder / "r.json").read_text("utf-8"))
    assert report["documents"] == {"unpublished": 2}
    metrics = (site.folder / "m.prom").read_text("utf-8")
    assert re.search(r"^feeds_documents_unpublished 2$", metrics, re.MULTILINE)
    first = json.loads(result.err.splitlines()[0])
    assert (first["level"], first["file"]) == ("error", "output/all.rss")
    assert first["reason"] == f"not published: {said}{REPORT}"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_many_feeds_and_processes(tmp_path, program, jobs):
    site = Site(tmp_path)
    site.configure(CONFIG.replace("site", "pages: false\nsite", 1))
    for number in range(120):
        site.write(f"{number:03}.md", topics=f"[T{number}]")
    site.write("bad.md", title="Bad luck", topics="[T7]")
    program.plant(*BUGS["an entry without its date"][:3])
    result = program.build(site, "--jobs", jobs)
    assert result.code == 1
    assert {line.partition(":")[0] for line in result.err.splitlines()} == {
        "output/all.rss",
        "output/topics/t7.rss",
    }
    assert len(site.output()) == 121 * 3 - 2
    assert "121 feeds written, 0 unchanged" in result.out
