"""A process that migrates each database it is told of (`url` or nothing, a tab, the data directory), and says so."""

import sys
from pathlib import Path

from tillgate.store import migrate

print("ready", flush=True)
for line in sys.stdin:
    url, _, data = line.strip("\n").partition("\t")
    migrate.migrate(url or None, Path(data))
    print("migrated", flush=True)
