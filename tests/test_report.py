"""What a build did, for programs: metrics and messages that their own readers read."""

import json
import os
import stat
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.site import CONFIG, Site


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.configure()
    site.write()
    site.write("b.md", topics="[AI, ML]", publishedDateTime="2025-06-01")
    site.write("c.md", published=False)
    site.write("d.md", webUrl="https://example.org/a.md", quality=40)
    site.write("bad.md", title=None)
    return site


def measured(site):
    """Read a textfile as Prometheus does: values by name and state."""
    text = (site.folder / "feeds.prom").read_text("utf-8")
    families = [*text_string_to_metric_families(text)]
    assert all(one.documentation and one.type == "gauge" for one in families)
    return {
        (sample.name.removeprefix("feeds_"), *sample.labels.values()): sample.value
        for one in families
        for sample in one.samples
    }


def test_metrics_are_what_the_report_says(site):
    before = datetime.now(UTC).timestamp()
    result = site.build("--metrics", "feeds.prom", "--report", "report.json")
    after = datetime.now(UTC).timestamp()
    report = json.loads((site.folder / "report.json").read_text("utf-8"))
    found = measured(site)
    ended = found.pop(("last_success_timestamp_seconds",))
    assert (result.code, before <= ended <= after) == (0, True)
    newest = datetime(2025, 6, 1, tzinfo=UTC).timestamp()
    assert found.pop(("newest_entry_age_seconds",)) == pytest.approx(ended - newest)
    took = found.pop(("build_duration_seconds",))
    assert took == pytest.approx(report["seconds"], abs=0.001)
    assert found == {
        ("records", "read"): 5,
        ("records", "rejected"): 1,
        ("records", "draft"): 1,
        ("records", "duplicate"): 1,
        ("feeds", "written"): 3,
        ("feeds", "unchanged"): 0,
        ("feeds", "removed"): 0,
        ("documents_unpublished",): 0,
        ("entries",): 2 + 2 + 1,
        ("newest_entry_timestamp_seconds",): newest,
    }
    assert not [*site.folder.glob(".*.tmp")]


def test_a_report_goes_into_a_pipe_and_through_a_link(site):
    pipe, link = site.folder / "pipe", site.folder / "last.json"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert site.build("--report", "pipe").code == 0
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert json.loads(os.read(reader, 1 << 16))["records"]["read"] == 5
    finally:
        os.close(reader)
    link.symlink_to("report.json")
    assert site.build("--report", "last.json").code == 0
    assert link.is_symlink()
    assert json.loads((site.folder / "report.json").read_text("utf-8"))


def test_a_pipe_that_nobody_reads_holds_no_build_up(site):
    os.mkfifo(site.folder / "pipe")
    process = site.start("build", "-q", "--report", "pipe")
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.endswith("pipe: cannot be written: No such device or address\n")


def test_metrics_of_a_build_with_nothing_to_do_or_to_show(site):
    site.build()
    site.build("--metrics", "feeds.prom")
    assert measured(site)["feeds", "unchanged"] == 3
    for file in (site.folder / "records").iterdir():
        file.unlink()
    site.build("--metrics", "feeds.prom", "--force")
    assert measured(site)["entries",] == 0
    assert ("newest_entry_age_seconds",) not in measured(site)


def test_a_build_that_fails_leaves_the_last_success(site):
    site.build("--metrics", "feeds.prom")
    before = (site.folder / "feeds.prom").read_bytes()
    for file in (site.folder / "records").iterdir():
        file.unlink()
    assert site.build("--metrics", "feeds.prom").code == 3
    assert (site.folder / "feeds.prom").read_bytes() == before


def told(text):
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert datetime.fromisoformat(line.pop("time")).tzinfo == UTC
    return lines


def test_messages_can_be_read_by_a_collector(site):
    result = site.build("-v", "--log-format", "json", "--report", "report.json")
    assert told(result.err)[-1] == {
        "level": "info",
        "message": "wrote topics/ml.atom",
    }
    report = json.loads((site.folder / "report.json").read_text("utf-8"))
    (summary,) = told(result.out)
    assert summary == {"level": "info", "message": summary["message"], **report}
    assert summary["message"].startswith("5 records read, 1 draft, 1 rejected")
    assert told(site.build("--log-format", "json").err) == [
        {
            "level": "warning",
            "message": "records/bad.md:2: title: missing, expected text",
            "file": "records/bad.md",
            "line": 2,
            "reason": "title: missing, expected text",
        }
    ]


@pytest.mark.parametrize(
    ("config", "code", "message"),
    [
        (f"{CONFIG}x: 1\n", 2, "feeds.yaml:7: x: no such key"),
        (f"{CONFIG}output: feeds.yaml/x\n", 1, "feeds.yaml/x: cannot be made"),
    ],
)
def test_an_error_can_be_read_by_a_collector(site, config, code, message):
    site.configure(config)
    result = site.build("--log-format", "json")
    (error,) = told(result.err)
    assert (result.code, error["level"]) == (code, "error")
    assert error["message"].startswith(message)


def test_nothing_in_a_message_can_steer_a_terminal(site):
    site.write("odd.md", quality='"\\e[31m\\u202e\\n\\x85"')
    for form in ("text", "json"):
        said = site.build("--log-format", form).err
        assert "odd.md" in said
        assert all(line.isprintable() for line in said.split("\n"))
