"""Presenters: from rows to the plain dicts that replies are made of, field by field.

Field names, their order and their types are Airflow's; datetimes stay datetimes until encoded.
"""
