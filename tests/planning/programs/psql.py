"""`psql`: logins, a file each with the line that the script's query answers. `PSQL_DOWN`: no answer."""

from __future__ import annotations

import os
import re
import sys

from tests.planning.programs import note, world


def main(words: list[str], text: str) -> int:
    note("psql", *words)
    if os.environ.get("PSQL_DOWN"):
        print('psql: error: connection to server at "db", port 5432 failed: Connection refused', file=sys.stderr)
        return 2
    folder = world() / "logins"
    if "select coalesce" in text:
        (name,) = (word.removeprefix("login=") for word in words if word.startswith("login="))
        print((folder / name).read_text() if (folder / name).exists() else "none")
        return 0
    note(text)
    for name in re.findall(r'DROP ROLE "(.*)"', text):
        (folder / name).unlink()
    for name in re.findall(r'ALTER ROLE "(.*)" LOGIN', text):
        (folder / name).write_text("login")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.read()))
