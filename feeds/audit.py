"""What stands in the output, document by document, against the rules of the formats."""

from pathlib import Path
from typing import NamedTuple

from feeds.build import target
from feeds.errors import Mistake
from feeds.finding import Finding
from feeds.plan import Plan
from feeds.remote.url import Where
from feeds.store import Store
from feeds.validate import RULES, validate


class Audit(NamedTuple):
    """How many documents there are, and what is wrong with them, by path and line."""

    documents: int
    findings: list[Finding]


def audit(planned: Plan, folder: Where) -> Audit:
    """Look at every document that is ours: by the state, or by its generator.

    Those that another configuration keeps in the same output are its own. Raises Mistake
    where there is no output but should be one, and Unreadable.
    """
    config, is_empty = planned.config, not planned.shelves
    if isinstance(folder, Path) and not folder.is_dir():
        if is_empty:
            return Audit(0, [])
        what = "there is no such folder; `feeds build` makes it, -o PATH names another"
        raise Mistake(f"{folder}: {what}")
    store = Store(config.file, folder)
    output = target(folder, config, store)
    # Read first: what a build publishes meanwhile is not missed for being young.
    known = store.documents()
    ours = (known | output.signed(config.site.url)) - store.others()
    found: list[Finding] = []
    judged = sorted(path for path in ours if path.endswith((*RULES,)))
    for path in judged:
        document = output.current(path)
        if document is None:
            what = "missing, or no file that can be read; `feeds build` writes it anew"
            found.append(Finding(path, 0, what))
        else:
            found += map(_told, validate(path, document, config.site.url + path))
    if not judged and not is_empty:
        found.append(
            Finding("", 0, "no document of ours in it; `feeds build` writes them")
        )
    return Audit(len(judged), found)


def _told(found: Finding) -> Finding:
    """Say what to do about what is wrong as a whole."""
    is_said = ", expected " in found.what or found.is_light
    return found if is_said else found._replace(what=f"{found.what}; build it anew")
