"""The API's list pages: filters, ordering and paging that run in the database.

One module per resource. A page function takes filters by field name (``filter``) and a ``Window``
(limit, offset or cursor, ordering) and returns a ``Page`` of named tuples; it loads no row that
it does not return. Unknown field names raise ``UnknownField``, a forged cursor ``BadCursor``.

Reads only. What a row means to people (names, masks, derived values) is the caller's.
"""

from slipstream.store.listing.filter import (
    Between,
    Filter,
    Like,
    NoneOf,
    OneOf,
    Prefix,
    UnknownField,
)
from slipstream.store.listing.page import BadCursor, Page, Window

__all__ = [
    "BadCursor",
    "Between",
    "Filter",
    "Like",
    "NoneOf",
    "OneOf",
    "Page",
    "Prefix",
    "UnknownField",
    "Window",
]
