"""``python -m slipstream.scheduler``: a scheduler as a process of its own."""

from __future__ import annotations

import sys

from slipstream.scheduler.main import main

if __name__ == "__main__":
    sys.exit(main())
