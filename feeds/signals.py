"""The signals that end a process, held back where one would come at a bad moment."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# The alarm raises again what C has swallowed; see `__main__`.
_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGALRM}


@contextmanager
def held_back() -> Iterator[set[int | signal.Signals]]:
    """Hold back the signals that end us; give those that were held back before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
