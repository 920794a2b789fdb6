"""Tell the story of one seed: `python -m tests.simulation SEED`."""

import sys

from tests.simulation.story import Size, tell

if __name__ == "__main__":
    told = tell(int(sys.argv[1]), Size(), loud=True)
    print(*told.violations, sep="\n")
    print(*sorted(told.happened.items()), told.trace, sep="\n")
    sys.exit(bool(told.violations))
