"""The Celery executor: attempts travel through a broker to Celery workers on other machines.

Everything is the real Celery's (broker transports, message protocol, remote control, flower) but for
two parts, which Celery lets one exchange: the *pool*, which hands an attempt to a worker host instead
of forking a process for it, and the *publisher*, which never blocks the scheduler. On neither side
does anything depend on the broker: it may lose, repeat, reorder or delay messages. An attempt starts
by compare-and-set in the store, and one that nobody has begun is published again.

=============  =====================================================================
scheduler      ``executor`` takes workloads; ``ledger`` knows which are to be published when;
               ``publisher`` is the thread that does it, through ``broker``
both           ``message`` is what travels; ``settings`` and ``app`` are Celery's configuration
worker         ``worker`` is the program, ``consumer`` its connection, ``intake`` what it does with a
               message, ``pool`` its worker host
=============  =====================================================================
"""
