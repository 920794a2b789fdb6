"""Tell the story of one seed: `python -m tests.simulation SEED [DAYS [CLIENTS [REQUESTS]]] [--quiet]`."""

import sys

from tests.simulation.story import Size, tell

if __name__ == "__main__":
    seed, *size = [int(argument) for argument in sys.argv[1:] if argument != "--quiet"]
    told = tell(seed, Size(*size), loud="--quiet" not in sys.argv)
    print(*(f"{count:>7} {name}" for name, count in sorted(told.happened.items())), sep="\n")
    print(*told.violations, told.trace, sep="\n")
    sys.exit(bool(told.violations))
