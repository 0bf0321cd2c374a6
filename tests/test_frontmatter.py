"""Front matter into plain values: what was written is what there is, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.frontmatter import (
    MAX_DEPTH,
    Document,
    Unreadable,
    line_of,
    locate,
    locate_meta,
    locate_toml,
    parse,
    parse_meta,
    parse_toml,
    split,
)

SECRET = "canary/Xq7+T0n=="


def complaint(text, first_line=1):
    with pytest.raises(Unreadable) as caught:
        parse(text, first_line)
    return caught.value.line, caught.value.what


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\na: 1\n---\nBody\n", Document("a: 1", 2, "Body\n")),
        ("---\na: 1\n---", Document("a: 1", 2, "")),
        ("---\n---\n", Document("", 2, "")),
        ("---  \na: 1\n---\t\nBody", Document("a: 1", 2, "Body")),
        ("\ufeff---\na: 1\n---\nBody", Document("a: 1", 2, "Body")),
        (
            "---\r\na: 1\r\nb: 2\r\n---\r\nOne\r\nTwo",
            Document("a: 1\nb: 2", 2, "One\nTwo"),
        ),
        ("---\ra: 1\r---\rBody", Document("a: 1", 2, "Body")),
        ("---\na: 1\n---\nBody\n---\nmore", Document("a: 1", 2, "Body\n---\nmore")),
        ("---\na: x --- y\nb: ----\n---\n", Document("a: x --- y\nb: ----", 2, "")),
        ("---\na: |\n  ---\n---\n", Document("a: |\n  ---", 2, "")),
    ],
    ids=[
        "plain",
        "no body",
        "nothing between",
        "space behind the fences",
        "a byte order mark",
        "Windows lines",
        "old Macintosh lines",
        "a rule in the body",
        "hyphens in a value",
        "hyphens further in",
    ],
)
def test_front_matter_and_body_are_taken_apart(text, expected):
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", 'no front matter, expected "---" on the first line'),
        ("title: x\n", 'no front matter, expected "---" on the first line'),
        ("\n---\na: 1\n---\n", 'no front matter, expected "---" on the first line'),
        (" ---\na: 1\n---\n", 'no front matter, expected "---" on the first line'),
        ("----\na: 1\n----\n", 'no front matter, expected "---" on the first line'),
        ("---", 'the front matter has no end, expected a second "---" line'),
        ("---\na: 1\n", 'the front matter has no end, expected a second "---" line'),
        (
            "---\na: 1\n ---\n",
            'the front matter has no end, expected a second "---" line',
        ),
    ],
)
def test_a_record_without_its_fences_is_unreadable(text, what):
    with pytest.raises(Unreadable) as caught:
        split(text)
    assert (caught.value.line, caught.value.what) == (1, what)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\n", Document("a: 1\nb: 2\n", 1, "")),
        ("---\na: 1\n", Document("a: 1\n", 2, "")),
        ("---\na: 1\n---\nBody", Document("a: 1", 2, "Body")),
        ("\ufeffa: 1\r\n", Document("a: 1\n", 1, "")),
        ("", Document("", 1, "")),
    ],
    ids=["none", "the first alone", "both", "a byte order mark", "empty"],
)
def test_a_yaml_file_may_leave_out_the_fences(text, expected):
    assert split(text, fenced=False) == expected


@pytest.mark.parametrize(
    "scalar",
    [
        *[
            "NO",
            "yes",
            "on",
            "true",
            "False",
            "2020",
            "1.10",
            "007",
            "0x1F",
            "0o17",
            "1e3",
        ],
        *["1_000", "12:30:45", ".inf", "-.nan", "2021-02-16", "2021-02-16T03:47:00Z"],
        *["=", "<<", "C#", "C++", "-1", "+1", "猫"],
    ],
)
def test_a_scalar_stays_the_text_it_was(scalar):
    assert parse(f"title: {scalar}\ntopics: [{scalar}]") == {
        "title": scalar,
        "topics": [scalar],
    }


@pytest.mark.parametrize("tag", ["!!str", "!!int", "!!float", "!!bool", "!!timestamp"])
def test_a_tag_of_plain_yaml_changes_nothing(tag):
    assert parse(f"a: {tag} 1.10") == {"a": "1.10"}


@pytest.mark.parametrize("nothing", ["", "~", "null", "# comment"])
def test_an_empty_value_is_none(nothing):
    assert parse(f"a: {nothing}\nb: x") == {"a": None, "b": "x"}


@pytest.mark.parametrize("text", ['""', "''", '"~"', "'null'", '"null"'])
def test_a_quoted_value_is_never_none(text):
    assert parse(f"a: {text}") == {"a": text[1:-1]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("# only a comment\n", None),
        ("plain", "plain"),
        ("- a\n- b", ["a", "b"]),
        ("a: {b: [c, {d: e}]}", {"a": {"b": ["c", {"d": "e"}]}}),
        ("a: >\n  one\n  two\n", {"a": "one two\n"}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ('a: "x\\ty\\u00e9"', {"a": "x\tyé"}),
        ("2020: a\nNO: b\n1.10: c", {"2020": "a", "NO": "b", "1.10": "c"}),
        ("? a\n: b", {"a": "b"}),
        ("---\na: b\n...\n", {"a": "b"}),
        ("%YAML 1.2\n---\na: b\n", {"a": "b"}),
    ],
)
def test_the_usual_shapes_are_read(text, expected):
    assert parse(text) == expected


def test_an_alias_stands_for_what_it_names():
    assert parse("a: &x [b]\nc: *x\nd: *x") == {"a": ["b"], "c": ["b"], "d": ["b"]}


def test_aliases_of_aliases_are_never_expanded():
    lines = ["a0: &a0 lol"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    found = parse("\n".join(lines[:6]))
    assert found["a5"][0] is found["a4"]
    with pytest.raises(Unreadable, match="aliases that repeat too much"):
        parse("\n".join(lines))
    text = f"a: &a {'x' * 200_000}\nb: ["
    assert len(parse(f"{text}{'*a, ' * 5}]")["b"]) == 5
    with pytest.raises(Unreadable, match="aliases that repeat too much"):
        parse(f"{text}{'*a, ' * 6}]")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1\nb: 2\na: 3", 3, "a key is given twice"),
        ("x:\n  a: 1\n  a: 2", 3, "a key is given twice"),
        ("x:\n  - {a: 1, a: 1}", 2, "a key is given twice"),
        ("a: 1\n'a': 2", 2, "a key is given twice"),
        ("a: 1\nb: *nothing", 2, "an alias to nothing"),
        ("a: 1\nb: &b [*b]", 2, "an alias to nothing"),
        ("a: &k x\n*k : y", 2, "a key that is no text"),
        ("a: 1\n[b]: 2", 2, "a key that is no text"),
        ("a: 1\nb: !!binary aGk=", 2, "a tag, expected plain YAML"),
        ("a: !!python/object/apply:os.system [id]", 1, "a tag, expected plain YAML"),
        ("a: !!python/name:os.system", 1, "a tag, expected plain YAML"),
        ("a: !mine x", 1, "a tag, expected plain YAML"),
        ("a: !!set {x}", 1, "a tag, expected plain YAML"),
        ("a: 1\n---\nb: 2", 2, "a second document, expected one"),
    ],
)
def test_what_is_not_the_yaml_we_take_is_told_with_its_line(text, line, what):
    assert complaint(text) == (line, what)
    assert complaint(text, first_line=5) == (line + 4, what)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: c: d", 2),
        ("a: 1\n\tb: 2", 2),
        ("a: 1\nb: }", 2),
        ("a: 1\n b: 2", 2),
        ("a: 1\nb: @x", 2),
        ('a: 1\nb: "\\q"', 2),
    ],
)
def test_what_is_no_yaml_is_told_where(text, line):
    found, what = complaint(text)
    assert found == line
    assert what.startswith("not YAML: ")


@pytest.mark.parametrize(
    "text", ['a: "open\nb: 1', "a: [1, 2\nb: 3", "a: {b: 1", "a\nb: 1"]
)
def test_what_is_left_open_is_no_yaml(text):
    assert complaint(text)[1].startswith("not YAML: ")


@pytest.mark.parametrize(
    "opening", ["[", "{a: ", "- ", "[{a: ", "secured: [", "[secured: "]
)
def test_depth_is_bounded_before_anything_is_built(opening):
    assert complaint(opening * 100_000)[1] == f"nested more than {MAX_DEPTH} deep"


def test_depth_is_bounded_by_lines_too():
    text = "".join(f"{' ' * level}a:\n" for level in range(1_000))
    assert complaint(text) == (MAX_DEPTH + 1, f"nested more than {MAX_DEPTH} deep")


@pytest.mark.parametrize("key", ["a", "secured"])
def test_a_hundred_thousand_brackets_are_one_complaint(key):
    assert complaint(f"x: 1\n{key}: {'[' * 100_000}") == (
        2,
        f"nested more than {MAX_DEPTH} deep",
    )


def test_what_is_nested_as_deep_as_allowed_is_read():
    deepest = f"{'[' * (MAX_DEPTH - 1)}{']' * (MAX_DEPTH - 1)}"
    assert parse(f"a: {deepest}")
    assert complaint(f"a: [{deepest}]") == (1, f"nested more than {MAX_DEPTH} deep")


@pytest.mark.parametrize(
    "text",
    [
        f"a: x\nsecured: {SECRET}",
        f'a: x\n"secured": "{SECRET}"',
        f'a: x\n"\\x73ecured": {SECRET}',
        f"a: x\n? secured\n: {SECRET}",
        f"a: x\n!!str secured: {SECRET}",
        f"a: x\n&k secured: {SECRET}",
        f"a: x\nsecured: |\n  {SECRET}\n  {SECRET}",
        f"a: x\nsecured: [{SECRET}, [{SECRET}]]",
        f"a: x\nsecured: {{key: {SECRET}, secured: {SECRET}}}",
        f"a: x\nsecured: !mine {SECRET}",
        f"a: x\nprovider: {{name: n, secured: {SECRET}}}",
        f"a: x\nimages:\n  - secured: {SECRET}",
        f"a: x\nrelated: [secured: {SECRET}]",
        f"a: x\n<<: {{secured: {SECRET}}}",
        f"a: &a {{secured: {SECRET}}}\nb: *a",
        f"secured: {SECRET}\nsecured: {SECRET}",
    ],
)
def test_the_secret_is_left_out(text):
    found = parse(text)
    assert SECRET not in repr(found)
    assert "secured" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        f"secured: &s {SECRET}\na: *s",
        f"secured: [&s {SECRET}]\na: *s",
        f"secured: {{x: &s {{y: {SECRET}}}}}\na: *s",
        f"secured: &s {SECRET}\n*s : a",
    ],
)
def test_no_anchor_brings_the_secret_back(text):
    assert complaint(text)[0] == 2
    assert SECRET not in complaint(text)[1]


@pytest.mark.parametrize(
    "text",
    [
        f"secured: '{SECRET}",
        f"secured: {SECRET}\n- x",
        f"secured: [{SECRET}",
        f'title: "open\nsecured: "{SECRET}"',
        f"secured: {SECRET}: {SECRET}",
        f"  secured: {SECRET}\nx: y",
        f"secured: *{SECRET}",
        f"secured: {SECRET}\n---\nsecured: {SECRET}",
        f'secured: "\\q{SECRET}"',
        f"secured: %{SECRET}\n@",
    ],
)
def test_no_complaint_quotes_the_secret(text):
    try:
        found = parse(text)
    except Unreadable as error:
        assert SECRET not in f"{error} {error.what} {error.__cause__}"
    else:
        assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "character",
    [
        "\x00",
        "\x07",
        "\x0b",
        "\x0c",
        "\x1b",
        "\x7f",
        "\x80",
        "\x9f",
        "\ufeff",
        "\ufffe",
        "\uffff",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("quote", ["", '"', "'"], ids=["plain", "double", "single"])
def test_a_control_character_costs_no_record(character, quote):
    text = f"a: {quote}x{character}y{quote}\nb: z"
    assert parse(text) == {"a": f"x{character}y", "b": "z"}


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"], ids=ascii)
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "quoted"])
def test_what_only_yaml_takes_for_the_end_of_a_line_ends_none(character, quote):
    text = f"a: {quote}x{character}y{quote}\nb: z\nb: again"
    assert parse(text.rpartition("\n")[0])["b"] == "z"
    assert complaint(text) == (3, "a key is given twice")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 3),
        (("title",), 3),
        (("images",), 4),
        (("images", 0), 5),
        (("images", 0, "url"), 5),
        (("images", 1), 7),
        (("images", 1, "url"), 8),
        (("images", 1, "width"), 7),
        (("images", 1, "height"), 7),
        (("provider", "name"), 9),
        (("provider", "domain"), 9),
        (("nothing",), 3),
    ],
)
def test_a_key_is_found_on_its_line_or_on_what_holds_it(path, line):
    text = (
        "title: x\n"
        "images:\n"
        "  - url: a\n"
        "    width: 1\n"
        "  - width: 2\n"
        "    url: b\n"
        "provider: {name: c}\n"
    )
    assert locate(text, 3, path) == line


def test_the_nearest_line_is_given_for_what_is_not_there():
    lines = {(): 1, ("a",): 2, ("a", 0): 3}
    assert line_of(("a", 0, "b", "c"), lines) == 3
    assert line_of(("a", 1), lines) == 2
    assert line_of(("b", 1), lines) == 1


@given(
    st.lists(
        st.sampled_from(
            [
                *[
                    "a",
                    "b",
                    "secured",
                    ": ",
                    ":",
                    "\n",
                    "\n  ",
                    "- ",
                    "[",
                    "]",
                    "{",
                    "}",
                    ", ",
                ],
                *[
                    '"',
                    "'",
                    "|\n ",
                    "&x ",
                    "*x",
                    "!t ",
                    "!!int ",
                    "#",
                    "\x00",
                    "\x85",
                    "---\n",
                ],
                *["? ", "%", "~", "\t", "\ufeff"],
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_text_is_read_or_told_why_not_with_a_line_it_has(text):
    try:
        parse(text)
    except Unreadable as error:
        assert 1 <= error.line <= len(text) + 1
        assert error.what


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "2020"]),
        st.recursive(
            st.sampled_from(["NO", "2020", "x: y", "#", " ", "'", '"', "\n", "猫"]),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    )
)
def test_json_text_is_read_as_yaml(values):
    assert (parse(json.dumps(values)) or {}) == values


def test_keys_and_items_are_counted_before_they_fill_the_memory():
    with pytest.raises(Unreadable) as caught:
        parse("a: [" + "{}," * 60_000 + "]")
    assert str(caught.value.what) == "more than 50,000 keys and items"


def test_a_tag_on_a_key_is_refused():
    with pytest.raises(Unreadable, match="a tag, expected plain YAML"):
        parse("!!python/name:os.system x: y")


def toml_complaint(text):
    with pytest.raises(Unreadable) as caught:
        parse_toml(text, 2)
    return caught.value.line, caught.value.what, caught.value.key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+++\na = 1\n+++\nBody\n", Document("a = 1", 2, "Body\n", "toml")),
        ("\ufeff+++ \r\na = 1\r\n+++", Document("a = 1", 2, "", "toml")),
        ("+++\n+++\n---\n", Document("", 2, "---\n", "toml")),
        ("+++\na = '+++'\n+++\n+++\n", Document("a = '+++'", 2, "+++\n", "toml")),
    ],
)
def test_toml_is_taken_from_its_fences(text, expected):
    assert split(text) == expected


def test_toml_wants_a_second_fence():
    with pytest.raises(Unreadable) as caught:
        split("+++\na = 1\n---\n")
    assert caught.value.what == (
        'the front matter has no end, expected a second "+++" line'
    )


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("'NO'", "NO"),
        ("1.10", "1.10"),
        ("2020", "2020"),
        ("1_000", "1000"),
        ("0xff", "255"),
        ("1_0.5_0", "10.50"),
        ("1e5", "1e5"),
        ("true", "true"),
        ("false", "false"),
        ("2024-02-02", "2024-02-02"),
        ("2024-02-02 04:14:54Z", "2024-02-02T04:14:54+00:00"),
        ("2024-02-02T04:14:54-08:00", "2024-02-02T04:14:54-08:00"),
        ("10:15:00", "10:15:00"),
        ('""', ""),
    ],
)
def test_a_scalar_of_toml_is_the_text_of_it(written, text):
    assert parse_toml(f"a = {written}\nb = [{written}]") == {"a": text, "b": [text]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = 1\ntitle = 2", (3, "a key is given twice", "title")),
        ("[a]\nb = 1\n[a]", (4, "a key is given twice", "")),
        ("title = {b = 1, b = 2}", (2, "a key is given twice", "")),
        ("a = 1\nb", (3, "not TOML: expected '=' after a key in a key/value pair", "")),
        ("a = [1", (2, "not TOML: unclosed array", "")),
        ("a = no", (2, "not TOML: invalid value", "")),
        ("a = '\x01'", (2, "not TOML: wrong here", "")),
        ("a = " + "9" * 5000, (2, "not TOML: a number far too long", "")),
        ("a = 0x" + "f" * 9000, (2, "not TOML: a number far too long", "")),
        ("\na = " + "[" * 25 + "]" * 25, (2, f"nested more than {MAX_DEPTH} deep", "")),
        ("a = " + "[" * 100_000, (2, f"nested more than {MAX_DEPTH} deep", "")),
        ("\n" + "a." * 100_000 + "a=1", (3, f"nested more than {MAX_DEPTH} deep", "")),
        ("a = [" + "1," * 60_000 + "]", (2, "more than 50,000 keys and items", "")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_toml_is_told_where(text, expected):
    assert toml_complaint(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"secured = '{SECRET}'",
        f"a = 1\n[secured]\nb = '{SECRET}'",
        f"[a]\nsecured = '{SECRET}'\n[[c]]\nsecured = ['{SECRET}']",
        f"secured.x = '{SECRET}'",
        f"secured = '{SECRET}",
        f"secured = {SECRET}",
        f"['{SECRET}'\n",
        f"['{SECRET}']\n['{SECRET}']",
        f"secured = {{'{SECRET}' = 1, '{SECRET}' = 2}}",
        f"'{SECRET}' = 1\n'{SECRET}' = 2",
        f"secured.'{SECRET}' = 1\n[secured.'{SECRET}']",
    ],
)
def test_toml_keeps_the_secret_too(text):
    try:
        assert SECRET not in repr(parse_toml(text))
    except Unreadable as error:
        assert SECRET not in f"{error.what} {error.__cause__}"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("params",), 3),
        (("params", "author"), 4),
        (("params", "a", "b"), 5),
        (("images", 0, "url"), 10),
        (("images", 1, "url"), 12),
        (("none",), 2),
        (("after",), 2),
    ],
)
def test_a_key_of_toml_is_found_on_its_line(path, line):
    text = (
        "title = 'T'\n[params]\nauthor = 'x'\na.b = 1\nlong = '''\nafter = 1\n'''\n"
        "[[images]]\nurl = '1'\n[[images]]\nurl = '2'\n"
    )
    assert locate_toml(text, 2, path) == line


@given(
    st.lists(
        st.sampled_from(
            [*"a.=[]{}\"'\\#,\n 1-:T_", "secured", "title", "'''", '"""', "2020-01-01"]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_toml_is_read_or_told_why_not_with_a_line_it_has(text):
    try:
        parse_toml(text)
    except Unreadable as error:
        assert 1 <= error.line <= text.count("\n") + 1
        assert error.what
    assert 1 <= locate_toml(text, 1, ("a", "title")) <= text.count("\n") + 1


META = "Title: T\nDate: 2021-02-03\nSummary: one\n    two\nTags: a: b\n"


def test_lines_of_metadata_are_taken_off_where_they_are_allowed():
    document = split(f"{META}\nText: body\n", meta=True)
    assert document == Document(META, 1, "\nText: body\n", "meta")
    assert split("a: 1", meta=True) == Document("a: 1", 1, "", "meta")
    assert split("---\na: 1\n---\n", meta=True).kind == "yaml"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("Text", 1, 'no front matter, expected "---" on the first line'),
        ("", 1, 'no front matter, expected "---" on the first line'),
        ("a: 1\nText", 2, 'expected "Key: value" or an empty line'),
        ("a: 1\n  more", 2, 'expected "Key: value" or an empty line'),
    ],
)
def test_what_is_no_metadata_is_told_where(text, line, what):
    with pytest.raises(Unreadable) as caught:
        split(text, meta=True)
    assert (caught.value.line, caught.value.what) == (line, what)


def test_metadata_is_a_mapping_with_keys_in_lower_case():
    assert parse_meta(META) == {
        "title": "T",
        "date": "2021-02-03",
        "summary": "one two",
        "tags": "a: b",
    }
    assert locate_meta(META, 1, ("tags", 0)) == 5
    assert locate_meta(META, 1, ("none",)) == 1


def test_metadata_given_twice_is_told_and_the_secret_left_out():
    with pytest.raises(Unreadable) as caught:
        parse_meta("a: 1\nb: 2\nA: 3\n")
    assert (caught.value.line, caught.value.key) == (3, "a")
    assert parse_meta(f"a: 1\nSecured: {SECRET}\n    {SECRET}\n") == {"a": "1"}
