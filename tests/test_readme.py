"""The documentation cannot lie: what it shows is what the program does."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds import config
from feeds.cli import commands
from feeds.frontmatter import parse as parse_yaml
from feeds.record import FIELDS, Raw, Record, record

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
YAML = [text for language, text in BLOCKS if language == "yaml"]
HELP = [text for _, text in BLOCKS if text.startswith("$ feeds") and "--help" in text]


def test_the_pictures_shown_are_there_and_small():
    shown = re.findall(r"^!\[.{40,}\]\((docs/images/.+\.png)\)$", README, re.MULTILINE)
    assert len(shown) == 3
    assert all((ROOT / name).stat().st_size < 200_000 for name in shown)


def test_the_record_shown_is_a_record_with_every_field():
    fields = parse_yaml(YAML[0])
    shown = record(
        Raw(file="x", line=1, fields=fields, body="", locate=len), config.UTC
    )
    assert isinstance(shown, Record)
    assert shown.flaws == ()
    secret_or_unused = {"originalUrl", "ampWebUrl", "cdnAmpWebUrl", "secured", "body"}
    assert fields.keys() == set(FIELDS) - secret_or_unused


def test_the_configuration_shown_is_one_and_complete():
    shown = config.parse(YAML[1], Path("feeds.yaml"))
    assert len(shown.feeds) == 5
    mentioned = set(re.findall(r"\w+", YAML[1]))
    assert config.shape.Feed.__struct_encode_fields__
    assert set(config.shape.Feed.__struct_encode_fields__) <= mentioned
    assert set(config.shape.Topic.__struct_encode_fields__) <= mentioned
    assert set(config.shape.Site.__struct_encode_fields__) <= mentioned


@pytest.mark.parametrize("text", [one for one in YAML if one.startswith("site:")])
def test_each_configuration_shown_is_without_mistakes(text):
    assert config.parse(text, Path("feeds.yaml")).feeds


@pytest.mark.parametrize("block", HELP, ids=lambda block: block.splitlines()[0])
def test_the_help_shown_is_current(block):
    command, _, shown = block.partition("\n")
    words = shlex.split(command.removeprefix("$ feeds"))
    printed = CliRunner().invoke(commands, words, prog_name="feeds").output
    assert shown == printed


def test_each_command_is_mentioned():
    assert all(f"feeds {name}" in README for name in commands.commands)


def test_the_two_commands_are_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("build", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("name", ["feeds.yaml", "feeds/starting/feeds.yaml"])
def test_the_configurations_shipped_are_without_mistakes(name):
    assert config.load(ROOT / name).feeds
