"""Task logs in object storage, through fsspec, which is imported only where a store is touched.

    target       where logs go, from the [logging] options
    credentials  a connection as fsspec's storage options
    files        the few things that are done with the store, and its errors in words
    merge        what a log's object becomes when a part of the log is added
    spool        uploads that wait, on disk
    uploader     carries them out, again and again while the store is away
    helper       the process that does so; ``python -m slipstream.worker.remote_log.helper``
    launcher     has one running while there is something to upload

Whoever holds the whole file has it uploaded: a worker host beside the database, or the API server
for the hosts that send it their logs. Neither waits for a store.
"""
