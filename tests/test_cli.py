"""Options in, messages and exit codes out."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds.cli import commands
from tests.site import CONFIG, NOW, Site

FEW = f"{CONFIG}defaults: {{limit: 50}}\n"

EVERY = ["build", "check", "explain", "list"]


@pytest.mark.parametrize("command", sorted(commands.commands))
def test_each_command_has_help_in_one_line(command):
    text = CliRunner().invoke(commands, [command, "--help"]).output
    assert commands.commands[command].help
    assert "Usage: " in text


@pytest.mark.parametrize("command", EVERY)
def test_a_mistake_in_the_configuration_is_exit_2_in_every_command(site, command):
    site.configure(CONFIG + "defualts: {}\n")
    result = site.run(command, *(["x"] if command == "explain" else []))
    assert result.code == 2
    assert result.out == ""
    assert (
        result.err == 'feeds.yaml:7: defualts: no such key; did you mean "defaults"?\n'
    )


@pytest.mark.parametrize("command", EVERY)
def test_no_configuration_is_exit_2_and_says_what_to_do(tmp_path, command):
    result = Site(tmp_path).run(command, *(["x"] if command == "explain" else []))
    assert result.code == 2
    assert "no feeds.yaml here or above; `feeds init` writes one" in result.err


def test_the_configuration_is_found_in_a_folder_above(site):
    (site.folder / "deep" / "er").mkdir(parents=True)
    result = site.run("list", cwd=site.folder / "deep" / "er")
    assert result.code == 0
    assert "topics/ai" in result.out


def test_a_configuration_elsewhere_is_relative_to_itself(site, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    result = site.build("-c", str(site.folder / "feeds.yaml"), cwd=elsewhere)
    assert result.code == 0
    assert "all.rss" in site.output()
    assert os.listdir(elsewhere) == []


def test_the_output_option_is_relative_to_the_folder_one_is_in(site):
    site.build("-o", "../elsewhere")
    assert (site.folder.parent / "elsewhere/all.rss").exists()
    assert site.output() == {}


@pytest.mark.parametrize(
    "args",
    [
        ["--wait", "-1"],
        ["--wait", "nan"],
        ["--wait", "soon"],
        ["--jobs", "0"],
        ["--now", "soon"],
        ["--nwo", "x"],
        ["-c", "missing.yaml"],
    ],
)
def test_wrong_usage_is_exit_2_and_named(site, args):
    result = site.build(*args)
    assert result.code == 2
    assert args[0] in result.err or args[1] in result.err
    assert site.output() == {}


def test_the_time_comes_from_now_or_the_environment(site):
    site.write(publishedDateTime="2025-06-01")
    early = {"SOURCE_DATE_EPOCH": "1735689600"}  # 2025-01-01
    command = ["explain", "records/a.md"]
    assert site.run(*command, now=None, env=early).out.splitlines()[0] == (
        "all: out (published 2025-06-01T00:00:00Z, after now)"
    )
    assert site.run(*command, env=early).out.startswith("all: in")  # --now goes before


@pytest.mark.parametrize("epoch", ["soon", "1e9", "99999999999999999999"])
def test_a_wrong_epoch_is_exit_2(site, epoch):
    result = site.run("list", now=None, env={"SOURCE_DATE_EPOCH": epoch})
    assert result.code == 2
    assert result.err == (
        f'SOURCE_DATE_EPOCH: got "{epoch}", expected seconds since 1970\n'
    )


def test_check_names_every_problem_and_exits_with_1(site):
    site.write("bad.md", quality="high")
    site.write("worn.md", images="[{url: 'ftp://x/y.jpg'}]")
    result = site.run("check")
    assert result.code == 1
    assert result.out.splitlines() == [
        'records/bad.md:6: quality: got "high", expected a number',
        'records/worn.md:8: images.url: got "ftp://x/y.jpg", expected an http or https address',
    ]
    assert sorted(os.listdir(site.folder)) == ["feeds.yaml", "records"]


def test_check_names_every_problem_of_one_record(site):
    images = "[{url: 'javascript:x'}, {url: 'https://i.example/a.jpg', width: wide}]"
    bad = {"title": None, "titel": "x", "webUrl": "ftp://x", "quality": "high"}
    bad |= {"publishedDateTime": "soon", "heat": "[1]", "images": images}
    site.write("bad.md", **bad, provider="{domain: a b}", body="[1]")
    result = site.run("check")
    assert [line.partition(", expected")[0] for line in result.out.splitlines()] == [
        "records/bad.md:2: title: missing",
        'records/bad.md:2: webUrl: got "ftp://x"',
        'records/bad.md:3: publishedDateTime: got "soon"',
        'records/bad.md:5: quality: got "high"',
        "records/bad.md:8: heat: got a list",
        'records/bad.md:9: images.url: got "javascript:x"',
        'records/bad.md:9: images.width: got "wide"',
        'records/bad.md:10: provider.domain: got "a b"',
        "records/bad.md:11: body: got a list",
    ]
    assert result.err == "1 record, 9 problems\n"
    assert site.build().err == (
        'records/bad.md:2: title: missing, expected text; is "titel" meant to be it?\n'
    )


def test_check_of_a_good_site_is_exit_0(site):
    result = site.run("check")
    assert (result.code, result.out) == (0, "")


def test_list_shows_path_title_entries_and_the_newest(site):
    assert site.run("list").out.splitlines() == [
        "PATH       TITLE     ENTRIES  NEWEST",
        "all        Test      1        2025-01-01 00:00",
        "topics/ai  AI: Test  1        2025-01-01 00:00",
    ]


@pytest.mark.parametrize(
    "record",
    [
        "records/a.md",
        "records/a.md:3",
        "./records/../records/a.md",
        "https://example.org/a.md",
        "http://EXAMPLE.org/a.md?utm_source=x#top",
    ],
)
def test_explain_takes_a_file_a_line_or_a_link(site, record):
    assert site.run("explain", record).out.splitlines() == [
        "all: in (1 of 1)",
        "topics/ai: in (1 of 1)",
    ]


def test_explain_gives_the_rule_that_kept_a_story_out(site):
    site.configure(CONFIG + "defaults: {min_quality: 51}\n")
    assert site.run("explain", "records/a.md").out.splitlines() == [
        "all: out (min_quality 51, it has 50)",
        "topics/ai: out (min_quality 51, it has 50)",
    ]


def test_explain_tells_a_rejected_record(site):
    site.write("bad.md", quality="high")
    result = site.run("explain", "records/bad.md")
    assert result.code == 0
    assert result.out == (
        'records/bad.md:6: quality: got "high", expected a number'
        " (rejected: it is in no feed)\n"
    )


def test_explain_tells_what_is_wrong_with_a_draft_that_is_meant_to_be_none(site):
    site.write("a.md", published=None, Published=True)
    result = site.run("explain", "records/a.md")
    assert result.code == 0
    assert "it is a draft" in result.out
    assert 'Published: not read, as it is spelt "published"' in result.err


@pytest.mark.parametrize(
    "record",
    ["records/none.md", "feeds.yaml", "https://example.org/none", "", "records"],
)
def test_explain_of_an_unknown_record_is_exit_2(site, record):
    result = site.run("explain", record)
    assert result.code == 2
    assert "no such record" in result.err


def test_explain_finds_the_record_of_a_line(site):
    records = [
        {"title": n, "webUrl": f"https://x.org/{n}", "publishedDateTime": "2025-01-01"}
        for n in "abc"
    ]
    lines = "\n".join(map(json.dumps, records))
    (site.folder / "records/many.jsonl").write_text(lines)
    assert site.run("explain", "records/many.jsonl").out.count("many.jsonl:") == 3
    one = site.run("explain", "records/many.jsonl:2").out
    assert one == "all: out (status published, it is a draft)\n"


def test_init_then_build_works_and_nothing_is_overwritten(tmp_path):
    site = Site(tmp_path)
    assert site.run("init").out.splitlines() == [
        "wrote feeds.yaml",
        "wrote records/sample.md",
        "wrote feeds.schema.json",
    ]
    result = site.build()
    assert (result.code, result.err) == (0, "")
    assert "all.rss" in site.output()
    assert site.run("check").code == 0
    before = (tmp_path / "feeds.yaml").read_bytes()
    again = site.run("init")
    assert again.code == 2
    assert again.err == "feeds.yaml is there already, nothing was written\n"
    assert (tmp_path / "feeds.yaml").read_bytes() == before


def test_init_leaves_a_sample_that_is_there(tmp_path):
    (tmp_path / "new/records").mkdir(parents=True)
    (tmp_path / "new/records/sample.md").write_text("mine")
    assert "sample.md" not in Site(tmp_path).run("init", "new").out
    assert (tmp_path / "new/records/sample.md").read_text() == "mine"


def test_a_reader_that_has_had_enough_ends_us_quietly(site):
    site.fill(300, topics="[AI]")
    process = site.start("explain", "records/a.md")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=20) == 1


def test_the_way_in_survives_a_signal_at_any_moment(site):
    for how, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        for _ in range(5):
            process = site.start("list")
            while process.poll() is None and not _has_begun(process.pid):
                pass
            process.send_signal(how)
            _out, err = process.communicate(timeout=20)
            assert process.returncode == code, err
            assert err == ""


def test_a_long_build_shows_how_far_it_is_on_a_terminal(site):
    site.configure(FEW)
    site.fill(2001, topics=None)
    code, out, seen = _on_a_terminal(site)
    assert (code, out[:12]) == (0, "2002 records")
    assert "reading  [" in seen
    assert "/2001" in seen or "/2002" in seen
    assert seen.endswith(GONE)
    assert "\n" not in seen


def test_the_feeds_have_a_bar_too(site):
    for number in range(501):
        site.write(f"{number}.md", topics=f"[T{number}]")
    code, _out, seen = _on_a_terminal(site)
    assert code == 0
    assert "writing  [" in seen
    assert "/503" in seen
    assert "reading  [" not in seen
    assert seen.endswith(GONE)


def test_a_bar_is_for_those_who_wait_and_watch(site):
    site.configure(FEW)
    site.fill(2001, topics=None)
    assert site.build("--force").err == ""
    site.fill(2001, topics=None)
    assert _on_a_terminal(site, "-q")[2] == ""
    site.fill(2001, topics=None)
    assert _on_a_terminal(site, term="dumb")[2] == ""
    site.write("b.md")
    assert _on_a_terminal(site)[2] == ""  # over at once


@pytest.mark.parametrize(
    ("how", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_bar_goes_when_the_build_is_stopped(site, how, expected, jobs):
    site.fill(6000, topics="[AI, CV]")
    code, out, seen = _on_a_terminal(site, "--jobs", jobs, stop=how)
    assert (code, out) == (expected, "")
    assert seen.endswith(GONE)
    assert site.output() == {}


GONE = "\r\033[2K\033[?25h"


def _on_a_terminal(site, *args, term="xterm", stop=None):
    """Build with standard error on a terminal; stop it, as Ctrl-C does, at the first bar."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "feeds", "build", "--now", NOW, *args],
        cwd=site.folder,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "TERM": term,
        },
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    while piece := _from_terminal(ours):
        seen += piece
        if stop and b"reading" in seen:
            os.killpg(process.pid, stop)
            stop = None
    os.close(ours)
    out, _ = process.communicate(timeout=20)
    return process.returncode, out, seen.decode()


def _from_terminal(terminal):
    try:
        return os.read(terminal, 1024)
    except OSError:  # where Linux says that nobody is left to write
        return b""


def _has_begun(pid):
    """Tell whether the command has installed its handlers: SIGTERM is caught."""
    with open(f"/proc/{pid}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))
