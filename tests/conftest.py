"""What every test may ask for: golden files, and tools that are no Python packages."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from tests.site import Site
from tests.sources import write

GOLDEN = Path(__file__).with_name("golden")


# The same examples each time, so that a failure is a change's own; `make fuzz` draws others.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("fixed")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true")


@pytest.fixture
def golden(request):
    def compare(name, content):
        if request.config.getoption("--update-golden"):
            (GOLDEN / name).write_bytes(content)
        assert content.decode() == (GOLDEN / name).read_bytes().decode()

    return compare


def tool(name, package=None):
    if not (found := shutil.which(name)):
        without(f"{name} is missing: apt-get install {package or name}")
    return found


def without(what):
    """Skip a test for want of something, or fail where nothing may be skipped."""
    stop = pytest.fail if "FEEDS_REQUIRE_TOOLS" in os.environ else pytest.skip
    stop(what)


@pytest.fixture
def folder(tmp_path):
    """A folder with a configuration to be, and one record."""
    write(tmp_path / "records" / "a.md")
    return tmp_path


@pytest.fixture
def site(tmp_path):
    """A configuration of two feeds, and one record."""
    site = Site(tmp_path)
    site.configure()
    site.write()
    return site
