"""What the project says of itself: what it brings along, and by what right."""

import re
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
    brought = dict(re.findall(r"([\w-]+) \(([\w ]+)\)", dependencies))
    assert needed("feeds") == rows.keys() - {"package", "---"} | brought.keys()
    assert all(rows.values()) and all(brought.values())


def test_every_claim_of_reliability_can_be_repeated():
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    commands = re.findall(r"`PYTEST ((?:tests/\w+\.py ?)+)(?:-k ([^`]+))?`", text)
    assert len(commands) == text.count("`PYTEST ") > 20
    for files, words in commands:
        sources = [(ROOT / name).read_text("utf-8") for name in files.split()]
        names = re.findall(r"^def test_(\w+)", "\n".join(sources), re.MULTILINE)
        for word in words.strip('"').split(" or "):
            assert any(word in f"test_{name} {files}" for name in names), word
