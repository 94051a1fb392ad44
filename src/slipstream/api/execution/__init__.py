"""The execution API: how worker hosts without a database start, finish and ask for attempts.

Mounted at ``/execution`` on the API server. Its callers show tokens (``slipstream.token``) instead
of users' logins: each opens one attempt, or speaks for one host. What a batch writes and what a
request may do are the worker's rules (``worker.commit``, ``worker.request``), the same as for a
host beside the database; here is only who calls and what a message means.
"""
