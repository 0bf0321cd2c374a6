"""The way in: signals first, so that one during start-up ends us as quietly as later."""

import signal
import sys


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


for _name in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_name) is not signal.SIG_IGN:  # nohup and the like
        signal.signal(_name, _end)

from feeds.cli import commands as main  # noqa: E402  (only now, see above)

if __name__ == "__main__":
    main()
