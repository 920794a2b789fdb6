"""A process that loads the key of each data directory it is told of, and says which key it got."""

import sys
from pathlib import Path

from tillgate.vault import key_encryption

for line in sys.stdin:
    print(key_encryption.load({}, Path(line.strip())).id, flush=True)
