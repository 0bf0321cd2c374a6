"""Hostile files beside one good record: each costs itself alone, and is told of."""

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from tests.site import NOW, Site

CONFIG = """\
site: {title: Test, url: "https://feeds.example.org/"}
records: records
pages: false
feeds:
  - path: all
  - path: found
    words: [zebra]
  - path: topics/{topic}
  - path: providers/{provider}
"""
MOST = 1 << 20
MEMORY = 300 << 20
CANARY = "canary-Xq7T0n"
ESCAPE = "\x1b]0;owned\x07\x1b[31m\x9b2J"
# Runs a command and tells how it ended and the most memory that any of its processes took.
METER = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stderr.write(f"\\n{code} {most * (1 if sys.platform == 'darwin' else 1024)}")
"""
DATE = "a date with year, month and day, 1900 to 9998"
LINK = "an http or https address"


def fields(name="h", **changed):
    given = {
        "title": f"Title of {name}",
        "webUrl": f"https://h.example/{name}",
        "publishedDateTime": "2025-01-01T00:00:00Z",
        "published": True,
        "topics": ["AI"],
    }
    return given | changed


def story(extra="", body="", **changed):
    """Write a record whose fields are JSON, and one more line; that is line 7."""
    given = (f"{key}: {json.dumps(one)}" for key, one in fields(**changed).items())
    return "\n".join(["---", *given, extra, "---", body])


def up_to(unit, size=MOST - 2000):
    return unit * (size // len(unit.encode()))


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str
    memory: int


def run(site, *args, user=()):
    command = [*user, sys.executable, "-c", METER, sys.executable, "-m", "feeds"]
    done = subprocess.run(
        [*command, *args, "--now", NOW],
        cwd=site.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    err, _, last = done.stderr.decode().rpartition("\n")
    code, memory = map(int, last.split())
    return Run(code, done.stdout.decode(), err, memory)


def survived(folder, files):
    """Build, check and list with hostile files; give what each command printed."""
    site = Site(folder)
    site.configure(CONFIG)
    good = site.write("good.md")
    alone = run(site, "build")
    before = site.output()["providers/example.org.rss"]
    for name, content in files.items():
        target = os.path.join(os.fsencode(good.parent), os.fsencode(name))
        with open(target, "wb") as file:
            is_text = isinstance(content, str)
            file.write(content.encode() if is_text else content)
    runs = [run(site, "build"), run(site, "check"), run(site, "list")]
    runs += [run(site, "build", "--dry-run"), run(site, "explain", "records/good.md")]
    assert [one.code for one in runs if one.code not in {0, 1}] == []
    assert (alone.code, runs[0].code, runs[2].code) == (0, 0, 0)
    for one in runs:
        assert "Traceback" not in one.err
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", one.out + one.err)
        assert CANARY not in one.out + one.err
        assert one.memory < MEMORY
    output = site.output()
    for name, content in output.items():
        etree.fromstring(content, etree.XMLParser(huge_tree=True))
        assert CANARY.encode() not in content, name
    assert before in output["providers/example.org.rss"]
    for state in (folder / ".feeds").rglob("*"):
        assert CANARY.encode() not in state.read_bytes()
    assert {one.name for one in folder.iterdir()} == {
        *("feeds.yaml", "records", "output", ".feeds")
    }
    return runs


def assert_told(runs, complaints):
    """Every complaint is said by build and by check, as file:line and reason."""
    for expected in complaints:
        for one in (runs[0].err, runs[1].out):
            assert f"records/{expected}" in one


def laughs(field):
    lines = ["a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    for one, before in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join([*lines, f"{field}: *j"])


DEEP = "nested more than 24 deep"
REPEATS = "x: &a " + "A" * 900_000 + "\nrelated: [" + "{title: *a}, " * 250 + "]"
YAML = {
    "list.md": (story(f"x: {'[' * 100_000}"), f"7: {DEEP}"),
    "mapping.md": (story(f"x: {'{a: ' * 100_000}"), f"7: {DEEP}"),
    "dashes.md": (story(f"x:\n  {'- ' * 100_000}"), f"8: {DEEP}"),
    "keys.md": (story("? " * 100_000), "7: a key that is no text"),
    "secured.md": (story(f"secured: {'[' * 100_000}"), f"7: {DEEP}"),
    "laughs.md": (story(laughs("type")), "12: aliases that repeat too much"),
    "repeats.md": (story(REPEATS), "8: aliases that repeat too much"),
    "python.md": (
        story('x: !!python/object/apply:os.system ["touch owned"]'),
        "7: a tag, expected plain YAML",
    ),
    "name.md": (story("!!python/name:os.system x: y"), "7: a tag, expected plain YAML"),
    "key.md": (story("? {a: b}\n: c"), "7: a key that is no text"),
    "twice.md": (story("title: again"), "7: title: given twice"),
    "self.md": (story("x: &x [*x]"), "7: an alias to nothing"),
    "many.md": (story(f"x: [{up_to('{},')}]"), "7: more than 50,000 keys and items"),
    "large.md": (
        story("", "x" * MOST),
        "1: larger than 1 MiB, the most for one record",
    ),
    "deep.json": ("[" * 100_000, "1: nested too deep"),
    "deeper.json": ('{"a":' * 100_000, "1: nested too deep"),
    "large.json": (
        json.dumps([fields(body="x" * MOST), fields("large")]),
        "1: larger than 1 MiB, the most for one record",
    ),
    "junk.jsonl": (
        f"{json.dumps(fields('junk'))}\n{up_to('0' + chr(10), MOST)}",
        "1012: far too many mistakes, the rest is not read",
    ),
    "canary.md": (story(f"secured: {CANARY}\nheat: x"), '8: heat: got "x", expected a'),
    "canary2.md": (story(f"secured: &c {CANARY}\nx: *c"), "8: an alias to nothing"),
    "canary3.md": (story(f"secured: [{CANARY}"), "8: not YAML: "),
    "canary.json": (json.dumps(fields(secured=CANARY))[:-1], "1: not JSON: "),
}
BYTES = {
    "latin.md": (
        story("x: \u00e9").encode("latin-1"),
        "7: not UTF-8, expected UTF-8 te",
    ),
    "utf16.md": (story().encode("utf-16"), "1: UTF-16, expected UTF-8"),
    "utf16.json": (json.dumps(fields()).encode("utf-16"), "1: UTF-16, expected UTF-8"),
    "dashes.md": ("---\n", "1: the front matter has no end, expected a second"),
    "dashes2.md": ("---\n---\n", '2: nothing, expected "field: value" lines'),
    "dashes3.md": ("---", "1: the front matter has no end, expected a second"),
    "empty.md": ("", "1: no front matter"),
    "empty.json": ("", "1: not JSON: "),
    "zeros.md": ("\0" * MOST, "1: no front matter"),
    "zeros.json": ("\0" * MOST, "1: not JSON: "),
    "line.md": ("x" * MOST, "1: no front matter"),
    "line.yaml": ("x" * MOST, "1: no mapping"),
    "surrogate.jsonl": (b'{"title": "\xed\xa0\x80"}', "1: not UTF-8"),
}
READABLE = {
    "nul.md": story(title="N\0UL"),
    "cr.md": story(title="CR", body="a\nb").replace("\n", "\r"),
    "crlf.md": story(title="CRLF", body="a\nb").replace("\n", "\r\n"),
    "bom.md": "\ufeff" + story(title="BOM"),
    "long.md": story(title="long", excerpt="x" * (MOST - 2000)),
}
VALUES = {
    "nan.md": ({"quality": "NaN"}, 'quality: got "NaN", expected a number'),
    "infinity.md": ({"heat": "-.inf"}, 'heat: got "-.inf", expected a number'),
    "e400.md": ({"quality": "1e400"}, 'quality: got "1e400", expected a number'),
    "digits.md": ({"quality": "9" * 500_000}, "quality: got "),
    "year0.md": ({"publishedDateTime": "0000-01-01"}, DATE),
    "year10000.md": ({"publishedDateTime": "10000-01-01"}, DATE),
    "offset.md": ({"publishedDateTime": "2025-01-01T00:00:00+99:00"}, DATE),
    "offsets.md": ({"updatedDateTime": "+99:99" * 16}, DATE),
    "port.md": ({"webUrl": f"https://a.example:{'0' * 5000}99999/"}, LINK),
    "host.md": ({"webUrl": "https://" + "\u00e9" * 150_000}, LINK),
    "lone.md": ({"webUrl": "https://a.example/\udc80"}, "3: not YAML: "),
    "javascript.md": ({"webUrl": "javascript:alert(1)"}, LINK),
    "tab.md": ({"webUrl": "java\tscript:alert(1)"}, LINK),
    "coded.md": ({"webUrl": "&#106;avascript:alert(1)"}, LINK),
    "data.md": ({"webUrl": "data:text/html,x"}, LINK),
    "file.md": ({"webUrl": "file:///etc/passwd"}, LINK),
    "topic.md": ({"topics": ["\u732b" * 1001]}, "1000 characters at most"),
    "escape.md": ({"quality": ESCAPE}, "\\x1b]0;owned\\x07\\x1b[31m\\x9b2J"),
}
ACCEPTED = {
    "negative.json": {"quality": -1e300},
    "zero-port.json": {"webUrl": f"https://a.example:{'0' * 5000}/"},
    "dots.json": {"webUrl": f"https://a.example{'/a' * 200_000}{'/..' * 200_000}"},
    "surrogates.json": {"title": "\ud800 \udfff s", "topics": ["\udc00", "x\ud800"]},
    "none.json": {
        "title": "\ufffe\uffff\U0001ffff\ufdd0 none",
        "excerpt": "\uffff" * 9,
    },
    "escapes.json": {"title": ESCAPE, "topics": [ESCAPE], "excerpt": ESCAPE},
    "stacked.json": {"title": "a" + "\u0301\u0327" * 80_000},
    "stacked2.json": {"topics": ["b" + "\u0327" * 80_000 + "\u0301" * 80_000]},
    "ligatures.json": {"category": "\ufdfa" * 150_000},
    "wrong.json": {"excerpt": "\u00c3\u00a9" * 80_000},
    "digits.json": {"id": "9" * 500_000},
}
NAMES = [
    *(
        "../../x",
        "/etc/passwd",
        "..",
        ".",
        "a\0b",
        "a\\..\\..\\b",
        "CON",
        "aux",
        "NUL.txt",
    ),
    *("caf\u00e9", "cafe", "cafe\u0301", "x" * 5000, "-rf", "~", "C:", "a/b", "index"),
    *("%2e%2e%2f", "\u202etxt", " ", "\U0001f600", "com1", ".feeds", "feeds.yaml"),
]
FLAWED = "body: too much markup, expected less; the excerpt is shown in its stead"
REOPENED = "<p>" + "".join(f"<b title={n}>" for n in range(700)) + "<p>x" * 4000
BODIES = {
    "div": up_to("<div>"),
    "closed": "<div>" * 90_000 + "</div>" * 90_000,
    "lists": up_to("<ul><li>"),
    "details": up_to("<details>"),
    "attributes": "<pre " + up_to("".join(f"a{n} " for n in range(100_000)), 700_000),
    "reopened": REOPENED,
    "[": up_to("["),
    ">": up_to(">"),
    "*a": up_to("*a "),
    "![[]()": up_to("![[]()"),
    "`": "".join("`" * n + " " for n in range(1400)),
    "table": "|a|b|\n|-|-|\n" + up_to("|1|2|\n"),
    "rows": up_to("|-|-\n"),
    "references": f"[a]: {'b' * 400_000}\n\n" + up_to("[a]", 500_000),
    "titles": "[a]: b '" + up_to("x\n"),
    "labels": up_to("[a\n"),
    "lazy": ">" * 500 + up_to("a\n"),
    "quotes": ">     a\nb\n" * 13_300,
    "percent": f"[a](https://h.example/{up_to('%')})",
}
SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<iframe src="https://e.example/"></iframe>',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<style>body{display:none}</style>",
    '<p style="position:fixed" onclick="alert(1)">x</p>',
    "[x](javascript:alert(1)) ![x](data:text/html,x) <file:///etc/passwd>",
    '<a href="java&#9;script:alert(1)">x</a> <a href=" &#106;avascript:x">y</a>',
    '<form action="/x"><input onfocus=alert(1) autofocus></form>',
]
MARKUP = "]]><script>alert(1)</script><![CDATA[<b>&amp;lt;"


@pytest.mark.parametrize("table", [YAML, BYTES], ids=["yaml and json", "bytes"])
def test_a_file_that_cannot_be_read_is_told_of(tmp_path, table):
    runs = survived(tmp_path, {name: content for name, (content, _) in table.items()})
    assert_told(runs, [f"{name}:{said}" for name, (_, said) in table.items()])


def test_odd_bytes_that_are_text_cost_nothing(tmp_path):
    runs = survived(tmp_path, READABLE)
    assert runs[0].err.count("records/") == 0
    assert runs[0].out.startswith("6 records read")


def test_a_value_that_cannot_be_is_told_of(tmp_path):
    files = {name: story(**value) for name, (value, _) in VALUES.items()}
    files["lone.json"] = json.dumps(fields(webUrl="https://a.example/\ud800"))
    runs = survived(tmp_path, files)
    assert 'records/lone.json:1: webUrl: got "https://a.example/\\ud800"' in runs[0].err
    for name, (_, said) in VALUES.items():
        line = next(one for one in runs[0].err.splitlines() if f"/{name}:" in one)
        assert said in line


def test_odd_values_that_can_be_cost_nothing(tmp_path):
    runs = survived(
        tmp_path, {n: json.dumps(fields(n, **v)) for n, v in ACCEPTED.items()}
    )
    assert runs[1].code == 0, runs[1].out
    assert runs[0].out.startswith(f"{len(ACCEPTED) + 1} records read")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_would_take_too_long_gives_way_to_the_excerpt(tmp_path, body):
    record = story(body=body, excerpt="In short.")
    runs = survived(tmp_path, {"h.md": record})
    assert f"records/h.md:2: {FLAWED}" in runs[1].out
    assert runs[0].err.count("records/") == 0
    assert b"&lt;p&gt;In short.&lt;/p&gt;" in Site(tmp_path).output()["all.atom"]


def test_long_lists_are_cut_and_each_flaw_is_found_in_one_reading(tmp_path):
    bad = {"images": ["x"] * 20_000, "related": ["x"] * 20_000}
    topics = [f"topic {number}" for number in range(30_000)]
    runs = survived(
        tmp_path,
        {
            "h.md": story(**bad),
            "t.md": story(topics=topics),
            "h.json": json.dumps(fields(**bad)),
        },
    )
    for at in (
        "t.md:6: topics",
        "h.md:7: images",
        "h.md:8: related",
        "h.json:1: images",
    ):
        assert f"records/{at}: got a list, expected 250 items at most" in runs[1].out
    assert runs[1].out.count('images.url: got "x"') == 2 * 250


def test_no_text_becomes_markup(tmp_path):
    texts = dict.fromkeys(["title", "excerpt", "category", "type", "id"], MARKUP)
    provider = {"name": MARKUP, "domain": "h.example"}
    bad = [
        {"title": MARKUP, "webUrl": url, "url": url, "provider": provider}
        for url in (
            "javascript:alert(1)",
            "data:x",
            "file:///x",
            "java\tscript:x",
            "&#106;avascript:x",
        )
    ]
    related = [
        *bad,
        {"title": MARKUP, "webUrl": "https://r.example/", "provider": provider},
    ]
    record = fields(
        topics=[MARKUP], provider=provider, images=bad, related=related, **texts
    )
    files = {
        f"b{n}.json": json.dumps(fields(f"b{n}", body=body))
        for n, body in enumerate(SCRIPTS)
    }
    runs = survived(tmp_path, {"h.json": json.dumps(record), **files})
    assert runs[1].out.count("images.url: got ") == len(bad)
    assert runs[1].out.count("related.webUrl: got ") == len(bad)
    for content in Site(tmp_path).output().values():
        tree = etree.fromstring(content)
        assert not [
            one for one in tree.iter() if etree.QName(one).localname in {"script", "b"}
        ]
        shown = [
            text
            for one in tree.iter()
            for text in [one.text or "", *one.attrib.values()]
        ]
        assert not [
            one for one in shown if re.match(r"(?i)\s*(javascript|data|file):", one)
        ]
        for html in (one for one in shown if one.startswith("<p>")):
            tags = re.findall(r"<[^>]*>", html)
            assert not [
                t
                for t in tags
                if re.search(
                    r"(?i)<(script|iframe|svg|style|form|input)|\son\w+=|style=|script:|data:|file:",
                    t,
                )
            ]


def test_nothing_is_written_elsewhere_whatever_it_is_called(tmp_path):
    folder = tmp_path / "a" / "site"
    folder.mkdir(parents=True)
    files = {
        f"{n}.json": json.dumps(
            fields(f"n{n}", topics=[name], provider={"name": name, "domain": domain})
        )
        for n, name in enumerate(NAMES)
        for domain in [("con", "aux.com", "../../x", "a.rss", "..")[n % 5]]
    }
    survived(folder, files)
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
    assert [one.name for one in folder.parent.iterdir()] == ["site"]
    paths = [*Site(folder).output()]
    assert len({path.casefold() for path in paths}) == len(paths)
    for path in paths:
        assert re.fullmatch(r"[a-z0-9_/.-]+\.(rss|atom)", path)
        stem = path.rpartition("/")[2].partition(".")[0]
        assert not re.fullmatch("con|aux|nul|prn|com[0-9]", stem)


def not_files(records):
    """Make what is called like a record and is none; give what is said of each."""
    os.mkfifo(records / "fifo.md")
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open(records, os.O_RDONLY)
        try:
            os.chdir(here)  # a socket's path has to be short
            one.bind("socket.md")
        finally:
            os.chdir("/")
            os.close(here)
    for name, target in LINKS.items():
        (records / name).symlink_to(target)
    (records / "folder.md").mkdir()
    with (records / "sparse.md").open("wb") as file:
        file.truncate(10 << 30)
    with (records / "sparse.jsonl").open("wb") as file:
        file.truncate(10 << 30)


LINKS = {
    "zero.md": "/dev/zero",
    "zero.jsonl": "/dev/zero",
    "null.md": "/dev/null",
    "tty.md": "/dev/tty",
    "memory.md": "/proc/self/mem",
    "gone.md": "nowhere",
    "loop.md": "loop.md",
    "far.md": "x" * 4000,
}
TOLD = [
    "fifo.md:1: no regular file",
    "socket.md:1: cannot be read: ",
    "zero.md:1: no regular file",
    "zero.jsonl:1: no regular file",
    "null.md:1: no regular file",
    "tty.md:1: ",
    "gone.md:1: cannot be read: No such file or directory",
    "loop.md:1: cannot be read: Too many levels of symbolic links",
    "far.md:1: cannot be read: File name too long",
    "folder.md:1: a folder, expected a file",
    "sparse.md:1: larger than 1 MiB, the most for one record",
    "sparse.jsonl:1: no end of a record in 256 MiB, the rest is not read",
]


def test_what_is_no_file_is_told_of(tmp_path):
    (tmp_path / "records").mkdir()
    not_files(tmp_path / "records")
    told = [*TOLD]
    if sys.platform == "linux":
        told.append("memory.md:1: cannot be read: Input/output error")
        with open(os.fsencode(tmp_path / "records") + b"/\xff.md", "wb"):
            pass
    runs = survived(tmp_path, {})
    assert_told(runs, told)
    for said in (runs[0].err, runs[1].out):
        named = (
            sys.platform != "linux" or ": a name that is not UTF-8, rename it" in said
        )
        assert named


def test_a_path_of_4000_characters_stops_nothing(tmp_path):
    site = Site(tmp_path)
    site.configure(CONFIG)
    site.write()
    here = os.open(tmp_path / "records", os.O_RDONLY)
    for _ in range(20):  # folder by folder, since no path may be so long
        os.mkdir("x" * 200, dir_fd=here)
        inner = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("deep.md", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    result = run(site, "build")
    assert (result.code, "Traceback" in result.err) == (0, False)
    assert "/deep.md:1: " in result.err
    assert b"Title of a.md" in site.output()["all.rss"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs setpriv where root runs us")
def test_what_may_not_be_read_is_told_of(tmp_path):
    without_power = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    site = Site(tmp_path)
    site.configure(CONFIG)
    site.write()
    site.write("shut.md").chmod(0)
    site.write("closed/b.md").parent.chmod(0)
    try:
        result = run(site, "build", user=without_power if os.geteuid() == 0 else ())
    finally:
        (tmp_path / "records" / "closed").chmod(0o700)
    assert result.code == 0, result.err
    assert "records/shut.md:1: cannot be read: Permission denied" in result.err
    assert "records/closed:1: cannot be read: Permission denied" in result.err
    assert b"Title of a.md" in site.output()["all.rss"]


def test_a_lower_bound_holds_for_files_and_for_what_is_in_them(tmp_path):
    site = Site(tmp_path)
    site.configure(CONFIG + "max_record_size: 2 KiB\n")
    site.write()
    site.write("large.md", excerpt="x" * 2048)
    lines = [fields("one"), fields("two", excerpt="\u00e9" * 1000), fields("three")]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in lines)
    (tmp_path / "records" / "many.jsonl").write_text(text, "utf-8")
    (tmp_path / "records" / "many.json").write_text(f"[{text.replace(chr(10), ',')}]")
    for command in ("build", "check"):
        said = run(site, command)
        for at in ("large.md:1", "many.jsonl:2", "many.json:1"):
            told = f"records/{at}: larger than 2 KiB, the most for one record"
            assert told in said.out + said.err
    titles = re.findall(rb"<title>Title of (.*?)</title>", site.output()["all.rss"])
    assert sorted(titles) == [b"a.md", b"one", b"three"]
