"""Logs in object storage: uploaded at each attempt's end, and read when the file here is gone."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.remote_log.site import CHATTY, Site
from tests.engine.remote_log.stores import ObjectStore

Configure = Callable[..., None]
MakeSite = Callable[[], Site]


def test_a_log_is_uploaded_at_its_attempts_end_and_read_when_it_is_gone_here(
    object_store: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(object_store)
    site = make_site()
    site.rig.dag(CHATTY)
    site.run()
    assert site.uploaded(object_store) == site.here.read_bytes()
    site.rig.executor.stop(3.0)
    site.here.unlink()
    events = site.events()
    assert f"{object_store.url}/{site.name}" in events[:3]
    assert "first words" in events
    assert "line 1999" in events
