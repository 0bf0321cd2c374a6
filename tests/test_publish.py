"""Only what was touched is looked at, only what is new is rendered, whatever stands there."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime

import pytest

from feeds import build as steps
from feeds import config, publish, survey
from feeds.build import Options, build
from feeds.plan import plan
from feeds.preview import gather
from feeds.render import Format
from feeds.store import FOLDER, seal
from feeds.write import Output
from tests.site import NOW, Site

CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: records
pages: false
feeds:
  - path: all
  - path: topics/{topic}
  - path: plain
    related: false
"""


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.configure(CONFIG)
    for number in range(6):
        site.write(f"{number}.md", topics=f"[T{number % 3}]", related=RELATED)
    return site


RELATED = '[{title: Elsewhere, webUrl: "https://c.example/"}]'
TOPICS = [f"topics/t{number}{end}" for number in range(3) for end in (".atom", ".rss")]


TIME = datetime.fromisoformat(NOW)


def built(site, jobs=1):
    """Build; name what was written."""
    settings = config.load(site.folder / "feeds.yaml")
    outcome = build(settings, site.folder / "output", TIME, Options(jobs=jobs))
    return sorted(outcome.written)


def published(site, jobs=1):
    """Build, and see that what stands there is what `plan` says; name what was written."""
    written = built(site, jobs)
    settings = config.load(site.folder / "feeds.yaml")
    records = gather(settings, site.folder / "output").records
    expected = plan(records, settings, TIME).documents()
    assert site.output() == {one.path: one.render() for one in expected}
    return written


@pytest.fixture
def looked_at(monkeypatch):
    """Note the documents that are compared with what they should be."""
    seen = []
    replace = Output.replace

    def noted(self, path, content):
        seen.append(path)
        return replace(self, path, content)

    monkeypatch.setattr(Output, "replace", noted)
    return seen


@pytest.fixture
def rendered(monkeypatch):
    """Note the titles of entries that are rendered, with their format."""
    seen = []
    entries = Format.entries

    def noted(self, some):
        seen.extend((self.suffix, one.title) for one in some)
        return entries(self, some)

    monkeypatch.setattr(Format, "entries", noted)
    return seen


@pytest.fixture
def old(monkeypatch):
    """Trust every file: else one that is young is read again, and touches its feeds."""
    monkeypatch.setattr(survey, "_TICK", 0)


def test_a_first_build_writes_everything_and_a_second_nothing(site):
    assert published(site) == [*site.output()]
    assert published(site) == []


def test_only_feeds_that_a_record_touches_are_looked_at(site, old, looked_at):
    published(site)
    looked_at.clear()
    site.write("1.md", topics="[T1]", title="New")
    written = published(site)
    assert written == sorted(looked_at)
    assert {path.rpartition(".")[0] for path in written} == {
        "all",
        "plain",
        "topics/t1",
    }


def test_with_nothing_to_do_nothing_is_looked_at(site, old, looked_at):
    published(site)
    looked_at.clear()
    assert published(site) == []
    assert looked_at == []


def test_a_feed_that_a_record_leaves_is_looked_at(site):
    published(site)
    site.write("1.md", topics="[T2]", related=RELATED)
    assert {"topics/t1.rss", "topics/t2.rss"} <= {*published(site)}


def forged(content):
    """Keep the size, and be an entry that nobody wrote."""
    return content.replace(b"Title of", b"TITLE OF")


DEEDS = {
    "longer": lambda content: content + b"\n",
    "shorter": lambda content: content[:-9],
    "empty": lambda _content: b"",
    "of the same size": forged,
    "of another kind": lambda _content: b"<html>",
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("path", ["all.rss", "all.atom", "topics/t1.atom"])
def test_a_document_that_was_changed_by_hand_is_put_right(site, path, deed):
    published(site)
    file = site.folder / "output" / path
    file.write_bytes(deed(file.read_bytes()))
    assert published(site) == [path]


def test_a_document_that_was_removed_by_hand_is_put_back(site):
    published(site)
    for path in TOPICS:
        (site.folder / "output" / path).unlink()
    (site.folder / "output" / "topics").rmdir()
    assert published(site) == TOPICS


def test_a_document_that_became_a_link_is_put_right(site):
    published(site)
    file = site.folder / "output" / "all.rss"
    kept = file.rename(site.folder / "kept.rss")
    file.symlink_to(kept)
    assert published(site) == ["all.rss"]
    assert not file.is_symlink()


def test_a_document_doctored_to_the_same_size_and_time_is_put_right(site):
    published(site)
    file = site.folder / "output" / "all.rss"
    before = file.stat()
    file.write_bytes(forged(file.read_bytes()))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert published(site) == ["all.rss"]


def test_an_entry_that_was_doctored_reaches_no_other_document(site):
    published(site)
    file = site.folder / "output" / "all.rss"
    before = file.stat()
    file.write_bytes(forged(file.read_bytes()))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    site.write("0.md", topics="[T1]", related=RELATED)
    assert "topics/t1.rss" in published(site)


def test_each_entry_is_rendered_once_for_each_way_it_is_shown(site, rendered):
    built(site)
    titles = {f"Title of {number}.md" for number in range(6)}
    assert {title for _suffix, title in rendered} == titles
    # With related stories and without, in two formats.
    assert len(rendered) == len(titles) * 2 * 2


def test_entries_found_in_documents_are_not_rendered_again(site, rendered):
    built(site)
    rendered.clear()
    site.write("1.md", topics="[T1]", title="New")
    built(site)
    assert {title for _suffix, title in rendered} == {"New"}


def test_an_entry_that_only_changes_places_is_not_rendered(site, rendered):
    built(site)
    rendered.clear()
    for path in TOPICS:
        (site.folder / "output" / path).unlink()
    (site.folder / "records" / "5.md").unlink()
    built(site)
    assert rendered == []


def test_what_is_lost_with_its_documents_is_rendered_again(site, rendered):
    built(site)
    rendered.clear()
    for path in site.output():
        (site.folder / "output" / path).unlink()
    built(site)
    assert len({title for _suffix, title in rendered}) == 6


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("kept", [0, publish.KEPT])
def test_batches_and_processes_change_no_byte(site, monkeypatch, jobs, size, kept):
    monkeypatch.setattr(publish, "KEPT", kept)
    monkeypatch.setattr(steps, "BATCH", size)
    monkeypatch.setattr(steps, "FEW_FEEDS", 1 if size < 5 else 1000)
    monkeypatch.setattr(steps, "ALONE", 1)
    monkeypatch.setattr(steps, "CHUNK", size)
    assert published(site, jobs) == [*site.output()]
    site.write("7.md", topics="[T1, New]")
    site.write("2.md", topics="[T1]")
    assert {"topics/new.rss", "all.atom"} <= {*published(site, jobs)}
    assert published(site, jobs) == []


def test_more_feeds_than_a_batch_holds(site, monkeypatch):
    for number in range(3 * steps.BATCH):
        site.write(f"many{number}.md", topics=f"[T{number}, Shared]")
    assert len(published(site, 2)) == 2 * (3 * steps.BATCH + 3)
    site.write("many0.md", topics="[T1]", title="Changed")
    assert "topics/t1.rss" in published(site, 2)


def test_feeds_of_processes_are_known_to_the_next_build(
    site, old, monkeypatch, looked_at
):
    for name in ("BATCH", "FEW_FEEDS"):
        monkeypatch.setattr(steps, name, 1)
    published(site, 2)
    looked_at.clear()
    assert published(site, 1) == []
    assert looked_at == []


def damaged_unseen(site, path, old, new):
    """Damage a document as a disk does: the state goes on to have its stamp."""
    file = site.folder / "output" / path
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))
    found = file.stat()
    (state,) = (site.folder / FOLDER).glob("*.db")
    stamp = found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
    with closing(sqlite3.connect(state)) as connection:
        connection.execute(
            "UPDATE document SET size = ?, modified = ?, changed = ?, inode = ?"
            " WHERE path = ?",
            (*stamp, path),
        )
        connection.commit()
    seal.put(state)


DAMAGES = {
    "a letter": (b"Title of 4", b"Title oF 4"),
    "a tag": (b"</title>", b"</tit1e>"),
    "a shell": (b"feeds</generator>", b"feedz</generator>"),
    "an id": (b"https://example.org/4.md<", b"https://example.org/1.md<"),
    "an end": (b"</", b"<"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_document_that_the_disk_damaged_is_used_nowhere(site, old, damage):
    published(site)
    for path in ("all.rss", "topics/t1.rss"):
        damaged_unseen(site, path, *damage)
    assert built(site) == []  # nothing leads there
    site.write("1.md", topics="[T1, T2]", title="New")
    assert {"all.rss", "topics/t1.rss", "topics/t2.rss"} <= {*published(site)}


@pytest.mark.parametrize("spoil", ["entries", "document"])
def test_what_was_not_published_is_tried_again(site, old, monkeypatch, spoil):
    published(site)
    site.write("1.md", topics="[T1]", title="New")
    with monkeypatch.context() as patch:
        patch.setattr(Format, spoil, lambda *_given: 1 / 0)
        assert built(site) == built(site) == []
    assert {"all.rss", "topics/t1.atom"} <= {*published(site)}
    assert published(site) == []


def test_what_was_not_published_is_no_reason_to_publish_it(site, old, monkeypatch):
    """A document that changes back while it cannot be written stands as it should."""
    published(site)
    before = site.output()
    with monkeypatch.context() as patch:
        patch.setattr(Format, "entries", lambda *_given: 1 / 0)
        site.write("1.md", topics="[T1]", title="New")
        built(site)
    site.write("1.md", topics="[T1]", related=RELATED)
    assert published(site) == []
    assert site.output() == before


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), MemoryError()])
def test_what_is_wrong_with_the_machine_is_no_fault_of_a_document(
    site, monkeypatch, error
):
    def fail(*_given):
        raise error

    monkeypatch.setattr(Format, "entries", fail)
    with pytest.raises(type(error)):
        built(site)
