"""The least that any build must do: list a folder of records and look at each file.

python benchmarks/scan.py FOLDER
"""

import os
import sys


def scan(folder: str) -> int:
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                count += scan(entry.path)
            else:
                entry.stat()
                count += 1
    return count


if __name__ == "__main__":
    sys.stdout.write(f"{scan(sys.argv[1])}\n")
