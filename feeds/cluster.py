"""An engine of many machines: Dask <https://distributed.dask.org/>.

Every worker has to see the records under the same path, and to have the same programs.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from feeds import __version__
from feeds.errors import FeedsError, Mistake
from feeds.fingerprint import versions

try:
    from distributed import CancelledError, Client, KilledWorker, as_completed
except ImportError as missing:  # it is an extra
    what = "a cluster needs Dask: pip install 'feeds[dask]'"
    raise Mistake(what) from missing

_USER = re.compile(r"[^\s/'\"@]+@")
_PATIENCE = 10
"""Seconds to wait for a scheduler, and for its first worker."""


class Cluster:
    """Work on the workers of one scheduler; what fails there is a FeedsError."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address
        self.workers = sum(client.nthreads().values())

    def map(self, function: Callable[..., Any], *tasks: Sequence[Any]) -> list[Any]:
        # What is not pure is not known by its arguments: files change, and hashing costs.
        with self._told():
            return list(self.client.map(function, *tasks, pure=False, batch_size=1000))

    def done(self, results: Iterable[Any]) -> Iterator[object]:
        with self._told():
            for future in as_completed(results, loop=self.client.loop):
                if future.status != "finished":
                    future.result()
                yield future

    def fetch(self, results: Iterable[Any]) -> Iterator[Any]:
        with self._told():
            found = self.client.gather(list(results))
        yield from found

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (KilledWorker, CancelledError, OSError) as error:
            what = f"--cluster {self.address}: {type(error).__name__}: {error}"
            raise FeedsError(what) from error


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Work on a cluster. Raises Mistake where it cannot be used, FeedsError where it fails."""
    for name in ("distributed", "asyncio", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    shown = _USER.sub("", address)
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False, name="feeds")
    except Exception as error:  # of whatever kind: it depends on the address
        what = _USER.sub("", f"no scheduler answers: {error}")
        raise Mistake(f"--cluster {shown}: {what}") from error
    try:
        _check(client, shown)
        yield Cluster(client, shown)
    finally:
        client.close()


def _check(client: Client, address: str) -> None:
    """Make sure that there are workers, and that they would write what we would."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as error:
        raise Mistake(f"--cluster {address}: it has no workers") from error
    ours = _programs()
    try:
        found = client.run(_programs)
    except Exception as error:  # whatever a worker without us says
        what = f"a worker cannot run feeds: {error}; install the same there"
        raise Mistake(f"--cluster {address}: {what}") from error
    for worker, theirs in found.items():
        if differing := sorted(theirs ^ ours):
            what = f"worker {worker} has other programs than this machine"
            raise Mistake(f"--cluster {address}: {what}: {', '.join(differing)}")


def _programs() -> frozenset[str]:
    return frozenset({f"feeds-{__version__}", *versions()})
