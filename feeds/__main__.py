"""The way in: signals first, so that one during start-up ends us as quietly as later."""

import atexit
import gc
import signal
import sys

_ENDING = [
    number
    for number in (signal.SIGINT, signal.SIGTERM)
    if signal.getsignal(number) is not signal.SIG_IGN  # nohup and the like
]


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


for _number in _ENDING:
    signal.signal(_number, _end)
# A build makes much and little of it cyclic: looking for that often, and once more at the
# end, would take a tenth of a build with nothing to do.
gc.set_threshold(100_000, 20, 20)
atexit.register(gc.freeze)

from feeds.cli import commands  # noqa: E402  (only now, see above)


def main() -> None:
    """Run the command; once it is done, only Python itself has still to end."""
    try:
        commands()
    finally:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
