"""Every document against a schema of exactly what we write, by jing."""

import itertools
import subprocess
from pathlib import Path

import pytest

from tests.conftest import GOLDEN, tool
from tests.strategies import (
    BODIES,
    DATES,
    DEFAULTS,
    FEEDS,
    IMAGES,
    LINKS,
    PROVIDER_RULES,
    PROVIDERS,
    RELATED,
    SITES,
    TITLES,
    TOPIC_RULES,
    TOPICS,
    Desk,
)

FORMATS = ["rss", "atom"]
LINES = ["A summary", "", "<b>x</b> & ]]> \u2028 y", "&amp;lt;"]
LIBRARY = {
    f"{number}.md": {
        "title": title,
        "webUrl": f"{link.partition('#')[0]}/{number}",
        "publishedDateTime": date,
        "updatedDateTime": "2021-06-01",
        "published": True,
        "quality": 50,
        "excerpt": LINES[number % 4],
        "provider": PROVIDERS[number % 3],
        "topics": TOPICS[: number % 5],
        "images": IMAGES[number % 5 :],
        "related": RELATED[: number % 2],
        "body": BODIES[number % 3],
    }
    for number, (title, link, date) in enumerate(
        itertools.product(TITLES, LINKS, DATES)
    )
}
# Of what records have here; so that nobody is asked.
MEASURED = {
    "https://b.example/q.png": "",
    "https://a.example/p.jpg?w=1&h=2": "image/vnd.microsoft.icon",
}
FLAWS = {
    "rss": [
        ("<title>", "<title> "),
        ('isPermaLink="true"', 'isPermaLink="yes"'),
        (" +0000</pubDate>", " GMT</pubDate>"),
        ('length="0" ', ""),
        ("<dc:creator>", "<dc:creator/><dc:creator>"),
        (' width="10"', ' width="0"'),
        ("<generator>feeds", "<generator>python-feedgen"),
    ],
    "atom": [
        ('<content type="html">', '<content type="CDATA">'),
        ("+00:00</published>", "</published>"),
        (' rel="enclosure"', ""),
        ('<summary type="html">', "<summary>"),
        (' length="0"', ' length="None"'),
        ("<published>", "<published/><published>"),
        ("<id>https:", "<id>"),
    ],
}


def jing(schema, *files):
    """Validate files; give what is wrong in each that is not valid."""
    command = [tool("jing"), "-c", Path(__file__).with_name(schema), *files]
    result = subprocess.run(command, capture_output=True, check=False, text=True)
    lines = result.stdout.splitlines()
    assert bool(result.returncode) == bool(lines), result.stderr
    return lines


def built(folder, site, feeds, library):
    rules = {
        "defaults": {**DEFAULTS[0], "formats": FORMATS},
        "topics": {**TOPIC_RULES[0], **TOPIC_RULES[1]},
        "providers": {**PROVIDER_RULES[0], **PROVIDER_RULES[1]},
    }
    hubs = ["https://hub.example.org/?a=1&b=2"] * (site is SITES[1])
    kinds = {"hubs": hubs, "pages": site is SITES[1], "measure_images": True, **rules}
    given = {"site": site, "records": "records", "feeds": feeds, **kinds}
    desk = Desk(folder, given, library)
    for length, (url, kind) in enumerate(MEASURED.items()):
        desk.note(url, length, kind)
    desk.build("--no-ping")
    return desk.output


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Build feeds of every kind, with a site that says little and one that says much."""
    feeds = [{**feed, "formats": FORMATS} for feed in FEEDS]
    return [
        built(tmp_path_factory.mktemp("site"), site, feeds, library)
        for site, library in itertools.product(SITES, [LIBRARY, {}])
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_documents_of_every_kind_follow_the_schema(ending, outputs):
    files = [file for output in outputs for file in output.rglob(f"*.{ending}")]
    assert len(files) > 30
    assert any(b'fileSize="1"' in file.read_bytes() for file in files)
    assert jing(f"{ending}.rnc", *files) == []


@pytest.mark.parametrize("ending", FORMATS)
def test_golden_documents_follow_the_schema(ending):
    files = [*GOLDEN.rglob(f"*.{ending}")]
    assert len(files) == 5
    assert jing(f"{ending}.rnc", *files) == []


@pytest.mark.parametrize("ending", FORMATS)
def test_the_schema_finds_what_is_wrong(ending, tmp_path):
    good = (GOLDEN / "rich" / f"all.{ending}").read_text("utf-8")
    for number, flaw in enumerate(FLAWS[ending]):
        assert flaw[0] in good
        (tmp_path / f"{number}.xml").write_text(good.replace(*flaw, 1), "utf-8")
    files = sorted(tmp_path.iterdir())
    found = {line.partition(":")[0] for line in jing(f"{ending}.rnc", *files)}
    assert found == {str(file) for file in files}
