"""The state folder: what need not be done again; may be lost or damaged at any time.

It is worth nothing once its salt, made of versions, programs and configuration, is another,
and it is never believed over the sources: a file is read again unless size, times and
inode are as they were. Only what hubs have still to be told outlives it.
"""

from feeds.store.folder import FOLDER, Store
from feeds.store.ledger import Ledger
from feeds.store.untold import Taken
from feeds.store.values import SITE, UNFIT, Counts, Damaged, Done, Pictures, Written

__all__ = [
    "FOLDER",
    "SITE",
    "UNFIT",
    "Counts",
    "Damaged",
    "Done",
    "Ledger",
    "Pictures",
    "Store",
    "Taken",
    "Written",
]
