"""Whole documents, as they were read and found good; `make golden` after a change."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import GOLDEN
from tests.strategies import NOW, run

ROOT = Path(__file__).parent.parent
SETS = {"seeds": ROOT, "rich": GOLDEN / "rich"}
DOCUMENTS = [
    "seeds/all.rss",
    "seeds/all.atom",
    "seeds/all.html",
    "seeds/index.html",
    "seeds/feeds.opml",
    "seeds/topics/vision/weau.com.rss",
    "seeds/topics/vision/weau.com.atom",
    "rich/all.rss",
    "rich/all.atom",
    "rich/all.json",
    "rich/history.json",
    "rich/was/history.rss",
    "rich/was/history.atom",
    "rich/was/history.html",
    "rich/history@2021-02.rss",
    "rich/history@2021-02.atom",
    "rich/history@2021-02.json",
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build each set in a folder of its own."""
    top = tmp_path_factory.mktemp("golden")
    for name, source in SETS.items():
        records = "seeds" if name == "seeds" else "records"
        shutil.copytree(source / records, top / name / records)
        shutil.copy(source / "feeds.yaml", top / name)
        place = ["-c", top / name / "feeds.yaml", "-o", top / "output" / name]
        result = run("build", *place, "--now", NOW, "--strict", "-q")
        assert (result.exit_code, result.output) == (0, "")
    return top / "output"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_is_as_it_was_reviewed(document, built, golden):
    golden(document, (built / document).read_bytes())


def test_the_seeds_come_to_their_feeds(built):
    paths = {
        str(file.relative_to(built / "seeds").with_suffix(""))
        for file in built.glob("seeds/**/*.rss")
    }
    domains = ["fox9.com", "securityinfowatch.com", "startribune.com", "techstory.in"]
    groups = ["providers", "topics/ai", "topics/vision"]
    pairs = {f"{group}/{name}" for group in groups for name in [*domains, "weau.com"]}
    assert paths == {"all", "topics/ai", "topics/vision"} | pairs


def test_no_secret_of_the_seeds_is_published(built):
    secrets = [
        line.removeprefix('secured: "')[:40].encode()
        for seed in (ROOT / "seeds").iterdir()
        for line in seed.read_text("utf-8").splitlines()
        if line.startswith("secured:")
    ]
    assert len(secrets) == 5
    for file in built.rglob("*.*"):
        assert not any(secret in file.read_bytes() for secret in secrets)
