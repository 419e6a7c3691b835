"""Reads every manifest below a folder and does nothing with it. Two ways:

guarded   the walk and the guarded reads a scan makes (nothing followed, sizes and kinds checked): what a scan
          would cost if understanding the files were free
bare      the shortest loop that reads the same bytes, from a tree that is trusted
"""

import os
import sys


def guarded(root: str) -> int:
    """The number of bytes read."""
    from migrate.stores.tree import content, listing

    return sum(len(content(root, entry.path)) for entry in listing(root).entries)


def bare(root: str) -> int:
    """The number of bytes read."""
    total = 0
    stack = [root]
    while stack:
        with os.scandir(stack.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                elif entry.name.endswith((".yaml", ".yml", ".json")):
                    descriptor = os.open(entry.path, os.O_RDONLY)
                    total += len(os.read(descriptor, 1 << 16))
                    os.close(descriptor)
    return total


if __name__ == "__main__":
    (guarded if sys.argv[1] == "guarded" else bare)(sys.argv[2])
