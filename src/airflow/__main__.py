"""``python -m airflow``: the command line, as ``slipstream``."""

import sys

from slipstream.cli.main import program

sys.exit(program())
