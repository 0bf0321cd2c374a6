"""The JSON Schema that editors complete feeds.yaml by."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from feeds.shape import schema

ROOT = Path(__file__).parent.parent
SITE = {"title": "Site", "url": "https://feeds.example.org/"}
GOOD = {"site": SITE, "records": "records", "feeds": [{"path": "all"}]}


def flaws(written):
    return [*Draft202012Validator(json.loads(schema())).iter_errors(written)]


def test_the_published_schema_is_that_of_the_shape():
    assert files("feeds").joinpath("schema.json").read_text("utf-8") == schema()


def test_it_is_a_valid_schema():
    Draft202012Validator.check_schema(json.loads(schema()))


@pytest.mark.parametrize("file", ["feeds.yaml", "feeds/starting/feeds.yaml"])
def test_our_own_configurations_fit_it(file):
    assert flaws(yaml.safe_load((ROOT / file).read_text("utf-8"))) == []


def test_the_smallest_configuration_fits_it():
    assert flaws(GOOD) == []


@pytest.mark.parametrize(
    "rules",
    [
        {"topics": ["AI"]},
        {"topics": {"any": ["AI"], "all": [], "none": ["Sport"]}},
        {"max_age": "90 days", "limit": 5, "pick": "best", "order": "updated"},
        {"images": {"enclosure": False}},
    ],
    ids=["list", "any all none", "selection", "images"],
)
def test_rules_fit_at_every_level(rules):
    groups = {
        "topics": {"AI": rules, "CV": None},
        "providers": {"a.example": rules},
    }
    feeds = [{"path": "all", **rules}]
    assert flaws(GOOD | groups | {"defaults": rules, "feeds": feeds}) == []


@pytest.mark.parametrize("key", ["site", "records", "feeds"])
def test_what_is_required_is_asked_for(key):
    assert flaws({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize(
    "wrong",
    [
        {"feed": []},
        {"site": SITE | {"titel": "x"}},
        {"site": SITE | {"author": {"nam": "x"}}},
        {"defaults": {"limt": 5}},
        {"defaults": {"images": {"inlin": True}}},
        {"defaults": {"topics": {"some": ["AI"]}}},
        {"feeds": [{"pth": "all"}]},
        {"topics": {"AI": {"slgu": "ai"}}},
        {"providers": {"a.example": {"slug": "a"}}},
    ],
    ids=[
        "top",
        "site",
        "author",
        "defaults",
        "images",
        "choice",
        "feed",
        "topic",
        "provider",
    ],
)
def test_a_typo_is_refused(wrong):
    assert flaws(GOOD | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"defaults": {"limit": 0}},
        {"defaults": {"limit": "many"}},
        {"defaults": {"status": "publish"}},
        {"defaults": {"max_age": "90"}},
        {"defaults": {"topics": "AI"}},
        {"formats": ["xml"]},
        {"formats": []},
        {"feeds": []},
        {"records": []},
        {"topics": {"AI": {"slug": "a b"}}},
    ],
    ids=json.dumps,
)
def test_a_wrong_value_is_refused(wrong):
    assert flaws(GOOD | wrong)
