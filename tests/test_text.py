"""Plain text: what is mended, what stays as written, and which spellings meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.text import fold, mend, printable, visible

PIECES = st.lists(
    st.sampled_from(
        [
            "a",
            "É",
            "e\u0301",
            "ß",
            "ﬁ",
            "Ａ",
            "猫",
            " ",
            "\u00a0",
            "\n",
            "&amp;",
            "&",
            "Â",
        ]
    ),
    max_size=6,
).map("".join)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("AT&amp;T", "AT&T"),
        ("&amp;amp;", "&amp;"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&lt;b&gt;", "<b>"),
        ("don&#39;t", "don't"),
        ("don&#x27;t &#X41;", "don't A"),
        ("caf&eacute;", "café"),
        ("a&nbsp;b", "a b"),
        ("&#x1F600;", "😀"),
    ],
)
def test_a_reference_with_its_semicolon_is_decoded_once(written, shown):
    assert mend(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "AT&T",
        "?a=1&copy=2",
        "&copy 2021",
        "&lt b",
        "&#39",
        "R & D;",
        "&bogus;",
        "&;",
        "&#;",
        "&#x;",
        "x &amp",
    ],
)
def test_an_ampersand_that_begins_no_whole_reference_stays(text):
    assert mend(text) == text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Shrivastava said\u00c2\u00a0231 accused", "Shrivastava said 231 accused"),
        ("peopleâ€™s movements", "people’s movements"),
        ("cafÃ©", "café"),
        ("â€œquotedâ€\u009d", "“quoted”"),
        ("Zürich – Ünlü", "Zürich – Ünlü"),
        ("Âge d'or", "Âge d'or"),
    ],
    ids=["the seeds", "apostrophe", "accent", "quotes", "good text", "a true Â"],
)
def test_wrong_encoding_is_put_right_and_good_text_left_alone(written, shown):
    assert mend(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "“curly” ‘quotes’ «guillemets»",
        "Ｗｉｄｅ ﾊﾝｶｸ",
        "ﬁnance ﬂow Ĳ",
        "e\u0301 and é",
        "x² ½ ™ …",
        "👩\u200d👩\u200d👧 ❤\ufe0f",
        "مرحبا \u200fעברית",
        "人工智能 Привет",
        "<b>bold</b> & <script>",
    ],
    ids=[
        "quotes",
        "widths",
        "ligatures",
        "composition",
        "compatibility",
        "emoji",
        "right to left",
        "scripts",
        "markup",
    ],
)
def test_what_reads_well_stays_as_written(text):
    assert mend(text) == text


@pytest.mark.parametrize(
    "space",
    [
        "  ",
        "\t",
        "\n",
        "\r\n",
        " \n ",
        "\u00a0",
        "\u2003",
        "\u3000",
        "\u2028",
        "\u2029",
    ],
    ids=ascii,
)
def test_white_space_is_folded(space):
    assert mend(f"{space}a{space}b{space}") == "a b"


@pytest.mark.parametrize(
    "code",
    [
        *range(0x09),
        0x0B,
        0x0C,
        *range(0x0E, 0x20),
        *range(0x7F, 0xA0),
        0xD800,
        0xDBFF,
        0xDFFF,
        0xFDD0,
        0xFDEF,
        0xFFFD,
        0xFFFE,
        0xFFFF,
        0x1FFFE,
        0x1FFFF,
        0x10FFFE,
        0x10FFFF,
    ],
    ids=hex,
)
def test_a_character_that_no_reader_shows_is_dropped(code):
    assert printable(f"猫a{chr(code)}b") == "猫ab"


@pytest.mark.parametrize(
    "text", ["a\ufffdb", "a\ufffdb\n", "a&#xFFFD;b", "a&#0;b"], ids=ascii
)
def test_the_replacement_character_is_dropped_however_it_came(text):
    assert mend(text) == "ab"


@pytest.mark.parametrize(
    "text", ["", " ", "\u00a0\n", "\x00", "\u0081", "&nbsp;", "&#1;"], ids=ascii
)
def test_what_has_nothing_to_show_is_empty(text):
    assert mend(text) == ""


@given(PIECES)
def test_mended_text_is_folded_and_printable(text):
    mended = mend(text)
    assert mended == " ".join(mended.split())
    assert mended == printable(mended)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Computer Vision", "computer  VISION", " Computer\u00a0Vision\n"),
        ("AI", "ai", "ＡＩ"),
        ("Straße", "STRASSE"),
        ("Café", "CAFE\u0301"),
        ("ﬁnance", "Finance"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_spellings_of_one_name_meet(spellings):
    assert len({fold(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C++", "C#"), ("e", "é"), ("AI/ML", "AI ML"), ("a-b", "a b")],
)
def test_names_that_differ_stay_apart(one, other):
    assert fold(one) != fold(other)


@given(st.text(max_size=4) | PIECES)
def test_a_folded_name_is_its_own_fold(name):
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 猫", "plain é 猫"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\rc", "a\\nb\\rc"),
        ("a\u202eb", "a\\u202eb"),
        ("a\x9bb", "a\\x9bb"),
        ("a\ud800b", "a\\ud800b"),
    ],
    ids=ascii,
)
def test_a_control_character_cannot_steer_a_terminal(text, shown):
    assert visible(text) == shown


def test_marks_without_end_on_one_letter_are_cut():
    assert mend("a" + "\u0301\u0327" * 40) == "a" + "\u0301\u0327" * 40
    assert len(mend("a" + "\u0301\u0327" * 5000 + "b")) == 1 + 100 + 1
    assert mend("\u2014" * 200) == "\u2014" * 200
