"""feeds ping: the hubs are told by hand."""

import time
from collections.abc import Iterable, Iterator

from feeds.build import target
from feeds.command import configured, folder_of
from feeds.config import Config
from feeds.errors import Mistake
from feeds.feed import month_in
from feeds.listing import PATHS
from feeds.push import deliver
from feeds.remote.url import Where
from feeds.store import Store
from feeds.terminal import show, tell

_PATIENCE = 600.0
"""Seconds that whoever waits for it may wait: some hubs take one address at a time."""


def ping(
    file: str | None, output: str | None, names: tuple[str, ...], changed: bool
) -> int:
    """Tell the hubs of all feeds, of those named, or of what they have not taken yet."""
    config = configured(file)
    if not config.hubs:
        raise Mistake(f"{config.file}: hubs: missing, expected a list of addresses")
    folder = folder_of(output, config)
    store, now = Store(config.file, folder), time.time()
    documents = _documents(config, folder, store)
    if changed:
        with store.untold() as untold:
            taken = untold.take(target(folder, config, store).version, now, early=True)
        wanted = {hub: taken[hub] for hub in config.hubs if hub in taken}
    else:
        chosen = dict.fromkeys(sorted(_chosen(names, documents, config)), now)
        wanted = dict.fromkeys(config.hubs, chosen)
    results = deliver(store, config.site.url, wanted, _PATIENCE)
    for one in results:
        if one.taken:
            show([one.success])
        if one.missed:
            tell([one.complaint], "error")
    if not results:
        show(["nothing that hubs have not taken"])
    return int(any(one.missed for one in results))


def _documents(config: Config, folder: Where, store: Store) -> set[str]:
    """Name the documents of the last build that hubs are told of. Raises Mistake."""
    found = store.documents()
    ours = target(folder, config, store).ours
    found = found or ours(config.site.url) - store.others()
    if not found:
        raise Mistake(f"{folder}: no feeds yet; `feeds build` writes them")
    return {path for path in found if not month_in(path)} - set(PATHS)


def _chosen(names: Iterable[str], documents: set[str], config: Config) -> Iterator[str]:
    """Find the documents of the feeds named; all where none is. Raises Mistake."""
    if not names:
        yield from documents
    for name in names:
        path = name.removeprefix(config.site.url)
        found = {one for one in documents if path in {one, one.rpartition(".")[0]}}
        if not found:
            raise Mistake(f"{name}: no such feed, expected one that `feeds list` shows")
        yield from found
