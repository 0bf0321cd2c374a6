"""The documents of a whole site: a page and an OPML list of all feeds, style, script, icon.

OPML 2.0 <http://opml.org/spec2.opml>.
"""

from collections.abc import Iterable

from feeds.config import Site
from feeds.listing import FAMILIES, PATHS, Listing
from feeds.render.templates import asset, language, template


def documents(site: Site, listings: Iterable[Listing]) -> dict[str, bytes]:
    """Write what lists all feeds, by path: families in the order of the configuration."""
    ordered = sorted(listings, key=lambda one: (one.title.casefold(), one.path))
    families: dict[str, list[Listing]] = {name: [] for name in FAMILIES}
    for one in ordered:
        families[one.family].append(one)
    given = {
        "site": site,
        "listings": ordered,
        "families": {name: feeds for name, feeds in families.items() if feeds},
        "lang": language(site.language),
        "root": "",
    }
    written = {
        path: template(path).render(given, self_link=site.url + path).encode() + b"\n"
        for path in PATHS[:2]
    }
    return written | {path: asset(path) for path in PATHS[2:]}
