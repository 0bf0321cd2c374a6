"""What can go wrong and be put right by the user, each with its exit code.

    FeedsError
    ├── Mistake           feeds.yaml or the command line is wrong    exit 2
    ├── Refused           the build would take away too much         exit 3
    ├── Unwritable        output or state cannot be written          exit 1
    ├── Unreadable        the machine fails us over a source         exit 1
    └── Locked            another build has the output               exit 75

A bad record is no exception: it is a value, `feeds.record.Complaint`.
"""

import errno
from collections.abc import Sequence
from typing import Any

FAULTS = frozenset({errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE})
"""What is wrong with the machine now, and not with the file it is met at."""


class FeedsError(Exception):
    """A problem the user can fix; its text is shown as it is."""

    exit_code = 1


class Mistake(FeedsError):
    """The configuration or the command line cannot be used as it is."""

    exit_code = 2


class Refused(FeedsError):
    """The drop guard: a build that would lose most of what the last one wrote.

    `complaints` are those about records, which may be why.
    """

    exit_code = 3

    def __init__(self, text: str, complaints: Sequence[Any] = ()) -> None:
        super().__init__(text)
        self.complaints = complaints


class Unwritable(FeedsError):
    """The output folder does not let us write."""

    exit_code = 1


class Unreadable(FeedsError):
    """What may well be there cannot be read now, and so must not count as gone."""

    exit_code = 1


class Locked(FeedsError):
    """Another build is writing the same output."""

    exit_code = 75


def said(error: FeedsError | OSError) -> tuple[list[str], int]:
    """Put into words what keeps a command from being done; give its exit code, too."""
    if isinstance(error, FeedsError):
        return str(error).splitlines(), error.exit_code
    return [f"{error.filename or 'feeds'}: {error.strerror or error}"], 1
