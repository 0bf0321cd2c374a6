"""Media types of pictures."""

import mimetypes

import pytest

from feeds.media import UNKNOWN, Measured, believed, media_type


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/p.jpg", "image/jpeg"),
        ("https://a.example/p.JPEG", "image/jpeg"),
        ("https://a.example/p.png?ve=1&tl=1", "image/png"),
        ("https://a.example/p.gif#top", "image/gif"),
        ("https://a.example/p.webp", "image/webp"),
        ("https://a.example/p.avif", "image/avif"),
        ("https://a.example/p.svg", "image/svg+xml"),
        ("https://a.example/p.tar.png", "image/png"),
    ],
)
def test_the_ending_tells_the_type(url, expected):
    assert media_type(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/",
        "https://a.example/p",
        "https://a.example/p.php?file=q.png",
        "https://a.example/p#q.png",
        "https://a.example/p.png/",
        "https://a.example/d.png/p",
        "https://a.example/p.",
        "https://a.example/p.html",
    ],
)
def test_an_address_that_says_nothing_is_taken_for_a_jpeg(url):
    assert media_type(url) == "image/jpeg"


def test_the_table_of_the_machine_changes_nothing(monkeypatch):
    monkeypatch.setattr(mimetypes, "types_map", {".png": "text/plain"})
    assert media_type("https://a.example/p.png") == "image/png"


@pytest.mark.parametrize(
    ("length", "said", "expected"),
    [
        (7, "image/png", Measured(7, "image/png")),
        (7, " Image/PNG ; charset=x", Measured(7, "image/png")),
        (7, "image/jpg", Measured(7, "image/jpeg")),
        (7, "image/x-icon", Measured(7, "image/vnd.microsoft.icon")),
        (7, "image/strange", Measured(7)),
        (7, "", Measured(7)),
        (7, "application/octet-stream", Measured(7)),
        (7, "text/html", UNKNOWN),
        (7, "imagepng", UNKNOWN),
        (0, "image/png", Measured(0, "image/png")),
        (-7, "image/png", Measured(0, "image/png")),
        ((1 << 53) - 1, "", Measured((1 << 53) - 1)),
        (1 << 53, "", UNKNOWN),
    ],
)
def test_a_server_is_believed_where_it_may_be_right(length, said, expected):
    assert believed(length, said) == expected
