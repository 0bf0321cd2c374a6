"""Two versions of a document: what a subscriber would see."""

import pytest
from msgspec.structs import replace

from feeds.compare import Difference, compare
from tests.builders import DAY, NOW, a_plan, a_record, an_image

NOTHING = Difference(new=(), changed=(), gone=())
ONE, TWO = a_record("one", published=NOW - DAY), a_record("two")


@pytest.fixture(params=["rss", "atom"])
def document(request):
    def write(*records, **keys):
        (only,) = a_plan(*records, formats=[request.param], **keys).documents()
        return only.render()

    return write


def test_equal_documents_differ_in_nothing(document):
    difference = compare(document(ONE, TWO), document(ONE, TWO))
    assert difference == NOTHING
    assert not difference


def test_a_first_document_is_all_new(document):
    difference = compare(None, document(ONE, TWO))
    assert difference == Difference(new=("one", "two"), changed=(), gone=())
    assert difference


def test_a_removed_document_is_all_gone(document):
    assert compare(document(ONE, TWO), None) == Difference(
        new=(), changed=(), gone=("one", "two")
    )


def test_entries_come_and_go(document):
    assert compare(document(ONE), document(TWO)) == Difference(
        new=("two",), changed=(), gone=("one",)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"title": "One"},
        {"summary": "More."},
        {"updated": NOW},
        {"body": "Text."},
        {"topics": ("AI",)},
        {"images": (an_image(),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_entry_changes(document, change):
    after = replace(ONE, **change)
    assert compare(document(ONE, TWO), document(after, TWO)) == Difference(
        new=(), changed=(after.title,), gone=()
    )


@pytest.mark.parametrize("day", [0, 99], ids=["before", "behind"])
def test_an_entry_that_only_moves_is_unchanged(document, day):
    other = a_record("three", published=NOW - day * DAY)
    assert compare(document(ONE, TWO), document(TWO, ONE, other)) == Difference(
        new=("three",), changed=(), gone=()
    )


def test_a_new_title_of_the_feed_changes_no_entry(document):
    site = {"title": "Another", "url": "https://feeds.example.org/"}
    assert compare(document(ONE), document(ONE, site=site)) == NOTHING


@pytest.mark.parametrize("damaged", [b"", b"<rss>", b"\0", b"no feed"])
def test_a_damaged_document_counts_as_none(document, damaged):
    assert compare(damaged, document(ONE)).new == ("one",)


def test_a_title_shows_as_it_reads(document):
    title = "5 < 6 & <b>"
    assert compare(None, document(a_record(title=title))).new == (title,)
