"""The short ways: where one is taken, it leads to what the long way gives."""

import re
import subprocess
import sys
from pathlib import Path

import ftfy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds import address, frontmatter
from feeds.frontmatter import SECRET, Unreadable
from feeds.text import mend, printable

SEEDS = Path(__file__).parent.parent / "seeds"
RECORDS = [
    frontmatter.split(file.read_text("utf-8")).yaml for file in sorted(SEEDS.iterdir())
]
NEVER = re.compile("(?!)")

KEYS = ["title", "a", "b", "secured", "null", "2020", "x-y", "_", "NO"]
VALUES = [
    *["plain", "two  words", "null", "~", "Null", "-1", "2021-02-13T00:17:00Z", "R&D"],
    *[
        "a:b",
        "a::b",
        "a:",
        "a: b",
        "a #b",
        "a#b",
        "#a",
        "- a",
        "-",
        "--- a",
        "...",
        "é",
    ],
    *[
        "[a]",
        "{a: b}",
        "*a",
        "&a b",
        "!a b",
        "!!str a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "?",
    ],
    *[
        '""',
        '"a"',
        '"null"',
        '"a: b #c"',
        '"\\"a\\""',
        '"\\\\"',
        '"\\t"',
        '"a',
        '"a" b',
    ],
    *["''", "'a'", "", " ", "a ", " a", "a\tb", "a\x85b", "\xa0", '"a\u2028b"', "a,b]"],
    *[
        "猫",
        '"😀"',
        '"\ufeff"',
        "=",
        "<<",
        "\U00100009",
        '"\U00100009\x01"',
        "-a",
        "+1",
    ],
]
ANYTHING = [*" \n\t:-#\"'\\[]{},&*!|>%@`?~=ae0.é", "\r", "\x85", "\u2028", "\ufeff"]
ANYTHING += [
    "\x00",
    "  ",
    ": ",
    "- ",
    "\n  ",
    "\n- ",
    "\n\n",
    "---\n",
    "null",
    "secured",
]


def outcome(text, lines=None, secret=SECRET):
    """Show what a text is read as, or why not; with lines, libyaml alone is asked."""
    try:
        return repr(frontmatter.parse(text, 7, lines, secret))
    except Unreadable as error:
        return error.line, error.what, error.key


def indented(text):
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())


def mappings(inner):
    """Write mappings one level further out, in our layout and in others."""
    nested = st.one_of(
        inner.map(indented),
        st.lists(
            inner.map(indented).map(lambda text: f"  - {text[4:]}"), max_size=2
        ).map(lambda items: indented("".join(items)).replace("    - ", "  - ")),
        st.lists(st.sampled_from(VALUES), max_size=3).map(
            lambda items: "".join(f"  - {item}\n" for item in items)
        ),
        st.sampled_from(["- a\n", "    a: b\n", " a: b\n", "  plain\n", "  - - a\n"]),
    ).map(lambda text: f"\n{text}")
    scalar = st.sampled_from(VALUES).map(lambda value: f" {value}\n")
    value = st.one_of(scalar, scalar, st.just("\n"), nested)
    pair = st.builds(
        "{}:{}{}".format, st.sampled_from(KEYS), value, st.sampled_from(["", "\n"])
    )
    return st.lists(pair, min_size=1, max_size=4).map("".join)


written = st.recursive(st.just("a: b\n"), mappings, max_leaves=4) | st.sampled_from(
    RECORDS
)


@st.composite
def damaged(draw, texts=written):
    """Change a text in a few places as a slip of the hand would."""
    text = draw(texts)
    for _ in range(draw(st.integers(0, 3))):
        lines = text.split("\n")
        row = draw(st.integers(0, len(lines) - 1))
        column = draw(st.integers(0, len(lines[row])))
        line, piece = lines[row], draw(st.sampled_from(ANYTHING))
        before, after = line[:column], line[column:]
        other = draw(st.integers(0, len(lines) - 1))
        lines[row] = draw(
            st.sampled_from(
                [
                    *[
                        before + piece + after,
                        before + after[1:],
                        before + piece + after[1:],
                    ],
                    *[
                        f" {line}",
                        f"  {line}",
                        line[1:],
                        line[2:],
                        lines[other],
                        before,
                    ],
                ]
            )
        )
        if draw(st.booleans()):
            lines[other], lines[row] = lines[row], lines[other]
        text = "\n".join(lines)
    return text


@settings(max_examples=500)
@given(damaged())
def test_the_plain_layout_is_read_as_libyaml_reads_it(text):
    assert outcome(text) == outcome(text, {})
    assert outcome(text, secret=None) == outcome(text, {}, secret=None)


@pytest.mark.parametrize("value", VALUES, ids=ascii)
@pytest.mark.parametrize(
    "around",
    [
        "a: {}",
        "a: {}\n",
        "a: {}\nb: c",
        "{}",
        "- {}",
        "a:\n  - {}\n  - b",
        "a:\n  {}: b",
        *[
            "a:\n  - b: {}\n    c: d",
            "a: b\n{}",
            "a:\n  b: {}\n  c:",
            "secured: {}\na: b",
        ],
    ],
    ids=ascii,
)
def test_a_value_is_read_as_libyaml_reads_it_wherever_it_stands(value, around):
    text = around.replace("{}", value)
    assert outcome(text) == outcome(text, {})


@pytest.mark.parametrize("depth", [8, 9, 10, 11, 12, 23, 24, 25])
@pytest.mark.parametrize("step", ["a:", "- a:"])
def test_depth_is_bounded_as_by_libyaml(depth, step):
    width = 2 * len(step) - 2
    text = "a:\n  " + "\n  ".join(
        f"{' ' * width * level}{step}" for level in range(depth)
    )
    assert outcome(text) == outcome(text, {})


@pytest.mark.parametrize("record", RECORDS)
def test_a_damaged_line_of_a_seed_is_told_as_by_libyaml(record):
    for place in range(0, len(record), 7):
        for text in (record[:place], record[:place] + record[place + 1 :]):
            assert outcome(text) == outcome(text, {})


def test_nothing_slow_is_imported_for_plain_records():
    program = (
        "import sys; from datetime import UTC; from pathlib import Path\n"
        "from feeds.parse import parse\n"
        f"for file in Path({str(SEEDS)!r}).iterdir():\n"
        "    assert parse(file.read_bytes(), file.name, UTC, 1 << 20)[0].title\n"
        "print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=SEEDS.parent,
    )
    slow = {"yaml", "dateutil", "idna", "importlib.resources", "html.entities"}
    assert slow & set(result.stdout.split()) == set()


HOSTS = [
    "a.example",
    "www.A.example",
    "a_b.c.d.e",
    "localhost",
    f"{'x' * 61}.de",
    "a..b",
]
HOSTS += [
    "münchen.de",
    "a.b.c.d.e.f",
    "a.de.",
    "-a.de",
    "1.2.3.4",
    f"{'x' * 64}.de",
    "a b",
]
links = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        ["https://", "http://", "HTTP://", "//", "", " https://", "ftp://"]
    ),
    st.sampled_from(HOSTS),
    st.lists(
        st.sampled_from(
            [
                *[
                    "/",
                    "a",
                    "A",
                    ".",
                    "..",
                    "%7e",
                    "%2F",
                    "%zz",
                    "%",
                    "?",
                    "#",
                    "&",
                    "=",
                ],
                *[
                    "utm_source=x",
                    "@",
                    "é",
                    " ",
                    "\n",
                    "\\",
                    "[",
                    '"',
                    "!",
                    "~",
                    "_",
                    ":",
                ],
            ]
        ),
        max_size=6,
    ).map("".join),
)


@given(links)
def test_a_clean_address_is_what_the_long_way_makes_of_it(link):
    def found():
        usable = address.address(link)
        return usable, address.domain(link), usable and address.normalised(usable)

    short = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(address, "_CLEAN", NEVER)
        patch.setattr(address, "_NORMAL", NEVER)
        assert short == found()


@given(
    st.lists(
        st.sampled_from(["a", "A", "1", " ", "  ", ".", "\t", "é", "’", "“", "”", "–"])
        | st.sampled_from([*"ÂÃâ€™œŒ©Ðà°¶", "\xa0", "\x9d", "\x85", "…", "я", "\u2028"])
        | st.characters(min_codepoint=0x80, max_codepoint=0x2122),
        max_size=12,
    ).map("".join)
)
def test_text_that_needs_no_repair_is_what_repair_leaves_it(text):
    assert mend(text) == " ".join(printable(ftfy.fix_encoding(text)).split())
