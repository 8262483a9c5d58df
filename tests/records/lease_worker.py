"""A worker that takes, checks and gives back a lease as it is told on stdin; for test_lease.py."""

from __future__ import annotations

import sys
from pathlib import Path

from posttrainbench.errors import LeaseError
from posttrainbench.records.lease import Lease


def main() -> None:
    lease: Lease | None = None
    print("ready", flush=True)
    for line in sys.stdin:
        order, _, rest = line.rstrip("\n").partition(" ")
        answer = "ok"
        try:
            if order == "acquire":
                lease = Lease.acquire(Path(rest), heartbeat_seconds=float(sys.argv[1]))
                answer = f"won {lease.took_over}"
            elif order == "check" and lease:
                lease.check()
            elif order == "release" and lease:
                lease.release()
        except LeaseError as error:
            answer = f"refused {error.what}"
        print(answer, flush=True)


main()
