"""`check --output`: what stands in the output, and what is wrong with it."""

import re

import pytest

from feeds.store import FOLDER
from tests.site import CONFIG, Site

PAGES = CONFIG.replace("pages: false", "formats: [rss, atom, json]")
SUMMARY = "1 record, 0 problems; "
WAY_OUT = ": `feeds build` mends them; remove those that stay\n"
MISSING = "missing, or no file that can be read; `feeds build` writes it anew"


@pytest.fixture
def site(site):
    site.configure(PAGES)
    site.build()
    return site


def spoil(site, path, old, new):
    file = site.folder / "output" / path
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_what_a_build_wrote_has_no_problem(site):
    # Two feeds in three formats and as pages, the list of all and the OPML.
    result = site.run("check", "--output")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"{SUMMARY}10 documents, 0 problems\n"


def test_another_site_below_the_output_is_passed_over(site, tmp_path_factory):
    other = Site(tmp_path_factory.mktemp("other"))
    other.configure(PAGES.replace("feeds.example.org", "sport.example.org"))
    other.write()
    other.build("-o", site.folder / "output" / "sport")
    result = site.run("check", "--output")
    assert (result.code, result.out) == (0, "")


def test_each_problem_has_its_file_and_line_and_what_was_expected(site):
    spoil(site, "all.rss", "<pubDate>Wed, 01", "<pubDate>Wed, 32")
    spoil(site, "all.json", '"version"', '"version')
    spoil(
        site,
        "topics/ai.html",
        'href="https://feeds.example.org/topics/ai.html"',
        'href="x"',
    )
    spoil(site, "topics/ai.atom", "<entry>", "<entry")
    result = site.run("check", "--output")
    assert result.code == 1
    assert [
        re.sub("(XML: ).*;", r"\1…;", line) for line in result.out.splitlines()
    ] == [
        "output/all.json:2: not well-formed JSON: expected ':'; build it anew",
        'output/all.rss:21: <pubDate> is "Wed, 32 Jan 2025 00:00:00 +0000", expected a date'
        ' as RFC 822 has it, such as "Thu, 01 Jan 2026 00:00:00 +0000"',
        "output/topics/ai.atom:16: not well-formed XML: …; build it anew",
        'output/topics/ai.html:6: canonical address is "x", expected where it stands:'
        " https://feeds.example.org/topics/ai.html",
    ]
    assert result.err == f"{SUMMARY}10 documents, 4 problems{WAY_OUT}"


def test_problems_of_records_are_told_as_well(site):
    site.write("bad.md", title=None)
    (site.folder / "output" / "all.rss").unlink()
    result = site.run("check", "-o")
    assert result.code == 1
    assert result.out.splitlines() == [
        "records/bad.md:2: title: missing, expected text",
        f"output/all.rss: {MISSING}",
    ]
    assert site.run("check").out == "records/bad.md:2: title: missing, expected text\n"


def test_without_the_option_the_output_is_nobodys_business(site):
    (site.folder / "output" / "all.rss").write_bytes(b"")
    result = site.run("check")
    assert (result.code, result.err) == (0, "1 record, 0 problems\n")


@pytest.mark.parametrize("content", [b"", b"<html>", b"\0" * 100])
def test_a_document_that_says_nothing_is_known_by_the_state(site, content):
    (site.folder / "output" / "all.rss").write_bytes(content)
    result = site.run("check", "--output")
    assert result.code == 1
    assert result.out.startswith("output/all.rss:1: ")


def test_a_link_is_no_document(site):
    file = site.folder / "output" / "all.rss"
    file.symlink_to(file.rename(site.folder / "kept.rss"))
    assert site.run("check", "--output").out == f"output/all.rss: {MISSING}\n"


def test_without_a_state_documents_are_known_by_their_generator(site):
    for state in (site.folder / FOLDER).glob("*.db*"):
        state.unlink()
    spoil(site, "all.rss", "<channel>", "<channel><title>Twice</title>")
    result = site.run("check", "--output")
    assert result.out == "output/all.rss:4: <channel> with 2 <title>, expected one\n"


def test_documents_of_others_are_passed_over(site):
    other = site.folder / "output" / "other.rss"
    other.write_text("<rss><channel><generator>WordPress</generator>", "utf-8")
    (site.folder / "output" / "broken.atom").write_text("<feed", "utf-8")
    (site.folder / "output" / "notes.txt").write_text("feeds", "utf-8")
    assert site.run("check", "--output").code == 0


def test_documents_of_another_configuration_are_its_own(site):
    text = PAGES.replace("all", "news").replace("example.org", "example.com")
    (site.folder / "other.yaml").write_text(text, "utf-8")
    site.build("-c", "other.yaml")
    spoil(site, "news.rss", "<pubDate>", "<pubDate>x")
    assert site.run("check", "--output", "-c", "feeds.yaml").out == ""
    assert "news.rss" in site.run("check", "--output", "-c", "other.yaml").out


def test_another_folder_can_be_named(site):
    site.build("-o", "elsewhere")
    spoil(site, "all.rss", "<pubDate>", "<pubDate>x")
    assert site.run("check", "-o", "elsewhere").code == 0
    for option in (["-o", "output"], ["--output=output"], ["--output"], ["-o"]):
        assert site.run("check", *option).out.startswith("output/all.rss:")


def test_files_are_named_as_seen_from_here(site):
    spoil(site, "all.rss", "<pubDate>", "<pubDate>x")
    inside = site.folder / "records"
    assert site.run("check", "--output", cwd=inside).out.startswith(
        "../output/all.rss:"
    )


def test_the_address_has_to_be_that_of_the_configuration(site):
    site.configure(PAGES.replace("feeds.example.org", "new.example.org"))
    result = site.run("check", "--output")
    assert result.code == 1
    assert (
        'output/all.rss:8: self link is "https://feeds.example.org/all.rss",'
        " expected where it stands: https://new.example.org/all.rss\n" in result.out
    )
    assert "10 documents, 10 problems" in result.err
    site.build()
    assert site.run("check", "--output").code == 0


def test_a_missing_output_is_told(site):
    result = site.run("check", "-o", "nowhere")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "nowhere: there is no such folder; `feeds build` makes it, -o PATH names another\n"
    )


def test_an_output_without_documents_is_told(site):
    (site.folder / "empty").mkdir()
    result = site.run("check", "-o", "empty")
    assert result.code == 1
    assert result.out == "empty: no document of ours in it; `feeds build` writes them\n"


def test_a_large_document_is_told_and_no_problem(site):
    for number in range(3):
        site.write(f"{number}.md", excerpt="word " * 50_000)
    large = re.compile(
        r"output/all.rss: \d+ KiB, more than the 512 that every reader takes"
    )
    assert large.match(site.build().err)
    assert site.build().err == ""
    result = site.run("check", "--output")
    assert (result.code, result.out) == (0, "")
    assert large.search(result.err)
    assert site.build("-q", "--now", "2026-01-02T00:00:00Z").err == ""


def test_nothing_is_written(site):
    before, state = site.output(), sorted((site.folder / FOLDER).iterdir())
    times = [one.stat().st_mtime_ns for one in state]
    site.run("check", "--output")
    assert site.output() == before
    assert [one.stat().st_mtime_ns for one in state] == times


def test_what_was_never_published_is_missing(site):
    """A state that promises a document that is not there is not believed."""
    (site.folder / "output" / "topics" / "ai.json").unlink()
    assert site.run("check", "--output").out == f"output/topics/ai.json: {MISSING}\n"
    assert site.build().code == 0
    assert site.run("check", "--output").code == 0


def test_a_site_that_has_nothing_to_publish_misses_nothing(site):
    site.configure(CONFIG.replace("  - path: all\n", ""))
    (site.folder / "records" / "a.md").unlink()
    assert site.build("--force").code == 0
    result = site.run("check", "--output")
    assert (result.code, result.out) == (0, "")
    assert "0 documents, 0 problems" in result.err


def test_documents_of_a_history_and_at_old_addresses_have_no_problem(site):
    keys = "all\n    limit: 1\n    archive: monthly\n    also: [old]\n"
    site.configure(PAGES.replace("all\n", keys))
    site.write("b.md", publishedDateTime="2024-05-06T00:00:00Z")
    site.build()
    assert {"all@2024-05.rss", "old.rss", "old.html"} <= site.output().keys()
    result = site.run("check", "--output")
    assert (result.code, result.out) == (0, "")
    spoil(site, "all@2024-05.rss", '05.rss" rel="self"', '04.rss" rel="self"')
    assert "05.rss:7: self link is" in site.run("check", "--output").out
