"""Apache Airflow's import names, served by Slipstream.

Holds names only; what they are is in ``slipstream``. Other distributions extend this package and
``airflow.providers``; a real Airflow in the same environment is refused.
"""

from pkgutil import extend_path
from typing import TYPE_CHECKING

__path__ = extend_path(__path__, __name__)
__version__ = "3.3.2"

from slipstream.sdk import lazy as _lazy
from slipstream.sdk import legacy_import as _legacy_import

_legacy_import.install(__path__, __file__)

if TYPE_CHECKING:
    from slipstream.sdk.asset import Asset, Dataset
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.exceptions import AirflowException
    from slipstream.sdk.xcom_arg import XComArg

__all__ = ["DAG", "Asset", "XComArg", "__version__"]

__getattr__, __dir__ = _lazy.attach(
    __name__,
    {
        "DAG": "slipstream.sdk.dag",
        "Asset": "slipstream.sdk.asset",
        "XComArg": "slipstream.sdk.xcom_arg",
        "configuration": "airflow.configuration:",
        "macros": "slipstream.sdk.macros:",
        "models": "airflow.models:",
        "plugins_manager": "airflow.plugins_manager:",
        "settings": "airflow.settings:",
        "utils": "airflow.utils:",
        "version": "airflow.version:",
    },
    {"AirflowException": "slipstream.sdk.exceptions", "Dataset": "slipstream.sdk.asset"},
)
