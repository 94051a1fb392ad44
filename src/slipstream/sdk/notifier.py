"""``BaseNotifier``: callbacks that are objects with templated fields."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from slipstream.sdk.context import Context, context_merge
from slipstream.sdk.log import LoggingMixin
from slipstream.sdk.template import LazyEnvironment, Templater


class BaseNotifier(LoggingMixin, Templater):
    """Subclass it with ``notify``; use instances as ``on_…_callback``."""

    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()

    def __init__(self, context: Context | None = None) -> None:
        super().__init__()
        self.context: Context = context or Context()

    def notify(self, context: Context) -> None:
        """Send the notification."""
        raise NotImplementedError(f"{type(self).__name__} must define notify(self, context)")

    async def async_notify(self, context: Context) -> None:
        """Send the notification, from a coroutine."""
        import asyncio  # 45 ms, and few callbacks are coroutines

        await asyncio.to_thread(self.notify, context)

    def _update_context(self, context: Context) -> Context:
        """Add the notifier's fields to the context, for their templates."""
        additions = ((name, getattr(self, name, None)) for name in self.template_fields)
        context_merge(context, {k: v for k, v in additions if v is not None and k not in context})
        return context

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the fields in place."""
        dag = context.get("dag")
        env = jinja_env or (self.get_template_env(dag) if dag else LazyEnvironment(None, False))
        self._do_render_template_fields(self, self.template_fields, context, env, set())

    def __call__(self, *args: Any) -> None:
        # A callback gets the context; sla_miss_callback of Airflow 2 got five arguments.
        context = args[0] if len(args) == 1 else Context({"dag": args[0]} if args else {})
        self._update_context(context)
        self.render_template_fields(context)
        try:
            self.notify(context)
        except Exception:
            self.log.exception("The notification was not sent")
