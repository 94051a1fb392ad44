"""``airflow.utils.json``: the XCom codec as encoder and decoder classes of ``json``."""

from __future__ import annotations

import json
from typing import Any

from slipstream.sdk import xcom_codec


class XComEncoder(json.JSONEncoder):
    """Encodes what ``xcom_codec`` encodes."""

    def encode(self, o: Any) -> str:
        return super().encode(xcom_codec.encode(o))

    def default(self, o: Any) -> Any:
        return xcom_codec.encode(o)


class XComDecoder(json.JSONDecoder):
    """Decodes what XComEncoder wrote."""

    def decode(self, s: str, *args: Any) -> Any:
        return xcom_codec.decode(super().decode(s, *args))
