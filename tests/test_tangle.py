"""Bodies that would take too long are told from articles, without rendering them."""

import pytest

from feeds.tangle import tangled

ARTICLE = (
    "<p>Some <b class=x>text</b> and <a href='/x'>a link</a>.</p>\n\n- *one*\n" * 500
)
SPANS = "".join(f"<font size={n % 7} color='red'>x</font>\n" for n in range(2000))
NUMBERS = " ".join(map(str, range(60_000)))


@pytest.mark.parametrize(
    "markdown",
    [
        ARTICLE,
        SPANS,
        "word " * 200_000,
        NUMBERS,
        "[a]: /x\n\n" + "[a] " * 2000,
        "data:image/png;base64," + "x" * 900_000,
    ],
    ids=["article", "spans", "prose", "numbers", "references", "data"],
)
def test_an_article_is_not_tangled(markdown):
    assert not tangled(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "*" * 50_000,
        "<i>" * 12_000,
        "[a]: " + "b" * 10_000 + "\n\n" + "[a]" * 1000,
        "[a]: <" + "b" * 10_000 + ">\n\n" + "[a]" * 1000,
        "[a]: b\n '" + "\\' " * 3000 + "'\n\n" + "[a]" * 1000,
        "".join(f"<b id={n}>" for n in range(600)) + "<p>x" * 3000,
        f"<a title='{'x' * 9000}'>" + "<p>x" * 3000,
        f'<a b="c"title="{"x" * 9000}">' + "<p>x" * 3000,
        f"<i title='{'x' * 9000}'>" + "x\n\n" * 3000,
        "<pre " + NUMBERS,
    ],
    ids=[
        "marks",
        "tags",
        "definition",
        "bracketed",
        "title",
        "reopened",
        "link",
        "odd link",
        "paragraphs",
        "attributes",
    ],
)
def test_what_would_take_too_long_is_tangled(markdown):
    assert tangled(markdown)
