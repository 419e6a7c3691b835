"""Reads every manifest below a folder and does nothing with it: what no scan can be faster than."""

import os
import sys


def read(root: str) -> int:
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
                    while piece := os.read(descriptor, 1 << 20):
                        total += len(piece)
                    os.close(descriptor)
    return total


if __name__ == "__main__":
    read(sys.argv[1])
