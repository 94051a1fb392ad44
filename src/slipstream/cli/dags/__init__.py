"""``dags``: DAGs and their runs."""

from __future__ import annotations

from slipstream.cli.dags import change, listing, parse, run, show
from slipstream.cli.dags.test import COMMAND as TEST

COMMANDS = (
    *listing.COMMANDS,
    *run.COMMANDS,
    *show.COMMANDS,
    *change.COMMANDS,
    *parse.COMMANDS,
    TEST,
)
