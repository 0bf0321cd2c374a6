"""One build after another, as cron runs them: the real command on real files."""

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from feeds import build, config
from feeds.errors import FeedsError
from feeds.store import FOLDER, seal
from tests.site import CONFIG, NOW, Site, stop


def test_a_first_build_writes_every_feed(site):
    result = site.build()
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "1 record read, 0 drafts; 2 feeds written, 0 unchanged, 0 removed\n"
    )
    assert [*site.output()] == [
        "all.atom",
        "all.rss",
        "topics/ai.atom",
        "topics/ai.rss",
    ]


def test_a_second_build_says_that_nothing_changed(site):
    site.build()
    assert site.build().out == "1 record read, 0 drafts; nothing changed in 2 feeds\n"


def test_a_quiet_build_prints_nothing(site):
    result = site.build("-q")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_verbose_build_says_what_it_did_and_why(site):
    site.build()
    site.write(topics="[ML]")
    assert site.build("-v").err.splitlines() == [
        "read records/a.md: it changed",
        "looked at all: a record touched it",
        "looked at topics/ml: it is new, or was left undone",
        "wrote all.rss",
        "wrote all.atom",
        "wrote topics/ml.rss",
        "wrote topics/ml.atom",
        "removed topics/ai.atom",
        "removed topics/ai.rss",
    ]


WHYS = {
    "it is new": lambda site: site.write("b.md"),
    "forgot records/b.md: it is gone": lambda site: (
        site.folder / "records/b.md"
    ).unlink(),
    "feeds.yaml, the program or a library changed": lambda site: site.configure(
        f"{CONFIG}# x\n"
    ),
    "all.rss is not as it was written": lambda site: (
        site.folder / "output/all.rss"
    ).unlink(),
    "state is begun anew: there is none": lambda site: shutil.rmtree(
        site.folder / FOLDER
    ),
    "state is damaged, begun anew": lambda site: next(
        (site.folder / FOLDER).glob("*.db")
    ).write_bytes(b"x" * 9999),
}


def test_a_verbose_build_says_why_of_everything(site):
    site.build()
    for why, change in WHYS.items():
        change(site)
        assert why in site.build("-v").err
    site.write("c.md", publishedDateTime="2026-01-03")
    site.build()
    later = site.build("-v", "--now", "2026-01-04")
    assert "read records/c.md: it is due" in later.err
    assert "the clock went back" in site.build("-v").err
    site.configure(CONFIG + "defaults: {max_age: 30 days}\n")
    site.build("--now", "2025-01-05")
    aged = site.build("-v", "--now", "2025-03-05")
    assert "looked at all: a story became too old" in aged.err


def test_quiet_wins_over_verbose(site):
    assert site.build("-q", "-v").err == ""


def test_a_rejected_record_costs_only_itself(site):
    site.write("bad.md", title=None)
    result = site.build()
    assert result.code == 0
    assert result.err == "records/bad.md:2: title: missing, expected text\n"
    assert b"Title of a.md" in site.output()["all.rss"]


def test_a_rejected_record_is_wrong_once_until_its_file_changes(site):
    site.write("bad.md", title=None)
    assert "bad.md" in site.build("-q").err
    assert site.build("-q").err == ""
    assert "bad.md" in site.build().err
    assert site.build("-q").err == ""
    site.write("bad.md", title=None, quality=51)
    assert "bad.md" in site.build("-q").err


def test_a_file_that_is_too_large_is_wrong_once_until_it_changes(site):
    large = site.folder / "records" / "large.md"
    for size in (1 << 20, 1 << 21):
        large.write_bytes(b"x" * (size + 1))
        assert "large.md:1: larger than 1 MiB" in site.build("-q").err
        assert site.build("-q").err == ""


def test_a_strict_build_publishes_and_exits_with_1(site):
    site.write("bad.md", title=None)
    assert site.build("--strict").code == 1
    assert "all.rss" in site.output()


def test_a_strict_build_that_fails_says_why_each_time(site):
    site.write("bad.md", title=None)
    first, second = (site.build("--strict", "-q") for _ in range(2))
    assert (second.code, second.err) == (first.code, first.err)
    assert second.err.startswith("records/bad.md:2: title: missing")
    assert (site.build("-q").code, site.build("-q").err) == (0, "")


@pytest.mark.parametrize("output", [".feeds", ".feeds/x", "./sub/../.feeds"])
def test_an_output_in_the_state_is_refused(site, output):
    (site.folder / "sub").mkdir()
    for options in ([], ["--dry-run"]):
        result = site.build("-o", output, *options)
        assert result.code == 2
        assert result.err.endswith(
            ": .feeds keeps what may be deleted at any time, expected the output elsewhere\n"
        )
        assert not (site.folder / ".feeds").exists()


@pytest.mark.parametrize("option", ["-q", "--dry-run"])
def test_records_that_are_gone_are_named_before_the_feeds_that_go_with_them(
    site, option
):
    for number in range(12):
        site.write(f"{number}.md", topics=f"[T{number}]")
    site.build()
    for file in (site.folder / "records").iterdir():
        file.unlink()
    result = site.build(option)
    assert result.code == 3
    assert "would take away 13 of 13 records" in result.err


def test_a_feed_without_entries_says_why(site):
    site.write(published=False)
    assert site.build().err.splitlines() == [
        "all: no entries: 1 record read, 1 is a draft"
    ]


def test_the_reasons_of_an_empty_feed_are_counted(site):
    site.write(published=False)
    site.write("b.md", published=False)
    site.write("c.md", quality=None)
    site.configure(CONFIG + "defaults: {min_quality: 40}\n")
    assert site.build().err.splitlines() == [
        "all: no entries: 3 records read, 2 are drafts, 1 is below min_quality 40"
    ]


def test_an_empty_folder_is_said_so(tmp_path):
    site = Site(tmp_path)
    site.configure()
    (tmp_path / "records").mkdir()
    result = site.build()
    assert result.code == 0
    assert result.err.startswith("no records: ")
    assert [*site.output()] == ["all.atom", "all.rss"]


def test_a_missing_records_folder_is_a_mistake_and_nothing_is_written(tmp_path):
    site = Site(tmp_path)
    site.configure()
    result = site.build()
    assert result.code == 2
    assert result.err == (
        "feeds.yaml:2: records: records is missing, expected a folder of records\n"
    )
    assert os.listdir(tmp_path) == ["feeds.yaml"]


@pytest.mark.parametrize("name", ["topics: {Quantum: }", "providers: {q.org: }"])
def test_a_configured_name_that_no_record_has_ever_had_is_warned_of(site, name):
    site.configure(CONFIG + name)
    kind = "topic" if "topics" in name else "provider"
    assert f"no record has ever had this {kind}" in site.build().err
    assert site.build("-q").err == ""


def test_a_configured_name_that_a_record_once_had_is_not(site):
    site.configure(CONFIG + "topics: {AI: }")
    site.build()
    site.write(topics=None)
    assert "no record has ever had" not in site.build().err


# The drop guard.


def test_a_limit_larger_than_any_number_of_entries_is_none(site):
    site.configure(CONFIG + f"defaults: {{limit: {10**30}, ttl: {10**30}}}\n")
    assert site.build().code == 0
    assert "all: in (1 of 1)" in site.run("explain", "records/a.md").out


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [(1, 0, 3), (9, 1, 0), (20, 10, 0), (20, 9, 3), (11, 1, 3), (10, 1, 0), (12, 1, 3)],
)
def test_losing_most_records_is_refused(tmp_path, before, after, code):
    site = Site(tmp_path)
    site.configure()
    site.fill(before)
    site.build()
    was = site.output()
    for number in range(after, before):
        (tmp_path / f"records/{number:05}.md").unlink()
    for extra in ((), ("--dry-run",)):
        result = site.build(*extra)
        assert result.code == code
    if code:
        assert site.output() == was
        assert result.err.startswith(
            f"refused: this build would take away {before - after}"
        )
        assert site.build("--force").code == 0
        assert site.build().code == 0


def test_moving_files_takes_nothing_away(site):
    site.fill(30)
    site.build()
    (site.folder / "records").rename(site.folder / "moved")
    (site.folder / "records").mkdir()
    (site.folder / "moved").rename(site.folder / "records/deeper")
    assert site.build().code == 0


def test_losing_most_feeds_is_refused_also_without_state(tmp_path):
    site = Site(tmp_path)
    site.configure()
    for number in range(30):
        site.write(f"{number}.md", topics=f"[T{number}]")
    site.build()
    shutil.rmtree(tmp_path / FOLDER)
    site.configure(CONFIG.replace("  - path: topics/{topic}\n", ""))
    assert site.build().code == 3
    assert site.build("--force").code == 0
    assert [*site.output()] == ["all.atom", "all.rss"]


def test_a_lost_state_leaves_no_stale_document(site):
    site.write("b.md", topics="[ML]")
    site.build()
    shutil.rmtree(site.folder / FOLDER)
    (site.folder / "output/mine.rss").write_text("<rss>mine</rss>")
    site.write("b.md", topics="[AI]")
    site.build()
    assert [*site.output()] == [
        "all.atom",
        "all.rss",
        "mine.rss",
        "topics/ai.atom",
        "topics/ai.rss",
    ]


def test_what_a_killed_build_wrote_is_known_to_the_next(site):
    """The documents of a build that died before it said so are pruned like any others."""
    site.build()
    before = shutil.copytree(site.folder / FOLDER, site.folder / "before")
    site.write("b.md", topics="[ML]")
    site.build()
    shutil.rmtree(site.folder / FOLDER)
    before.rename(site.folder / FOLDER)
    (file,) = (site.folder / FOLDER).glob("*.db")
    with closing(sqlite3.connect(file)) as state, state:
        for path in ("topics/ml.rss", "topics/ml.atom"):
            state.execute("INSERT INTO pending VALUES (?)", (path,))
    seal.put(file)
    (site.folder / "records/b.md").unlink()
    site.build()
    assert [*site.output()] == [
        "all.atom",
        "all.rss",
        "topics/ai.atom",
        "topics/ai.rss",
    ]


# Locks, signals, faults.


def test_a_second_build_waits_and_then_gives_up(site):
    (site.folder / "output").mkdir()
    held = os.open(site.folder / "output", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    result = site.build("--wait", "0.2")
    os.close(held)
    assert result.code == 75
    assert result.err == "output: another build holds it, gave up after 0.2 s\n"
    assert site.output() == {}


def test_ten_builds_at_once_all_succeed_one_after_the_other(site):
    site.fill(50)
    builds = [site.start("build") for _ in range(10)]
    codes = [process.wait(timeout=60) for process in builds]
    for process in builds:
        process.communicate()
    assert codes == [0] * 10
    assert site.build().out.endswith("nothing changed in 2 feeds\n")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_build_at_once_and_leaves_nothing(site, how, code):
    (site.folder / "output").mkdir()
    held = os.open(site.folder / "output", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)  # so that it is sure to be under way
    process = site.start("build")
    _until(lambda: _holds(process.pid, site.folder / "output"))
    result = stop(process, how)
    os.close(held)
    assert (result.code, result.err) == (code, "")
    assert site.output() == {}


def _holds(pid, folder):
    """Tell whether a process has a folder open."""
    with contextlib.suppress(FileNotFoundError):  # it comes and goes
        opened = Path(f"/proc/{pid}/fd")
        return any(os.path.realpath(link) == str(folder) for link in opened.iterdir())
    return False


def _until(true):
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_build_killed_at_any_moment_harms_nothing(tmp_path):
    site = Site(tmp_path)
    site.configure()
    site.fill(200)
    draw = random.Random(1)
    for turn in range(8):
        whole = {**site.output()} if turn else {}
        for number in draw.sample(range(200), 40):
            site.write(
                f"{number:05}.md",
                title=f"Turn {turn}",
                topics=f"[T{draw.randrange(9)}]",
            )
        process = site.start("build")
        time.sleep(draw.uniform(0.1, 0.7))
        process.kill()
        process.communicate()
        killed = {
            path: text for path, text in site.output().items() if "staging" not in path
        }
        site.build()
        after = site.output()
        assert all(
            text in (whole.get(path), after.get(path)) for path, text in killed.items()
        )
    shutil.rmtree(tmp_path / FOLDER)
    shutil.rmtree(tmp_path / "output")
    site.build()
    assert site.output() == after


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_named_and_every_feed_stays_whole(site):
    small = site.folder / "output"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        site.build()
        before = site.output()
        site.fill(200)
        result = site.build()
        assert result.code == 1
        assert "cannot be written: No space left on device" in result.err
        for path, text in site.output().items():
            assert text == before.get(path) or text.rstrip().endswith(
                (b"</rss>", b"</feed>")
            )
        for number in range(3, 200):
            (site.folder / f"records/{number:05}.md").unlink()
        assert site.build("--force").code == 0
    finally:
        subprocess.run(["umount", small], check=True)


def test_the_secret_is_nowhere(site):
    site.write(secured='"CANARY-123"')
    site.write("bad.md", title=None, secured="CANARY-123")
    site.write("broken.md", quality="high", secured="&x CANARY-123", excerpt="*x")
    (site.folder / "records/list.json").write_text(
        '[{"secured": "CANARY-123", "title": 5}, {"secured": "CANARY-123" "x"}]'
    )
    said = [
        site.build("-v", "--report", "report.json"),
        site.run("check"),
        site.run("explain", "records/a.md"),
    ]
    for file in [*site.folder.rglob("*")]:
        if file.is_file() and "records" not in file.parts:
            assert b"CANARY" not in file.read_bytes()
    assert not any("CANARY" in result.out + result.err for result in said)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"title": "x", "secured": {"CANARY": 1, "CANARY": 2}}'),
        ("a.json", '[{"secured": ["CANARY", {"CANARY": 1, "CANARY": 2}]}]'),
        ("a.md", "---\nsecured:\nCANARY: a\nCANARY: b\n---\n"),
        ("a.md", "---\nnote: &k CANARY\nsecured: *k\nexcerpt: *k\n---\n"),
        ("a.md", "---\nsecured: {x: &k CANARY}\nexcerpt: *k\n---\n"),
        ("a.yaml", 'secured: "CANARY\ntitle: x'),
    ],
)
def test_the_secret_in_an_odd_place_is_nowhere_either(site, name, text):
    (site.folder / "records" / name).write_text(text)
    result = site.build("--report", "report.json")
    assert result.err.startswith("records/")  # it is rejected
    for file in site.folder.rglob("*"):
        if file.is_file() and "records" not in file.parts:
            assert b"CANARY" not in file.read_bytes()
    assert "CANARY" not in result.out + result.err


def test_two_configurations_may_share_an_output(site):
    site.build()
    before = site.output()
    (site.folder / "two.yaml").write_text(
        CONFIG.replace("path: all", "path: other").replace("topics/", "more/")
    )
    site.build("-c", "two.yaml")
    site.build("-c", "two.yaml")
    site.build()
    assert before.items() <= site.output().items()
    assert "other.rss" in site.output()


def test_a_refusal_names_the_rejected_records_too(site):
    site.build()
    site.write(title=None)
    for extra in ((), ("--dry-run",), ("-q",)):
        result = site.build(*extra)
        assert result.code == 3
        assert result.err.startswith("records/a.md:2: title: missing, expected text\n")


def test_a_refusal_makes_no_output_folder(site):
    site.build()
    shutil.rmtree(site.folder / "output")
    site.write(title=None)
    assert site.build().code == 3
    assert not (site.folder / "output").exists()


def test_a_dry_run_tells_what_would_be_removed(site):
    site.build()
    site.configure(CONFIG + "formats: [atom]\n")
    assert site.build("--dry-run").out.splitlines() == [
        "all.rss: removed",
        "topics/ai.rss: removed",
    ]


def test_an_output_that_is_a_link_to_itself_is_named(site):
    (site.folder / "output").symlink_to("output")
    result = site.build()
    assert result.code == 1
    assert result.err.startswith("output: cannot be made: ")


def test_an_output_that_is_a_file_is_named(site):
    (site.folder / "output").write_text("")
    result = site.build()
    assert result.code == 1
    assert result.err == "output: cannot be made: is no folder\n"


def test_a_report_that_cannot_be_written_hides_nothing(site):
    site.write("bad.md", title=None)
    result = site.build("--report", "none/report.json")
    assert result.code == 1
    assert "bad.md:2: title: missing" in result.err
    assert "report.json" in result.err
    assert "feeds written" in result.out


def test_a_terminal_without_the_characters_gets_their_escapes(site):
    site.write(topics="[日本]")
    result = site.run("list", env={"PYTHONIOENCODING": "latin-1"})
    assert result.code == 0
    assert "\\u65e5\\u672c" in result.out


def test_a_signal_while_bodies_are_rendered_is_not_lost(site):
    # Each feed is so small that a build which was quicker than the signal says nothing.
    site.configure(CONFIG.replace("  - path: all\n", ""))
    for number in range(400):
        file = site.write(f"{number:05}.md", topics=f"[T{number % 8}]")
        body = "[x](/y) ![z](/z.jpg) *text*\n\n" * 20
        file.write_text(file.read_text() + body)
    draw = random.Random(2)
    for how, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)] * 4:
        process = site.start("build")
        time.sleep(draw.uniform(0.4, 0.9))
        result = stop(process, how)
        assert result.code in {code, 0, -how}  # the last while Python itself ends
        assert result.err == ""
        if result.code != code:
            assert "feeds written" in result.out or "nothing changed" in result.out
        shutil.rmtree(site.folder / "output", ignore_errors=True)


def test_control_characters_of_a_record_never_reach_the_terminal(site):
    site.write(title='"\\e[31mred\\e[0m \\a"')
    site.write("b\x1b[2J.md", quality='"\\e[2J"', topics='["\\e[31m"]')
    for args in (["build", "-v"], ["build", "--dry-run"], ["check"], ["list"]):
        result = site.run(*args)
        assert not any(c < " " and c != "\n" for c in result.out + result.err)


def test_the_report_counts_the_run(site):
    site.write("draft.md", published=False)
    site.write("again.md", webUrl="http://example.org/a.md?utm_source=x")
    site.write("bad.md", quality="high")
    site.build("--report", "report.json")
    report = json.loads((site.folder / "report.json").read_text())
    assert report.pop("seconds") >= 0
    assert report == {
        "records": {
            "read": 4,
            "rejected": [
                {
                    "file": "records/bad.md",
                    "line": 6,
                    "reason": 'quality: got "high", expected a number',
                }
            ],
            "drafts": 1,
            "duplicates": 1,
        },
        "feeds": {"written": 2, "unchanged": 0, "removed": 0},
        "documents": {"unpublished": 0},
    }


def test_a_dry_run_tells_what_subscribers_would_see_and_writes_nothing(site):
    assert site.build("--dry-run").out.splitlines() == [
        "all: 1 new, 0 changed, 0 gone",
        "  + Title of a.md",
        "topics/ai: 1 new, 0 changed, 0 gone",
        "  + Title of a.md",
    ]
    assert sorted(os.listdir(site.folder)) == ["feeds.yaml", "records"]
    site.build()
    assert site.build("--dry-run").out == "subscribers would see nothing new\n"
    site.write(excerpt="changed", topics="[ML]")
    site.write("b.md")
    before = site.output()
    assert site.build("--dry-run").out.splitlines() == [
        "all: 1 new, 1 changed, 0 gone",
        "  + Title of b.md",
        "  ~ Title of a.md",
        "topics/ai: 1 new, 0 changed, 1 gone",
        "  + Title of b.md",
        "  - Title of a.md",
        "topics/ml: 1 new, 0 changed, 0 gone",
        "  + Title of a.md",
    ]
    assert site.output() == before


def test_a_bug_is_not_taken_for_a_damaged_state(site, monkeypatch):
    def rotten(*_given):
        raise LookupError("planted")

    monkeypatch.setattr(build, "Work", rotten)
    settings = config.load(site.folder / "feeds.yaml")
    moment = datetime.fromisoformat(NOW)
    with pytest.raises(
        FeedsError, match="planted, with a new state too; this is a bug"
    ):
        build.build(settings, site.folder / "output", moment, build.Options())
    assert not site.output()
