"""How a form of an entry is written is learned once, and believed only as it was learned."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from feeds.feed import Image
from feeds.render import FORMATS, forms, rss
from feeds.render.forms import Forms
from feeds.store import FOLDER
from tests.site import NOW, Site
from tests.test_render import an_entry

PICTURE = "https://example.org/p.png"
IMAGES = f"[{{url: {PICTURE}, width: 10, height: 20}}]"


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.configure()
    site.write("a.md")
    site.write("b.md", images=IMAGES)
    site.write("c.md", excerpt="Some words")
    return site


def state(site):
    (file,) = (site.folder / FOLDER).glob("*.records")
    return closing(sqlite3.connect(file, isolation_level=None))


def imported(site):
    """Build in a process of its own; name the modules that it needed."""
    look = "print(*sys.modules)"
    start = (
        f"import sys, atexit; atexit.register(lambda: {look});"
        " sys.argv[0] = 'feeds'; from feeds.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", start, "build", "-q", "--now", NOW],
        cwd=site.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return {*done.stdout.split()}


def from_nothing(site, tmp_path_factory):
    """Build the same records in another folder."""
    other = Site(tmp_path_factory.mktemp("other"))
    other.configure((site.folder / "feeds.yaml").read_text())
    for file in (site.folder / "records").iterdir():
        (other.folder / "records").mkdir(exist_ok=True)
        (other.folder / "records" / file.name).write_bytes(file.read_bytes())
    assert other.build().code == 0
    return other.output()


def test_a_rebuild_that_meets_no_new_form_needs_no_feedgen(site):
    heavy = {"feedgen", "lxml", "dateutil"}
    assert heavy <= imported(site)
    site.write("b.md", images=IMAGES, title="Another")
    assert heavy & imported(site) == set()
    assert b"<title>Another</title>" in site.output()["all.rss"]
    site.write("b.md", images=IMAGES, excerpt="Both")
    assert heavy <= imported(site)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE form SET content = x''",
        "UPDATE form SET content = substr(content, 1, 20)",
        "UPDATE form SET content = (SELECT max(content) FROM form)",
        "UPDATE form SET content = CAST(replace(CAST(content AS TEXT), 't', 'l') AS BLOB)",
        "UPDATE form SET content = substr(content, 1, 8) || x'00'",
        "UPDATE form SET content = 1.5",
        "UPDATE form SET content = NULL",
        "UPDATE form SET content = 'text'",
        "UPDATE form SET key = CAST(key AS TEXT)",
        "DELETE FROM form",
    ],
)
def test_a_form_that_was_damaged_is_learned_anew(site, damage, tmp_path_factory):
    site.build()
    with state(site) as connection:
        connection.execute(damage)
    for name in "abc":
        site.write(f"{name}.md", title="Other & <more>", images=IMAGES)
    result = site.build()
    assert (result.code, result.err) == (0, "")
    assert site.output() == from_nothing(site, tmp_path_factory)


def test_what_workers_learn_is_kept(site):
    for number in range(120):
        site.write(f"{number}.md", topics=f"[T{number}]")
    assert site.build("--jobs", "2").code == 0
    with state(site) as connection:
        kinds = [key for (key,) in connection.execute("SELECT key FROM form")]
    for kind in (b"item", b"entry", b"channel", b"feed"):
        assert any(kind in key for key in kinds)


def test_another_configuration_learns_anew(site):
    site.build()
    with state(site) as connection:
        connection.execute("INSERT INTO form VALUES (x'00', x'00')")
        site.configure((site.folder / "feeds.yaml").read_text() + "\n")
        site.build()
        assert not connection.execute("SELECT 1 FROM form WHERE key = x'00'").fetchall()


def test_a_state_does_not_grow_with_all_forms_there_ever_were(site):
    site.build()
    many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    with state(site) as connection:
        connection.execute(
            f"{many} INSERT INTO form SELECT CAST(i AS BLOB), x'' FROM n"
        )
        site.write("b.md", images=IMAGES, title="Another")
        assert site.build().code == 0
        assert connection.execute("SELECT COUNT(*) FROM form").fetchone()[0] < 10


def test_what_has_very_many_texts_is_written_whole():
    few = forms.of_entries("long", rss.item)
    entry = an_entry(categories=tuple(f"Topic {number}" for number in range(250)))
    assert few(entry) == rss.item(entry)
    assert not few._forms


def test_where_there_are_too_many_forms_each_is_written_whole(monkeypatch):
    monkeypatch.setattr(forms, "_MOST", 2)
    few = forms.of_entries("few", rss.item)
    pictures = (Image(url=PICTURE, width=1, height=None),)
    entries = [an_entry(images=pictures * count) for count in range(5)]
    assert [*map(few, entries)] == FORMATS["rss"].entries(entries)
    assert isinstance(few, Forms)
    assert len(few._forms) == 2


def test_what_xml_cannot_hold_is_refused_as_feedgen_refuses_it():
    with pytest.raises(ValueError, match="XML compatible"):
        FORMATS["rss"].entries([an_entry(title="a\0b")])
