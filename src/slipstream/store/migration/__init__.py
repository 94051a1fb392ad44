"""The schema's history: one Alembic revision per file in ``versions``, numbered ``0001``, ``0002`` …

A revision spells its operations out and imports nothing that later versions of the code change.
It must run on all three databases; MySQL commits each statement, so it must also get through when
a run before it stopped half way.
"""
