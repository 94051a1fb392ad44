"""The Dask executor: attempts travel through a Dask cluster to worker hosts beside its workers.

For Dask an attempt is a task: the function ``carry`` with the workload's text. In the worker it hands
the workload to the worker host, a process that the Dask worker starts with the first one, and ends when
the attempt has. So Dask decides where and when (threads, resources, priorities, adaptive clusters), the
host does what it does under every executor, and the store says what counts: a start is granted once,
whatever Dask loses, repeats or runs again elsewhere.

=============  =====================================================================
scheduler      ``executor`` takes workloads; ``courier`` keeps what nobody has begun and owns the
               thread in which ``client`` talks to the cluster; ``target`` is ``[dask]``;
               ``local_cluster`` starts a cluster when there is no address
both           ``carry`` is what Dask runs
machine        ``embedded`` is the program that such a cluster is
=============  =====================================================================
"""
