"""The API server: Airflow's REST API v2 on FastAPI, over the store.

Owns HTTP: who may call, what a request means, what a reply looks like. Changes go through
``slipstream.command``; lists come from ``store.listing``. It never imports the scheduler or the
DAG processor: they meet in the store.
"""
