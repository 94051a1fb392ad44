"""``tasks``: tasks and their instances."""

from __future__ import annotations

from slipstream.cli.tasks import change, listing, local

COMMANDS = (*listing.COMMANDS, *change.COMMANDS, *local.COMMANDS)
