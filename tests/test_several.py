"""Several sites in one process: each comes to what it comes to alone."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from feeds import command
from feeds.cli import commands
from feeds.several import WORST_FIRST, distinct, each, worst
from tests.site import CONFIG, NOW, Site, stop
from tests.test_report import told


def a_site(folder, name, host=None):
    """Make a site whose address and stories are its own."""
    site, host = Site(folder / name), f"{host or name}.example.org"
    site.folder.mkdir(parents=True)
    site.configure(CONFIG.replace("feeds.example.org", host))
    for number in range(3):
        site.write(f"{number}.md", webUrl=f"https://{host}/{number}")
    return site


@pytest.fixture
def sites(tmp_path):
    return [a_site(tmp_path, name) for name in "abc"]


@pytest.fixture
def build(tmp_path):
    """Build several sites, named from the folder they are in."""

    def run(*args, names="abc", **extra):
        files = [f"{name}/feeds.yaml" for name in names]
        given = [word for file in files for word in ("-c", file)]
        return Site(tmp_path).build(*given, *args, cwd=tmp_path, **extra)

    return run


# What may be the matter with a site, and what a build of it alone ends with.


def _good(_site):
    pass


def _edited(site):
    site.write("0.md", title="Edited")


def _rejected(site):
    site.write("bad.md", quality="high")


def _mistaken(site):
    site.configure(CONFIG + "defualts: {}\n")


def _emptied(site):
    for file in (site.folder / "records").iterdir():
        file.unlink()


def _unwritable(site):
    site.configure(CONFIG + "output: feeds.yaml/x\n")


def _gone(site):
    (site.folder / "feeds.yaml").unlink()


def _sourceless(site):
    (site.folder / "records").rename(site.folder / "away")


def _held(site):
    (site.folder / "output").mkdir(exist_ok=True)
    held = os.open(site.folder / "output", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


TROUBLES = {
    _good: 0,
    _edited: 0,
    _rejected: 1,  # with --strict
    _mistaken: 2,
    _emptied: 3,
    _unwritable: 1,
    _gone: 2,
    _sourceless: 2,
    _held: 75,
}


def everything(site):
    """All that a build left, and what its state knows of it."""
    states = {}
    for file in sorted(site.folder.glob(".feeds/*.db")):
        with closing(sqlite3.connect(file)) as state:
            states[file.name] = [
                state.execute(query).fetchall()
                for query in (
                    "SELECT path, digests FROM document ORDER BY path",
                    "SELECT id, number, line FROM item ORDER BY id, number",
                    "SELECT name, read, drafts, wake FROM file ORDER BY name",
                    "SELECT key, value FROM meta WHERE key IN ('salt', 'output')",
                    "SELECT * FROM told ORDER BY 1",
                )
            ]
    return site.output(), states


@contextmanager
def inside(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(folder, *names):
    """Build in this process, for speed."""
    given = [word for name in names for word in ("-c", f"{name}/feeds.yaml")]
    with inside(folder):
        how = ["--strict", "--wait", "0", "--now", NOW]
        return CliRunner().invoke(commands, ["build", *given, *how])


@settings(max_examples=25)
@given(st.lists(st.sampled_from([*TROUBLES]), min_size=2, max_size=4))
def test_each_site_comes_to_what_it_comes_to_alone(tmp_path_factory, troubles):
    names = "abcd"[: len(troubles)]
    alone, together = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("all")
    codes, held = [], []
    for folder in (alone, together):
        made = [a_site(folder, name) for name in names]
        for name in names:
            assert run(folder, name).exit_code == 0
        held += [trouble(site) for trouble, site in zip(troubles, made, strict=True)]
    said = []
    for name in names:
        done = run(alone, name)
        codes.append(done.exit_code)
        said += [(name, line) for line in done.stderr.splitlines()]
    done = run(together, *names)
    for descriptor in filter(None, held):
        os.close(descriptor)
    assert codes == [TROUBLES[trouble] for trouble in troubles]
    assert done.exit_code == worst(codes)
    for name in names:
        assert everything(Site(together / name)) == everything(Site(alone / name))
    named = [
        line if line.startswith(f"{name}/feeds.yaml:") else f"{name}/feeds.yaml: {line}"
        for name, line in said
    ]
    assert done.stderr.splitlines() == named


def test_the_first_build_of_several_is_as_one_from_nothing(sites, build, tmp_path):
    assert build().code == 0
    for site in sites:
        twin = a_site(tmp_path / "alone", site.folder.name)
        assert twin.build().code == 0
        assert everything(twin) == everything(site)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], 0),
        ([0, 75, 0], 75),
        ([75, 1], 1),
        ([1, 3, 75], 3),
        ([3, 0, 2, 1, 75], 2),
    ],
)
def test_the_exit_code_is_the_one_that_asks_most_of_a_person(codes, expected):
    assert worst(codes) == worst(codes[::-1]) == expected


def test_every_exit_code_of_a_build_has_its_rank():
    assert set(TROUBLES.values()) == set(WORST_FIRST)


# Which configurations there are.


def test_the_same_configuration_twice_is_one(sites, build, tmp_path):
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a/other.yaml").symlink_to("feeds.yaml")
    same = ["a/feeds.yaml", "./b/../a/feeds.yaml", "link/feeds.yaml", "a/other.yaml"]
    same += [str(tmp_path / "a/feeds.yaml")]
    with inside(tmp_path):
        assert distinct(same) == ["a/feeds.yaml"]
    words = [word for file in same for word in ("-c", file)]
    done = Site(tmp_path).build(*words, "-o", "elsewhere")
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == "3 records read, 0 drafts; 2 feeds written, 0 unchanged, 0 removed\n"
    )
    assert (tmp_path / "elsewhere/all.rss").exists()


def test_a_link_from_another_folder_has_the_records_beside_it(sites, tmp_path):
    (tmp_path / "b/feeds.yaml").unlink()
    (tmp_path / "b/feeds.yaml").symlink_to("../a/feeds.yaml")
    with inside(tmp_path):
        assert distinct(["a/feeds.yaml", "b/feeds.yaml"]) == [
            "a/feeds.yaml",
            "b/feeds.yaml",
        ]


def test_without_any_the_nearest_one_is_taken():
    assert distinct([]) == [None]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-o", "x"], "-o x: names one output, expected one configuration"),
        (["--now", "soon"], '--now: got "soon", expected a date'),
        (["--watch", "--strict"], "--watch goes neither with"),
    ],
)
def test_what_no_several_can_have_is_a_mistake_told_once(sites, build, args, message):
    done = build(*args, now=None)
    assert done.code == 2
    assert done.err.count(message) == 1
    assert not any(site.output() for site in sites)


@pytest.mark.parametrize("name", ["check", "list", "stats", "serve", "explain"])
def test_only_a_build_takes_several(sites, tmp_path, name):
    record = ["x"] if name == "explain" else []
    given = ["-c", "a/feeds.yaml", "-c", "b/feeds.yaml"]
    done = Site(tmp_path).run(name, *given, *record)
    assert done.code == 2
    assert "given more than once; `feeds build` takes several" in done.err


# What is said.


def test_each_message_names_its_site(sites, build):
    sites[1].write("bad.md", quality="high")
    done = build("-v")
    assert done.out.splitlines()[1] == (
        "b/feeds.yaml: 4 records read, 0 drafts, 1 rejected;"
        " 2 feeds written, 0 unchanged, 0 removed"
    )
    lines = [*done.out.splitlines(), *done.err.splitlines()]
    assert {line.partition(": ")[0] for line in lines} == {
        f"{site.folder.name}/feeds.yaml" for site in sites
    }
    assert (
        'b/feeds.yaml: b/records/bad.md:6: quality: got "high", expected a number'
        in lines
    )
    assert "c/feeds.yaml: read records/0.md: it is new" in lines


def test_cron_mails_only_what_is_wrong(sites, build):
    assert build("-q") == build("-q", names="a")
    sites[0].write("bad.md", title=None)
    _mistaken(sites[2])
    done = build("-q")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "a/feeds.yaml: a/records/bad.md:2: title: missing, expected text",
        'c/feeds.yaml:7: defualts: no such key; did you mean "defaults"?',
    ]
    assert build("-q").err == done.err.partition("\n")[2]


def test_a_collector_is_told_the_site_apart(sites, build):
    sites[1].write("bad.md", title=None)
    _mistaken(sites[2])
    done = build("--log-format", "json")
    assert [line["config"] for line in told(done.out)] == [
        "a/feeds.yaml",
        "b/feeds.yaml",
    ]
    rejected, mistake = told(done.err)
    assert rejected == {
        "level": "warning",
        "message": "b/records/bad.md:2: title: missing, expected text",
        "config": "b/feeds.yaml",
        "file": "b/records/bad.md",
        "line": 2,
        "reason": "title: missing, expected text",
    }
    assert mistake["config"] == "c/feeds.yaml"
    assert mistake["message"].startswith("c/feeds.yaml:7: defualts")


def test_a_preview_tells_the_sites_apart_and_writes_nothing(sites, build, tmp_path):
    build()
    sites[0].write("new.md", title="New")
    _emptied(sites[1])
    before = [everything(site) for site in sites]
    done = build("--dry-run", "--report", "report.json")
    assert done.code == 3
    assert done.out.splitlines() == [
        "a/feeds.yaml: all: 1 new, 0 changed, 0 gone",
        "a/feeds.yaml:   + New",
        "a/feeds.yaml: topics/ai: 1 new, 0 changed, 0 gone",
        "a/feeds.yaml:   + New",
        "c/feeds.yaml: subscribers would see nothing new",
    ]
    assert "b/feeds.yaml: refused: " in done.err
    assert [everything(site) for site in sites] == before
    assert not (tmp_path / "report.json").exists()
    assert (
        "b/feeds.yaml: all: 0 new, 0 changed, 3 gone"
        in build("--dry-run", "--force").out
    )


def test_force_is_for_all_of_them(sites, build):
    build()
    for site in sites[:2]:
        _emptied(site)
    assert build().code == 3
    assert build("--force").code == 0
    assert b"<item>" not in sites[0].output()["all.rss"]


# What is written for programs.


def test_a_report_has_each_site_under_its_name(sites, build, tmp_path):
    _mistaken(sites[1])
    sites[2].write("bad.md", title=None)
    build("--report", "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert list(report) == ["a/feeds.yaml", "b/feeds.yaml", "c/feeds.yaml"]
    build("--report", "alone.json", names="a")
    alone = json.loads((tmp_path / "alone.json").read_text())
    assert report["a/feeds.yaml"].keys() == alone.keys()
    assert report["a/feeds.yaml"]["feeds"]["written"] == 2
    assert report["b/feeds.yaml"] == {
        "error": {
            "exit_code": 2,
            "message": 'b/feeds.yaml:7: defualts: no such key; did you mean "defaults"?',
        }
    }
    (rejected,) = report["c/feeds.yaml"]["records"]["rejected"]
    assert rejected["file"] == "c/records/bad.md"


def measured(folder):
    text = (folder / "feeds.prom").read_text("utf-8")
    families = [*text_string_to_metric_families(text)]
    assert len({one.name for one in families}) == len(families)
    found = {}
    for sample in (sample for one in families for sample in one.samples):
        key = (sample.labels["config"], sample.name, sample.labels.get("state"))
        assert key not in found
        found[key] = sample.value
    return found


LAST = "feeds_last_success_timestamp_seconds"


def test_metrics_have_a_label_for_each_site(sites, build, tmp_path):
    sites[1].write("more.md")
    build("--metrics", "feeds.prom")
    found = measured(tmp_path)
    assert {key[0] for key in found} == {f"{name}/feeds.yaml" for name in "abc"}
    assert found["a/feeds.yaml", "feeds_records", "read"] == 3
    assert found["b/feeds.yaml", "feeds_records", "read"] == 4
    build("--metrics", "alone.prom", names="a")
    (tmp_path / "alone.prom").rename(tmp_path / "feeds.prom")
    with pytest.raises(KeyError):
        measured(tmp_path)  # one site has no label, and so its alerts stay as they are


def test_the_last_success_of_a_site_that_fails_grows_old(sites, build, tmp_path):
    build("--metrics", "feeds.prom", names="ab")
    first = measured(tmp_path)
    _mistaken(sites[0])
    _mistaken(sites[2])
    assert build("--metrics", "feeds.prom").code == 2
    second = measured(tmp_path)
    of_a = {key: value for key, value in first.items() if key[0] == "a/feeds.yaml"}
    assert of_a.items() <= second.items()
    assert second["b/feeds.yaml", LAST, None] > first["b/feeds.yaml", LAST, None]
    of_c = {key: value for key, value in second.items() if key[0] == "c/feeds.yaml"}
    assert of_c == {("c/feeds.yaml", LAST, None): 0}  # never built: as old as can be
    build("--metrics", "feeds.prom", names="bc")
    assert {key[0] for key in measured(tmp_path)} == {"b/feeds.yaml", "c/feeds.yaml"}


@pytest.mark.parametrize(
    "left",
    [b"\xff\xfe", b"# nothing\n", b'feeds_entries{config="a/feeds.yaml"} soon\n'],
)
def test_metrics_that_are_not_ours_are_replaced(sites, build, tmp_path, left):
    (tmp_path / "feeds.prom").write_bytes(left)
    assert build("--metrics", "feeds.prom").code == 0
    assert measured(tmp_path)["a/feeds.yaml", "feeds_entries", None] == 6


@pytest.mark.parametrize("name", ['"q"', "back\\slash", "ä ö", "line\nbreak", "\udcff"])
def test_any_name_of_a_site_is_a_label(tmp_path, build, name):
    for one in (name, "b"):
        a_site(tmp_path, one, "x")
    for _ in range(2):
        done = build("--metrics", "feeds.prom", "--report", "r.json", names=[name, "b"])
        assert done.code == 0
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        found = measured(tmp_path)
        assert found[f"{shown}/feeds.yaml", "feeds_entries", None] == 6
    assert list(json.loads((tmp_path / "r.json").read_text()))[1] == "b/feeds.yaml"
    _mistaken(Site(tmp_path / name))
    assert build("--metrics", "feeds.prom", names=[name, "b"]).code == 2
    assert measured(tmp_path)[f"{shown}/feeds.yaml", LAST, None] > 0


@pytest.mark.parametrize("option", ["--report", "--metrics"])
def test_a_file_for_programs_that_cannot_be_written_costs_no_feed(sites, build, option):
    done = build(option, "missing/x")
    assert done.code == 1
    assert done.err.count("missing/x: cannot be written") == 3
    assert all("all.rss" in site.output() for site in sites)
    _held(sites[0])
    assert build(option, "missing/x", "--wait", "0", names="ab").code == 1


# What ends them all, and what does not.


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_them_all(sites, tmp_path, how, code):
    sites[0].build()
    held = _held(sites[1])
    given = [word for site in sites for word in ("-c", str(site.folder / "feeds.yaml"))]
    sites[0].write("new.md")
    process = Site(tmp_path).start("build", *given, cwd=tmp_path)
    assert "4 records read" in process.stdout.readline()
    assert stop(process, how).code == code
    os.close(held)
    assert not sites[2].output()
    assert sites[1].build().code == 0


def test_a_reader_that_has_had_enough_ends_them_all(sites, tmp_path):
    given = [word for site in sites for word in ("-c", str(site.folder / "feeds.yaml"))]
    process = Site(tmp_path).start("build", *given)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=20) == 1


def test_a_bug_in_one_costs_no_other_its_build(monkeypatch):
    done = []

    def act(file):
        done.append(file)
        if file == "b":
            raise AssertionError("a bug")
        return 0

    with pytest.raises(AssertionError, match="a bug") as caught:
        each(["a", "b", "c"], act, command.report.Reports())
    assert done == ["a", "b", "c"]
    assert caught.value.__notes__ == ["in the build of b"]


def test_nothing_of_a_site_is_kept_for_the_next(tmp_path):
    """The largest of equal sites takes what one alone takes."""
    names = [f"site{number}" for number in range(4)]
    for name in names:
        site = a_site(tmp_path, name)
        site.configure(CONFIG + "defaults: {limit: 2}\n")
        for number in range(200):
            site.write(f"x{number}.md", excerpt=f"{name} {number} " * 5000)

    def most(*names):
        """Build from nothing, and give the most memory it took, in KiB."""
        given = [word for name in names for word in ("-c", f"{name}/feeds.yaml")]
        process = subprocess.Popen(
            [sys.executable, "-m", "feeds", "build", "-q", "--jobs", "1", *given],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss

    assert most(*names[1:]) < most(names[0]) * 1.15
