"""A process of its own with a teller: for each line `path body` it prints what the bank answers.

At the end it says on standard error how many kilobytes of memory it had at most.
"""

import sys
from pathlib import Path

from tillgate.clock import SystemClock
from tillgate.connectors.contract import BankRequest
from tillgate.sandbox.register import Register
from tillgate.sandbox.teller import Teller

teller = Teller(Register.open(Path(sys.argv[1])), SystemClock().wall)
for line in sys.stdin:
    path, _, body = line.strip().partition(" ")
    request = BankRequest(method="POST" if body else "GET", url=f"sandbox:{path}", reference="", body=body.encode())
    print(teller.hear(request).body.decode(), flush=True)
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
