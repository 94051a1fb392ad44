"""The scheduler: one event-driven loop over machines in memory, with the database as the truth.

A turn, and who does what in it::

    service         waits for executors, the wake-up socket and timers; runs the turn
    lease, members  our heartbeat; the other schedulers, and those that died
    ownership       DAGs that we claim or give up, each with its runs
    hosts           worker hosts that died
    executor_event  started, finished, lost, handed back       -> events of the run's machine
    due, timers     retries, reschedules, timeouts
    inbox           what people and other processes changed: clear, mark, pause, new versions …
    creation        dag runs that a timetable makes
    starting        queued runs, as max_active_runs allows
    admit, slots    ready task instances, as pools and limits allow  -> attempts, workloads
    quota           our part of each pool
    callback        callbacks that no task process runs
    turn, batch     every machine step passes through ``turn``; ``batch`` is the sum of it
    commit          one transaction; then workloads go to executors, and ended runs leave memory

``world`` holds it all in memory: ``catalog`` (DAGs and plans), ``book`` (runs), ``slots``,
``timers``, ``past`` (which run waits for which). It is a cache. After a lost database, a failed
turn or a takeover it is emptied and read again, and ``reconcile`` asks the database what became of
each open attempt. There is no other path for trouble.

Each attempt runs once because its id is written before it is handed out, and a worker host may
start it only by compare-and-set; so handing one out twice, or applying an event twice, is harmless.
"""
