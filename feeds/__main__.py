"""The way in: signals first, so that one during start-up ends us as quietly as later."""

import atexit
import gc
import signal
import sys

_AGAIN = 0.1  # seconds
_ENDING = [
    number
    for number in (signal.SIGINT, signal.SIGTERM)
    if signal.getsignal(number) is not signal.SIG_IGN  # nohup and the like
]


def _end(number: int, _frame: object) -> None:
    # What is raised while C calls Python may be swallowed there: then it is raised again.
    signal.signal(signal.SIGALRM, lambda _alarm, frame: _end(number, frame))
    signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    sys.exit(128 + number)


def _tell_swallowed(this: "sys.UnraisableHookArgs") -> None:
    if not isinstance(this.exc_value, SystemExit):
        sys.__unraisablehook__(this)


sys.unraisablehook = _tell_swallowed
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
        for number in (*_ENDING, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
