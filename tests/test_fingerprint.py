"""What a state depends on, and what not: else it is stale, or never of use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from feeds import config, fingerprint
from tests.builders import a_config

ROOT = Path(fingerprint.__file__).parent.parent
TEXT = a_config().text
LIBRARIES = [
    "feedgen",
    "ftfy",
    "idna",
    "lxml",
    "markdown_it_py",
    "msgspec",
    "nh3",
    "python_dateutil",
    "python_slugify",
    "PyYAML",
    "tzdata",
]


def salt(this):
    """Give what a process that begins now would."""
    fingerprint._running.cache_clear()
    return fingerprint.salt(this)


@pytest.fixture(autouse=True)
def no_trace():
    yield
    fingerprint._running.cache_clear()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Give a copy of the package that is taken for it."""
    copy = tmp_path / "program" / "feeds"
    shutil.copytree(ROOT / "feeds", copy, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(fingerprint, "__file__", str(copy / "fingerprint.py"))
    return copy


def test_the_same_is_the_same():
    assert salt(a_config()) == salt(a_config())


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("Site", "Sight"),
        f"{TEXT}\n# a comment",
        TEXT.replace('"all"', '"new"'),
    ],
    ids=["title", "comment", "path"],
)
def test_another_configuration_is_told_apart(text):
    assert salt(a_config(text)) != salt(a_config())


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_of_another_version_is_told_apart(library, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    seen = {salt(a_config())}
    for version in ("1.0", "1.1"):
        installed = tmp_path / f"{library}-{version}.dist-info"
        installed.mkdir()
        seen.add(salt(a_config()))
        installed.rmdir()
    assert len(seen) == 3


def test_every_library_that_is_needed_is_among_them():
    found = {name.partition("-")[0].lower() for name in fingerprint.versions()}
    assert {library.lower() for library in LIBRARIES} <= found


@pytest.mark.parametrize("module", ["build.py", "select.py", "render/rss.py"])
def test_a_changed_program_is_told_apart(program, module):
    before = salt(a_config())
    file = program / module
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    touched = salt(a_config())
    file.write_bytes(file.read_bytes() + b"\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len({before, touched, salt(a_config())}) == 3


def test_what_is_installed_while_a_process_runs_is_not_what_it_runs(program):
    before = salt(a_config())
    (program / "render" / "rss.py").write_text("another")
    assert fingerprint.salt(a_config()) == before
    assert salt(a_config()) != before


@pytest.mark.parametrize("module", ["new.py", "render/new.py"])
def test_a_new_module_is_told_apart(program, module):
    before = salt(a_config())
    (program / module).touch()
    assert salt(a_config()) != before


def test_what_is_no_program_counts_for_nothing(program):
    before = salt(a_config())
    (program / "__pycache__").mkdir(exist_ok=True)
    (program / "__pycache__" / "build.pyc").touch()
    (program / "py.typed").write_text("x")
    os.utime(program)
    assert salt(a_config()) == before


def test_the_place_of_the_program_counts_for_nothing(program, tmp_path, monkeypatch):
    before = salt(a_config())
    moved = program.rename(tmp_path / "feeds")
    monkeypatch.setattr(fingerprint, "__file__", str(moved / "fingerprint.py"))
    assert salt(a_config()) == before


def test_the_place_of_the_configuration_counts_for_nothing():
    one, other = (config.parse(TEXT, Path(f"/{name}/feeds.yaml")) for name in "ab")
    assert salt(one) == salt(other)


def test_other_libraries_count_for_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    before = salt(a_config())
    for name in ("pytest-9.9.dist-info", "lxml_stubs-1.dist-info", "lxml", "notes.txt"):
        (tmp_path / name).mkdir()
    assert salt(a_config()) == before


def test_a_folder_that_is_not_there_counts_for_nothing(tmp_path, monkeypatch):
    before = salt(a_config())
    archive = tmp_path / "python.zip"
    archive.touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "no"), str(archive)])
    assert salt(a_config()) == before


def test_a_place_that_is_looked_in_twice_counts_once(monkeypatch):
    before = salt(a_config())
    monkeypatch.setattr(sys, "path", [*sys.path, *sys.path])
    assert salt(a_config()) == before


MACHINES = {
    "another folder": {"cwd": "/"},
    "another zone": {"env": {"TZ": "Pacific/Chatham"}},
    "another seed": {"env": {"PYTHONHASHSEED": "7"}},
    "another locale": {"env": {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}},
    "another time": {"env": {"SOURCE_DATE_EPOCH": "1"}},
    "another user": {"env": {"HOME": "/nowhere", "USER": "nobody"}},
}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_where_and_when_it_runs_counts_for_nothing(machine):
    script = (
        "from feeds.fingerprint import salt; from tests.builders import a_config;"
        "print(salt(a_config()))"
    )
    plain = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=machine.get("cwd", ROOT),
        env={**plain, "PYTHONPATH": str(ROOT), **machine.get("env", {})},
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == salt(a_config())
