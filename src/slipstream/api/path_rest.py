"""The path convertor ``rest``: the whole rest of a path, whatever characters are in it.

Starlette's ``path`` ends at a newline, which a name may have in it; the name would then be answered
as a path that the API does not know.
"""

from __future__ import annotations

from starlette.convertors import PathConvertor, register_url_convertor


class _Rest(PathConvertor):
    regex = r"[\s\S]*"


register_url_convertor("rest", _Rest())
