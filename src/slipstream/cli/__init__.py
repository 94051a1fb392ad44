"""The command line: ``slipstream`` and, the same, ``airflow``.

A command parses its words, calls the store, a command of ``slipstream.command`` or a service, and
formats what comes back; it holds no rule that the API has too. Modules are imported when their
command runs, and what a command needs inside its function: start-up is what people wait for.
"""
