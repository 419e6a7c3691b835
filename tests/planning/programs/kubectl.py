"""`kubectl`: says yes to everything."""

import sys

from tests.planning.programs import note

if __name__ == "__main__":
    note("kubectl", *sys.argv[1:])
