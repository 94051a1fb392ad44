"""Provider packages: the standard one is here, other distributions add theirs."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
