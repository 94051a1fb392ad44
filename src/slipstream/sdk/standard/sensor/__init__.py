"""The standard sensors, in the modes ``poke`` and ``reschedule``."""
