"""Play one seed again, or seeds from one on until a number of steps is reached.

python -m tests.simulation SEED [STEPS]
"""

from __future__ import annotations

import sys
import time

from tests.simulation.world import World


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    steps, first, began = 0, seed, time.monotonic()
    while steps < wanted:
        try:
            steps += World(seed).play()
        except BaseException:
            print(f"seed {seed} fails", file=sys.stderr)
            raise
        seed += 1
    took = time.monotonic() - began
    print(f"{steps} steps, seeds {first} to {seed - 1}, {took:.1f} s")


if __name__ == "__main__":
    main()
