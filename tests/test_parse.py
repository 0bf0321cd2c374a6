"""Files of every kind into records, and each mistake on its own line."""

import json
import tracemalloc
from datetime import UTC
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import many
from feeds import parse as module
from feeds.many import too_large
from feeds.parse import ENDINGS, ending, holds_many, parse, records
from feeds.record import Complaint, Record
from feeds.unpack import PACKED

MOST = 1 << 16
SEEDS = Path(__file__).parent.parent / "seeds"
SECRET = "canary/Xq7+T0n=="
GOOD = """\
title: Story
webUrl: https://a.example/s
publishedDateTime: 2021-02-13
"""
DATE = "a date with year, month and day, 1900 to 9998"


def story(title="Story", **fields):
    link = {"webUrl": "https://a.example/s", "publishedDateTime": "2021-02-13"}
    return {"title": title, **link, **fields}


def read(text, file="s.md"):
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return parse(content, file, UTC, MOST)


def shown(found):
    """Give titles of records, complaints in words."""
    return [item.title if isinstance(item, Record) else str(item) for item in found]


def fenced(fields, body=""):
    return f"---\n{fields}---\n{body}"


@pytest.mark.parametrize("file", sorted(SEEDS.iterdir()), ids=lambda file: file.stem)
def test_a_seed_is_read_without_a_flaw(file):
    (found,) = parse(file.read_bytes(), file.name, UTC, MOST)
    assert isinstance(found, Record)
    assert found.is_draft
    assert found.topics == ("Computer Vision", "AI")
    assert found.images[0].width
    assert not found.flaws
    assert "secured" not in repr(found)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("s.md", fenced(GOOD)),
        ("s.markdown", fenced(GOOD)),
        ("s.txt", fenced(GOOD)),
        ("S.MD", fenced(GOOD)),
        ("s.yaml", GOOD),
        ("s.yml", GOOD),
        ("s.yaml", fenced(GOOD)),
        ("s.yml", f"---\n{GOOD}"),
        ("s.yaml", f"# a comment\n{GOOD}"),
        ("s.json", json.dumps(story())),
        ("s.json", json.dumps([story()], indent=2)),
        ("s.jsonl", json.dumps(story())),
        ("s.ndjson", json.dumps(story()) + "\n"),
        ("deep/folder.d/s.md", fenced(GOOD)),
    ],
)
def test_every_kind_of_file_is_read_by_its_ending(file, text):
    assert shown(read(text, file)) == ["Story"]


@pytest.mark.parametrize("file", ["s.md", "s.txt", "s.yaml", "s.json", "s.jsonl"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_byte_order_mark_and_the_ends_of_lines_change_nothing(file, mark, end):
    text = {
        "s.md": fenced(GOOD),
        "s.txt": fenced(GOOD),
        "s.yaml": GOOD,
        "s.json": json.dumps([story()], indent=1) + "\n",
        "s.jsonl": json.dumps(story()) + "\n",
    }[file]
    assert read(mark + text.replace("\n", end), file) == read(text, file)


def test_the_body_follows_the_front_matter():
    (found,) = read(fenced(GOOD, "\r\nOne\r\n\r\n---\r\nTwo *bold*\r\n"))
    assert found.body == "One\n\n---\nTwo *bold*"


@pytest.mark.parametrize("file", ["s.json", "s.jsonl"])
def test_json_may_carry_a_body(file):
    (found,) = read(json.dumps(story(body="One\n\nTwo")), file)
    assert found.body == "One\n\nTwo"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", 's.md:1: no front matter, expected "---" on the first line'),
        ("Just text", 's.md:1: no front matter, expected "---" on the first line'),
        (
            "---\n" + GOOD,
            's.md:1: the front matter has no end, expected a second "---" line',
        ),
        (fenced(""), 's.md:2: nothing, expected "field: value" lines'),
        (fenced("# note\n"), 's.md:2: nothing, expected "field: value" lines'),
        (fenced("- a\n"), 's.md:2: no mapping, expected "field: value" lines'),
        (fenced("only words\n"), 's.md:2: no mapping, expected "field: value" lines'),
        (fenced(GOOD + "title: again\n"), "s.md:5: title: given twice"),
        (fenced(GOOD + "topics: *AI\n"), "s.md:5: an alias to nothing"),
        (fenced(GOOD + "topics: !!set {AI}\n"), "s.md:5: a tag, expected plain YAML"),
        (
            fenced(GOOD + f"topics: {'[' * 100_000}\n"),
            "s.md:5: nested more than 24 deep",
        ),
        (b"---\ntitle: caf\xe9\n---\n", "s.md:2: not UTF-8, expected UTF-8 text"),
        (b"---\n---\n\n\n\xff", "s.md:5: not UTF-8, expected UTF-8 text"),
        (fenced(GOOD).encode("utf-16"), "s.md:1: UTF-16, expected UTF-8"),
    ],
    ids=[
        "empty",
        "no fence",
        "no end",
        "nothing",
        "a comment",
        "a list",
        "words",
        "a key twice",
        "no anchor",
        "a tag",
        "deep",
        "Latin-1",
        "bad body",
        "UTF-16",
    ],
)
def test_a_file_that_holds_no_record_is_told_why(text, complaint):
    assert shown(read(text)) == [complaint]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("webUrl: https://a.example/\n", "s.md:2: title: missing, expected text"),
        (
            "title: x\npublishedDateTime: 2021-02-13\n",
            "s.md:2: webUrl: missing, expected an http or https address",
        ),
        (GOOD + "quality: high\n", 's.md:5: quality: got "high", expected a number'),
        (
            GOOD + "\n# note\n\nquality: high\n",
            's.md:8: quality: got "high", expected a number',
        ),
        (
            GOOD + "excerpt: |\n  one\n  two\nquality:\n  high\n",
            's.md:8: quality: got "high", expected a number',
        ),
        (
            GOOD.replace("2021-02-13", "soon"),
            f's.md:4: publishedDateTime: got "soon", expected {DATE}',
        ),
        (
            GOOD + "topics:\n  - AI\n  - [a]\n",
            "s.md:7: topics: got a list, expected a list of names",
        ),
        (
            GOOD + "provider:\n  name: tech\n  domain: a b\n",
            's.md:7: provider.domain: got "a b", expected a host name',
        ),
    ],
    ids=[
        "missing first",
        "missing",
        "last",
        "after comments",
        "after a block",
        "a date",
        "in a list",
        "in a mapping",
    ],
)
def test_a_mistake_in_front_matter_is_told_with_its_line(fields, complaint):
    assert shown(read(fenced(fields))) == [complaint]
    assert shown(read(fenced(fields).replace("\n", "\r\n"))) == [complaint]


def test_a_file_without_fences_counts_from_its_first_line():
    assert shown(read(GOOD + "quality: high\n", "s.yaml")) == [
        's.yaml:4: quality: got "high", expected a number'
    ]


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        (
            "images:\n  - url: https://a.example/p.png\n  - width: 1\n    url: ftp://x\n",
            's.md:8: images.url: got "ftp://x", expected an http or https address',
        ),
        (
            "images:\n  - url: https://a.example/p.png\n  - width: 1\n",
            "s.md:7: images.url: missing, expected an http or https address",
        ),
        (
            "related:\n  - webUrl: https://a.example/\n    title: R\n  - title: R\n",
            "s.md:8: related.webUrl: missing, expected an http or https address",
        ),
        (
            "provider: {domain: a.example}\n"
            "related:\n  - title: R\n    webUrl: https://a.example/\n"
            "    provider:\n      domain: a b\n",
            's.md:10: related.provider.domain: got "a b", expected a host name',
        ),
    ],
    ids=["an image", "no address", "a related story", "its provider"],
)
def test_a_flaw_is_told_with_its_line(fields, flaw):
    (found,) = read(fenced(GOOD + fields))
    assert [str(one) for one in found.flaws] == [flaw]


@pytest.mark.parametrize(
    ("separator", "shown_as"),
    [("\x85", "a…b"), ("\u2028", "a b"), ("\u2029", "a b")],
    ids=["next line", "line separator", "paragraph separator"],
)
def test_a_stray_separator_costs_a_character_and_not_the_record(separator, shown_as):
    (found,) = read(fenced(GOOD.replace("Story", f"a{separator}b")))
    assert isinstance(found, Record), str(found)
    assert found.title == shown_as


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x1f", "\x7f", "\x81", "\ufffe", "\ufffd"]
)
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_a_control_character_costs_no_record(character, quote):
    text = fenced(
        GOOD.replace("Story", f"{quote}St{character}ory{quote}"), f"Bo{character}dy"
    )
    (found,) = read(text)
    assert (found.title, found.body) == ("Story", "Body")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        (" [ ] \n", []),
        (json.dumps([story("A"), story("B")]), ["A", "B"]),
        ("", ["s.json:1: not JSON: expecting value"]),
        ("nonsense", ["s.json:1: not JSON: expecting value"]),
        ('"text"', ["s.json:1: no mapping, expected a record"]),
        ("null", ["s.json:1: no mapping, expected a record"]),
        ("{}", ["s.json:1: title: missing, expected text"]),
        (
            "{} {}",
            [
                "s.json:1: title: missing, expected text",
                "s.json:1: not JSON: expected the end",
            ],
        ),
        ("[1,\n2,\n{}]", 2 * ["no mapping"] + ["title: missing"]),
        (f"[{json.dumps(story('A'))},\n{{]", ["A", "s.json:2: not JSON"]),
        (
            f"[{json.dumps(story('A'))}\n{{}}]",
            ["A", 's.json:2: not JSON: expected "," or "]"'],
        ),
        (
            f"[{json.dumps(story('A'))}\n",
            ["A", 's.json:2: not JSON: expected "," or "]"'],
        ),
        (
            f"[{json.dumps(story('A'))}]\nmore",
            ["A", "s.json:2: not JSON: expected the end"],
        ),
        ("[" * 100_000, ["nested too deep"]),
        ('{"a":' * 100_000, ["nested too deep"]),
    ],
    ids=[
        "no records",
        "no records, spaced",
        "two",
        "empty",
        "nonsense",
        "a text",
        "null",
        "an empty mapping",
        "two documents",
        "no mappings",
        "broken",
        "no comma",
        "no end",
        "text behind",
        "deep lists",
        "deep mappings",
    ],
)
def test_a_json_file_holds_a_record_or_a_list_of_them(text, expected):
    found = shown(read(text, "s.json"))
    assert len(found) == len(expected)
    assert all(part in item for part, item in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    "bad",
    [
        "{}",
        "[]",
        "7",
        '{"title": "x", "title": "y"}',
        '{"title": "x", "images": [{"url": "x", "url": "y"}]}',
        json.dumps(story(body="x" * MOST)),
        json.dumps(story(webUrl="nowhere")),
    ],
    ids=[
        "empty",
        "a list",
        "a number",
        "a key twice",
        "within",
        "large",
        "a bad link",
    ],
)
@pytest.mark.parametrize("file", ["s.json", "s.jsonl"])
def test_a_bad_record_among_others_costs_itself(bad, file):
    items = [json.dumps(story("A")), bad, json.dumps(story("B"))]
    text = "\n".join(items) if file == "s.jsonl" else "[" + ",\n".join(items) + "]"
    first, rejected, last = read(text, file)
    assert (first.title, last.title) == ("A", "B")
    assert isinstance(rejected, Complaint)
    assert (rejected.file, rejected.line) == (file, 2)


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b'{"title": "x"',
        b'{"title": "x"} more',
        b"[" * 100_000,
        b'{"title": "caf\xe9"}',
        b"\xff\xfe",
    ],
    ids=["no JSON", "no end", "text behind", "deep", "Latin-1", "no UTF-8"],
)
def test_a_broken_line_costs_itself(line):
    good = [json.dumps(story(title)).encode() for title in "AB"]
    first, broken, last = read(b"\n".join([good[0], line, good[1]]), "s.jsonl")
    assert (first.title, last.title) == ("A", "B")
    assert (broken.file, broken.line) == ("s.jsonl", 2)


def test_empty_lines_hold_no_record_but_count():
    text = f"\n{json.dumps(story('A'))}\n  \n\n{{}}\n\n"
    assert shown(read(text, "s.jsonl")) == [
        "A",
        "s.jsonl:5: title: missing, expected text",
    ]


def test_records_of_one_file_know_their_lines():
    assert [
        one.line for one in read(json.dumps([story(), story()], indent=1), "s.json")
    ] == [2, 7]
    lines = f"{json.dumps(story())}\n\n{json.dumps(story())}"
    assert [one.line for one in read(lines, "s.jsonl")] == [1, 3]
    assert [one.line for one in read(fenced(GOOD))] == [1]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"quality": "high"}, 6),
        ({"category": "quality", "quality": "high"}, 7),
        ({"related": [{"quality": 1}], "quality": "high"}, 11),
        ({"provider": {"name": "tech", "domain": "a b"}}, 8),
    ],
    ids=[
        "a field",
        "a value of its name",
        "a field of its name further in",
        "further in",
    ],
)
def test_a_mistake_in_json_is_told_with_its_line(fields, line):
    (found,) = read(json.dumps([story(**fields)], indent=1), "s.json")
    assert isinstance(found, Complaint)
    assert found.line == line


def test_a_flaw_in_json_is_told_with_its_line():
    images = [{"url": "https://a.example/p.png"}, {"url": "ftp://x"}]
    (found,) = read(json.dumps(story(images=images), indent=1), "s.json")
    assert [flaw.line for flaw in found.flaws] == [10]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("2020", "2020"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("true", "true"),
        ("NaN", "NaN"),
        ("-0", "-0"),
        ("1" * 5_000, "1" * 5_000),
        (r'"\u00e9\ud83d\ude00"', "é😀"),
        (r'"a\ud800b\u0000"', "ab"),
        ('"a\tb\x01"', "a b"),
    ],
    ids=[
        "2020",
        "1.10",
        "1e3",
        "true",
        "NaN",
        "-0",
        "huge",
        "escapes",
        "halves",
        "controls",
    ],
)
def test_a_json_value_stays_the_text_it_was(written, title):
    text = json.dumps(story()).replace('"Story"', written)
    assert shown(read(text, "s.json")) == [title]


@pytest.mark.parametrize(
    "written",
    [True, "true", "yes", "True", "on"],
    ids=["true", "quoted", "yes", "True", "on"],
)
def test_published_is_read_alike_in_json_and_yaml(written):
    (in_json,) = read(json.dumps(story(published=written)), "s.json")
    (in_yaml,) = read(fenced(GOOD + f"published: {written}\n"))
    assert not in_json.is_draft
    assert not in_yaml.is_draft


@pytest.mark.parametrize("count", [MOST, MOST * 3])
def test_a_list_of_many_may_be_larger_than_one_record(count):
    half = story("A", body="x" * (MOST // 2))
    text = json.dumps([half] * (2 * count // MOST + 1))
    assert {one.title for one in read(text, "s.json")} == {"A"}


@pytest.mark.parametrize("file", ["s.json", "s.jsonl"])
def test_a_record_too_large_is_told_so(file):
    text = json.dumps(story(body="x" * MOST))
    assert shown(read(text, file)) == [f"{file}:1: {too_large(MOST)}"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("s.md", fenced(f"{GOOD}secured: '{SECRET}'\n")),
        ("s.md", fenced(f"{GOOD}secured: &s '{SECRET}'\nexcerpt: *s\n")),
        ("s.md", fenced(f"{GOOD}secured: '{SECRET}\n")),
        ("s.md", fenced(f"{GOOD}provider: {{secured: '{SECRET}'}}\n")),
        ("s.md", fenced(f"title: x\nsecured: '{SECRET}'\n")),
        ("s.yaml", f"{GOOD}secured: {SECRET}\n"),
        ("s.yaml", f"secured: {SECRET}\n---\n{GOOD}"),
        ("s.json", json.dumps(story(secured=SECRET))),
        ("s.json", json.dumps(story(secured=[SECRET], related=[{"secured": SECRET}]))),
        ("s.json", json.dumps(story(secured=SECRET)).replace("sec", r"\u0073ec")),
        ("s.json", json.dumps(story(secured=SECRET))[:-1]),
        ("s.json", json.dumps([story(secured=SECRET), {"secured": SECRET}])),
        ("s.jsonl", json.dumps({"secured": SECRET})),
        ("s.jsonl", json.dumps(story(secured=SECRET))[:-2]),
        ("s.jsonl", f'{{"secured": "{SECRET}" {SECRET}}}'),
    ],
)
def test_the_secret_is_neither_kept_nor_quoted(file, text):
    found = read(text, file)
    assert found
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a.md", ".md"),
        ("A.YAML", ".yaml"),
        ("a.b.json", ".json"),
        ("a", ""),
        ("a.", "."),
        ("a.JSON.gz", ".json.gz"),
        ("b.c.jsonl.zst", ".jsonl.zst"),
        ("a.md.gz", ".md.gz"),
        ("a.gz", ".gz"),
    ],
)
def test_the_ending_is_the_last_part_of_the_name(file, expected):
    assert ending(file) == expected


def test_only_json_holds_many():
    many = {name for name in ENDINGS if holds_many(f"s{name}")}
    kinds = {".json", ".jsonl", ".ndjson"}
    assert many == kinds | {kind + packed for kind in kinds for packed in PACKED}


PIECES = [
    *[
        "---\n",
        "title: x\n",
        "webUrl: https://a.example/\n",
        '{"title": "x"}',
        "[",
        "]",
        ",",
    ],
    *["\n", "{", "}", '"', ": ", "\ufeff", "\x00", "é", " ", "secured: x\n"],
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map(
        lambda pieces: "".join(pieces).encode()
    )
    | st.binary(max_size=8),
    st.sampled_from(sorted(ENDINGS)),
)
def test_whatever_bytes_a_file_has_it_is_read_or_told_why_not(content, name):
    for found in parse(content, f"s{name}", UTC, MOST):
        assert isinstance(found, Record | Complaint)
        assert 1 <= found.line <= content.count(b"\n") + content.count(b"\r") + 2


def test_a_file_of_junk_is_given_up_but_not_one_with_records():
    junk = "\n".join(["0"] * 3000)
    found = read(junk, "s.jsonl")
    assert len(found) == 1002
    assert str(found[-1]) == "s.jsonl:1001: far too many mistakes, the rest is not read"
    mixed = "\n".join([json.dumps(story()), *["0"] * 10] * 300)
    assert len(read(mixed, "s.jsonl")) == 3300


def test_the_lines_of_many_flaws_are_found_in_one_reading():
    images = "\n".join("- x" for _ in range(200))
    (found,) = read(fenced(f"{GOOD}images:\n{images}\n"))
    assert [flaw.line for flaw in found.flaws] == [*range(6, 206)]


def test_toml_front_matter_is_read_as_yaml_is():
    toml = (
        "+++\ntitle = 'Story'\nwebUrl = 'https://a.example/s'\n"
        f"publishedDateTime = 2021-02-13\nsecured = '{SECRET}'\n+++\nText\n"
    )
    assert read(toml) == read(fenced(GOOD, "Text\n"))
    (found,) = read(toml.replace("+++\nText", "quality = 'high'\n+++\nText"))
    assert str(found) == 's.md:6: quality: got "high", expected a number'
    (found,) = read(toml.replace("+++\nText", "title = 'x'\n+++\nText"))
    assert str(found) == "s.md:6: title: given twice"
    (found,) = parse(toml.encode(), "s.md", UTC, 50)
    assert str(found) == f"s.md:1: {too_large(50)}"


ITEMS = [
    *[json.dumps(story(title)) for title in "AB"],
    json.dumps(story("ü\U0001f600\\", body="\u00e9" * 30)),
    *["{", "}", "[1, 2", '"text', "12", "1.5e3", "tru", "nul", "\\", '{"a": "\\\\'],
    '{"title": "x", "title": "y"}',
]
GAPS = [",", ",\n", " ,\n\n", "\n", "", "]", "[", "\ufeff"]


def pieced(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


@given(
    st.lists(st.tuples(st.sampled_from(ITEMS), st.sampled_from(GAPS)), max_size=6),
    st.sampled_from([b"", b"\xff", b"\n\xc3", b"]"]),
    st.integers(1, 9),
    st.sampled_from(["s.json", "s.jsonl"]),
)
def test_a_stream_is_read_as_the_whole_is(items, end, size, file):
    text = "".join(item + gap for item, gap in items)
    content = (text if file == "s.jsonl" else f"[{text}").encode() + end
    with pytest.MonkeyPatch.context() as patch:
        # Pieces of a few bytes, and no more than these looked ahead.
        patch.setattr(many, "_AHEAD", 1)
        found = [*records(pieced(content, size), file, UTC, MOST)]
    assert shown(found) == shown(parse(content, file, UTC, MOST))


@pytest.mark.parametrize("file", ["s.json", "s.jsonl"])
def test_no_more_of_a_file_is_held_than_a_record(file):
    size, count = 50_000, 1000

    def written():
        yield b"[" if file == "s.json" else b""
        line = json.dumps(story(body="x" * size)).encode()
        for number in range(count):
            yield (
                b",\n" if number and file == "s.json" else b"\n" * bool(number)
            ) + line
        yield b"]" if file == "s.json" else b""

    tracemalloc.start()
    try:
        found = sum(1 for _ in records(written(), file, UTC, MOST))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == count
    assert peak < 20 * size


@pytest.mark.parametrize("file", ["s.json", "s.jsonl"])
@pytest.mark.parametrize(
    "large",
    [
        {"body": "x" * 30 * MOST},
        {"body": '\\"]}{[,' * 3 * MOST},
        {"related": [{"title": "t", "webUrl": "u"}] * MOST},
    ],
    ids=["a text", "a text like JSON", "a list"],
)
def test_a_record_far_too_large_is_passed_over_without_being_held(file, large):
    bad = json.dumps(story(**large))
    items = [json.dumps(story("A")), bad, json.dumps(story("B"))]
    text = "\n".join(items) if file == "s.jsonl" else "[" + ",\n".join(items) + "]"
    content = text.encode()
    tracemalloc.start()
    try:
        found = [*records(pieced(content, 1000), file, UTC, MOST)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert shown(found) == ["A", f"{file}:2: {too_large(MOST)}", "B"]
    assert peak < 80 * MOST


@pytest.mark.parametrize("size", range(1, 10))
def test_an_escape_that_pieces_cut_in_two_is_passed_over_as_one(monkeypatch, size):
    monkeypatch.setattr(many, "_AHEAD", 1)
    items = [json.dumps(story("A")), json.dumps(story(body='\\"]}{[\\\\,' * 300))]
    content = f"[{','.join([*items, items[0]])}]".encode()
    assert shown(records(pieced(content, size), "s.json", UTC, 200)) == [
        "A",
        f"s.json:1: {too_large(200)}",
        "A",
    ]


@pytest.mark.parametrize("file", ["s.json", "s.jsonl"])
def test_a_record_without_end_is_given_up(monkeypatch, file):
    monkeypatch.setattr(many, "_ENDLESS", 10 * MOST)
    taken = count(1)

    def endless():
        yield b"[" + json.dumps(story("A")).encode() + b',\n{"title": "'
        while next(taken) < 1000:
            yield b"x" * MOST

    text = endless() if file == "s.json" else (one.lstrip(b"[") for one in endless())
    *_others, last = shown(records(text, file, UTC, MOST))
    assert last == f"{file}:2: no end of a record in 0 MiB, the rest is not read"
    assert next(taken) < 50


def test_a_text_without_end_is_told_where_the_file_is_not_large():
    assert shown(read(f'[{json.dumps(story("A"))},\n\n{{"a": "x', "s.json")) == [
        "A",
        "s.json:3: not JSON: unterminated string starting at",
    ]


def test_what_comes_before_a_byte_that_is_no_text_counts():
    content = f"[{json.dumps(story('A'))},\n\n".encode()
    assert shown(read(content + b'{"title": "\xff"}]', "s.json")) == [
        "A",
        "s.json:3: not UTF-8, expected UTF-8 text",
    ]


def test_the_state_numbers_so_many_records_of_a_file(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    lines = "\n".join([json.dumps(story())] * 5)
    assert shown(read(lines, "s.jsonl")) == [
        *["Story"] * 3,
        "s.jsonl:4: more than 3 records, the rest is not read",
    ]
