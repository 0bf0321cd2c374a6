"""Imports point one way, and each door to the outside is where it is said to be."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import feeds

ROOT = Path(feeds.__file__).parent

# What a module may import of ours: the less, the further down in the house it is.
VALUES = {"address", "feed", "media", "moment", "tangle", "template", "text"}
ALLOWED = {
    "__init__": set(),
    "errors": set(),
    "address": set(),
    "feed": set(),
    "media": set(),
    "moment": set(),
    "template": set(),
    "text": set(),
    "tangle": set(),
    "shape": set(),
    "frontmatter": set(),
    "path": {"template", "text"},
    "content": VALUES,
    "record": VALUES,
    "fields": {"frontmatter", "record", "remote.url", "shape"} | VALUES,
    "unpack": {"errors"},
    "many": {"frontmatter", "record", "unpack"},
    "parse": {"fields", "frontmatter", "many", "record", "unpack"},
    "remote": set(),
    "remote.url": set(),
    "remote.pool": set(),
    "remote.system": {"errors", "remote.url"},
    "remote.source": {"errors", "parse", "remote.pool", "remote.system", "remote.url"},
    "remote.target": {
        *("errors", "feed", "media", "remote.pool", "remote.system", "remote.url"),
        *("store", "write"),
    },
    "config": {
        *("errors", "fields", "frontmatter", "path", "record", "remote.url", "shape"),
    }
    | VALUES,
    "select": {"config", "record", "shape"} | VALUES,
    "group": {
        *("config", "content", "errors", "frontmatter", "listing", "path", "record"),
        *("select", "shape"),
    }
    | VALUES,
    "render.wording": {"feed"},
    "render.generator": {"feed", "render.wording"},
    "render.rss": {"feed", "media", "render.generator", "render.kinds"},
    "render.atom": {"feed", "render.generator", "render.kinds"},
    "render.forms": {"feed", "media", "render.wording"},
    "render.xml": {"feed", "render.atom", "render.forms", "render.rss"},
    "listing": {"feed"},
    "render.jsonfeed": {"feed"},
    "render.kinds": set(),
    "render.templates": {"listing", "render.kinds"},
    "render.page": {"feed", "render.templates"},
    "render.site": {"config", "listing", "render.templates"},
    "render": {
        *("feed", "render.jsonfeed", "render.kinds", "render.page", "render.xml"),
    },
    "plan": {
        *(
            "config",
            "frontmatter",
            "group",
            "listing",
            "record",
            "render",
            "render.site",
        ),
        "select",
    }
    | VALUES,
    "validate.values": set(),
    "validate.plain": {"validate.values"},
    "validate.jsonfeed": {"validate.values"},
    "validate.page": {"validate.values"},
    "validate.tree": {"validate.values"},
    "validate.rss": {"validate.tree", "validate.values"},
    "validate.atom": {"validate.tree", "validate.values"},
    "validate.opml": {"validate.tree", "validate.values"},
    "validate.entries": {
        *("validate.atom", "validate.jsonfeed", "validate.plain", "validate.rss"),
        *("validate.tree", "validate.values"),
    },
    "validate": {
        *("feed", "finding", "validate.atom", "validate.entries", "validate.jsonfeed"),
        *("validate.opml", "validate.page", "validate.plain", "validate.rss"),
        "validate.values",
    },
    "fragments": {"errors", "feed", "finding", "render", "validate"},
    "audit": {
        "build",
        "config",
        "errors",
        "finding",
        "plan",
        "remote.url",
        "store",
        "validate",
    },
    "finding": set(),
    "compare": set(),
    "explain": {"config", "group", "plan", "record", "select"} | VALUES,
    "assess": {"config", "group", "record", "select", "shape"},
    "fingerprint": {"config"},
    "signals": set(),
    "parallel": {"errors", "signals"},
    "survey": {
        *("config", "errors", "parallel", "parse", "remote.source", "remote.url"),
    },
    "read": {
        *("errors", "fields", "many", "parse", "record", "remote.source", "remote.url"),
        *("survey", "unpack"),
    },
    "write": {"errors", "feed", "listing", "remote.url", "signals"},
    "store.seal": set(),
    "store.schema": set(),
    "store.values": {"errors", "feed", "finding", "listing", "media"},
    "store.ledger": {
        *("assess", "errors", "group", "listing", "record", "select", "store.schema"),
        *("store.seal", "store.values", "survey"),
    },
    "store.folder": {
        *("errors", "remote.url", "store.ledger", "store.schema", "store.seal"),
        *("store.untold", "store.values"),
    },
    "store.untold": {"errors", "store.values"},
    "store": {"store.folder", "store.ledger", "store.untold", "store.values"},
    "publish": {
        *(
            "assess",
            "errors",
            "feed",
            "finding",
            "fragments",
            "group",
            "listing",
            "media",
            "parallel",
            "render",
            "render.forms",
            "select",
        ),
        *("shape", "store", "write"),
    },
    "probe": set(),
    "pictures": {"errors", "media", "store.folder"},
    "measure": {"__init__", "media", "pictures", "probe"},
    "starter": {"config", "errors"},
    "part": {"assess", "group", "record", "select"},
    "harvest": {"assess", "config", "parallel", "part", "read", "remote.url", "survey"},
    "cluster": {"__init__", "errors", "fingerprint"},
    "build": {
        *("assess", "config", "errors", "feed", "finding", "fingerprint", "fragments"),
        *("group", "harvest", "listing", "measure", "media", "parallel", "part"),
        *("pictures", "publish", "read", "record", "remote.target", "remote.url"),
        *("render.forms", "render.site", "select", "store", "survey", "validate"),
        "write",
    },
    "preview": {
        *("build", "compare", "config", "group", "media", "pictures", "plan", "read"),
        *("record", "remote.url", "render", "store", "survey", "write"),
    },
    "terminal": {"text"},
    "watch": {"config", "errors", "parse"},
    "serve": {"errors", "media"},
    "push": {"__init__", "store"},
    "report": {"build", "errors", "record"},
    "command": {
        *("build", "cluster", "config", "errors", "finding", "group", "moment"),
        *(
            "parallel",
            "parse",
            "push",
            "record",
            "remote.url",
            "report",
            "starter",
            "store",
        ),
        "terminal",
    },
    "several": {"command", "errors", "report", "terminal"},
    "follow": {
        *("build", "command", "config", "errors", "remote.url", "report", "serve"),
        *("several", "terminal", "watch"),
    },
    "ping": {
        *("build", "command", "config", "errors", "feed", "listing", "push"),
        *("remote.url", "store", "terminal"),
    },
    "ask": {
        *("audit", "command", "compare", "errors", "explain", "feed", "group", "plan"),
        *("preview", "record", "remote.url", "survey", "terminal", "text"),
    },
    "stats": {"config", "group", "plan", "select", "shape"},
    "charts.words": {"stats"},
    "charts.plots": {"stats"},
    "charts.bars": {"charts.words", "stats", "text"},
    "charts.page": {"charts.plots", "charts.words", "stats"},
    "charts": {
        *("charts.bars", "charts.page", "command", "errors", "plan", "preview"),
        *("report", "stats", "terminal"),
    },
    "cli": {
        *("__init__", "ask", "charts", "command", "errors", "follow", "ping"),
        *("several", "terminal"),
    },
    "__main__": {"cli"},
}
DOORS = {
    "feedgen": {"render.generator"},
    "jinja2": {"render.templates"},
    "yaml": {"frontmatter"},
    "tomllib": {"frontmatter"},
    "dateutil": {"moment"},
    "zoneinfo": {"moment"},
    "ftfy": {"text"},
    "idna": {"address"},
    "slugify": {"path"},
    "markdown_it": {"content"},
    "nh3": {"content"},
    "lxml": {"content", "render.generator", "validate.tree", "write"},
    "msgspec.msgpack": {"survey"},
    "sqlite3": {"pictures", "store.folder", "store.ledger", "store.schema"},
    "asyncio": {"probe"},
    "socket": {"probe"},
    "ssl": {"probe"},
    "subprocess": {"measure"},
    "click": {"cli", "terminal"},
    "distributed": {"cluster"},
    "watchfiles": {"watch"},
    "http": {"probe", "push", "serve"},
    "urllib.request": {"push"},
    "fsspec": {"remote.system"},
    "gzip": {"unpack"},
    "backports": {"unpack"},
    "compression": {"unpack"},
}
# Files, clock, processes and signals; all other modules turn values into values.
OUTSIDE = {"read", "write", "store.folder", "cli", "build", "starter", "__main__"}
OUTSIDE |= {
    "ask",
    "audit",
    "measure",
    "pictures",
    "probe",
    "signals",
    "charts",
    "command",
    "store.seal",
    "report",
    "fingerprint",
    "parallel",
    "ping",
    "push",
    "remote.pool",
    "remote.system",
    "remote.target",
    "unpack",
    "serve",
    "several",
    "store.untold",
    "survey",
    "terminal",
    "watch",
}
OUTSIDE_MODULES = {
    *("asyncio", "fcntl", "glob", "http", "io", "locale", "multiprocessing", "os"),
    *("random", "shutil", "signal", "socket", "subprocess", "sys", "tempfile"),
    *("threading", "time", "urllib.request"),
}
OUTSIDE_CALLS = {
    *("open", "print", "input", "now", "utcnow", "today", "getcwd", "cwd", "resolve"),
    *("exists", "is_file", "is_dir", "stat", "iterdir", "glob", "rglob", "mkdir"),
    *("read_bytes", "read_text", "write_bytes", "write_text", "unlink", "touch"),
}
EXCUSED = {
    ("config", "read_bytes"): "load() is the door to feeds.yaml",
    ("render.templates", "read_bytes"): "the package's own files",
    ("moment", "open"): "the package tzdata: the same on every machine",
    ("moment", "read_text"): "the package tzdata: the same on every machine",
}
HEAVY = r"feedgen|jinja2|lxml|lxml\.html|ftfy|markdown_it|nh3|dateutil|slugify"
RARE = (
    r"asyncio|ssl|socket|subprocess|idna|importlib\.resources"
    r"|xml\.etree\.ElementTree|feeds\.validate.*"
)
HEAVY_AND_RARE = rf"{HEAVY}|{RARE}"
WORK = r"feeds\.(?!cli|errors|terminal|text).*|msgspec|sqlite3|json|dataclasses|pathlib"


def name_of(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


MODULES = {name_of(file): ast.parse(file.read_bytes()) for file in ROOT.rglob("*.py")}


def imported(module):
    """Give the full name of all that a module imports, inside functions too."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(module):
    """Name the modules of ours that a module imports."""
    for name in imported(module):
        if name == "feeds" or name.startswith("feeds."):
            inner = name.removeprefix("feeds").removeprefix(".")
            while inner and inner not in MODULES:
                inner = inner.rpartition(".")[0]
            yield inner or "__init__"


def called(module):
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def test_every_module_has_its_place():
    assert MODULES.keys() == ALLOWED.keys()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_one_way(module):
    assert set(ours(module)) - {module} <= ALLOWED[module]


def test_what_is_allowed_has_no_cycle():
    TopologicalSorter(ALLOWED).prepare()


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library):
    importing = {
        module
        for module in MODULES
        if any(f"{name}.".startswith(f"{library}.") for name in imported(module))
    }
    assert importing <= DOORS[library]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - OUTSIDE))
def test_what_lies_between_is_from_values_to_values(module):
    names = {name for full in imported(module) for name in (full, full.split(".")[0])}
    assert names & OUTSIDE_MODULES == set()
    calls = set(called(module)) & OUTSIDE_CALLS
    assert {call for call in calls if (module, call) not in EXCUSED} == set()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_types_are_imported_as_values_are(module):
    assert "typing.TYPE_CHECKING" not in imported(module)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("feeds", HEAVY), ("feeds.cli", WORK), ("feeds.command", HEAVY_AND_RARE)],
    ids=["feeds", "cli", "command"],
)
def test_what_is_heavy_is_imported_when_it_is_wanted(module, heavy):
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT.parent,
    )
    found = [line.rpartition("|")[2].strip() for line in result.stderr.splitlines()]
    assert module in found
    assert [name for name in found if re.fullmatch(heavy, name)] == []
