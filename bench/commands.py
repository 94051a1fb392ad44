"""Print the CPU seconds of CLI commands, from the start of the process to its end.

    python -m bench.commands
    python -m bench.commands --database postgresql+psycopg2://user@127.0.0.1/bench

The home is a clean one, with Slipstream's example DAGs; the database that you name must be empty.
CPU seconds, and the least of some runs: both keep what else the machine does out of the figures.
The first row is what every command that opens the store pays before its own work begins.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import measure

COMMANDS = (
    "version",
    "config get-value core executor",
    "db check",
    "dags list",
    "dags list-runs example_etl",
    "dags details example_etl",
    "dags state example_etl bench",
    "dags next-execution example_etl",
    "dags trigger example_etl",
    "dags pause example_etl",
    "dags unpause example_etl",
    "dags report",
    "tasks list example_etl",
    "tasks state example_etl extract bench",
    "tasks states-for-dag-run example_etl bench",
    "tasks explain example_etl extract bench",
    "tasks clear --yes example_etl",
    "variables set answer 42",
    "variables list",
    "connections list",
    "pools list",
)
START = """
import gc
from slipstream.cli import main
gc.set_threshold(*main._GC_THRESHOLDS)
main.parser_for("slipstream", "dags").parse_args(["list"])
from slipstream.cli.session import open_store
with open_store():
    gc.freeze()
"""
"""Find the command, read the configuration, connect, check the schema's version, and leave."""
PREPARATION = ("db migrate", "dags reserialize", "dags trigger example_etl --run-id bench")


def environment(home: str, database: str) -> dict[str, str]:
    """Return the variables of a clean home; compiled files may be written, as for everybody."""
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AIRFLOW") and name != "PYTHONDONTWRITEBYTECODE"
        },
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database or f"sqlite:///{home}/airflow.db",
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.commands",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--slipstream", default=str(Path(sys.executable).parent / "slipstream"))
    parser.add_argument("--database", default="", help="SQLite when not given")
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}")
    print("| command | CPU s |\n|---|---|")
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        (Path(home) / "dags").mkdir()
        env = environment(home, args.database)
        for words in PREPARATION:
            command = [args.slipstream, *words.split()]
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        python = str(Path(args.slipstream).parent / "python")
        commands = {"(the start alone)": [python, "-c", START]}
        commands |= {words: [args.slipstream, *words.split()] for words in COMMANDS}
        for words, command in commands.items():
            taken = min(measure.command_cpu_s(command, env) for _ in range(args.repeat))
            print(f"| {words} | {taken:.3f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
