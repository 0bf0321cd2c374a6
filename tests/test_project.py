"""What the project says of itself: what it brings along, and by what right."""

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

ROOT = Path(__file__).parent.parent


def needed(package):
    """Name all that a package needs when it is installed, and what that needs."""
    found = set()
    for line in requires(package) or []:
        name = re.match(r"[\w.-]+", line)[0]
        if "extra ==" not in line:
            found |= {name.lower()} | needed(name)
    return found


def test_everything_that_is_brought_along_is_listed_with_its_licence():
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    dependencies = design[design.index("## Dependencies") :].lower()
    rows = dict(re.findall(r"^\| ([\w-]+) \|.*\| (.+) \|$", dependencies, re.MULTILINE))
    brought = dict(re.findall(r"([\w-]+) \(([\w -]+)\)", dependencies))
    assert needed("feeds") == rows.keys() - {"package", "---"} | brought.keys()
    assert all(rows.values()) and all(brought.values())


def test_every_claim_of_reliability_can_be_repeated():
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    commands = re.findall(r"`PYTEST ((?:tests/\w+\.py ?)+)(?:-k ([^`]+))?`", text)
    assert len(commands) == text.count("`PYTEST ") > 20
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for files, words in commands:
        tests = [
            line for line in listed.stdout.splitlines() if line.split("::")[0] in files
        ]
        for word in words.strip('"').split(" or "):
            assert any(word in test for test in tests), (files, word)
