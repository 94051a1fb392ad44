"""What pages show at a glance: grids, timelines, counts, and what changed since they were read.

Reads only, and as narrow as it goes: a grid of 60,000 cells is some hundred rows here, and a look
for changes is two range scans of primary keys.
"""
