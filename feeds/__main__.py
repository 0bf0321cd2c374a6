"""The way in: signals first, so that one during start-up ends us as quietly as later."""

import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> None:
    """Run the command."""
    for name in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(name) is not signal.SIG_IGN:  # nohup and the like
            signal.signal(name, _end)
    from feeds.cli import commands  # noqa: PLC0415  (only now, see above)

    commands()


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
