"""Assets: data that tasks read and write, and conditions over them as schedules."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from slipstream.sdk.exceptions import NotSupportedYet

_MAX_LENGTH = 1500


class BaseAsset:
    """What ``&`` and ``|`` combine and ``schedule=`` takes."""

    asset_kind: ClassVar[str] = ""

    def to_spec(self) -> dict[str, Any]:
        """Return the JSON form, as Airflow writes asset expressions."""
        raise NotImplementedError

    def iter_assets(self) -> Iterator[Asset]:
        """Yield the assets in it."""
        return iter(())

    def __or__(self, other: BaseAsset) -> AssetAny:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAny(self, other)

    def __and__(self, other: BaseAsset) -> AssetAll:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAll(self, other)


def _checked_name(value: str, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a string, not {type(value).__name__}")
    if len(value) > _MAX_LENGTH:
        raise ValueError(
            f"{what} is {len(value)} characters long, {_MAX_LENGTH} are allowed: shorten it"
        )
    if not value or value.isspace():
        raise ValueError(f"{what} {value!r} is blank: write a character that can be seen")
    if not value.isascii():
        raise ValueError(f"{what} {value!r} has characters beyond ASCII: replace them")
    return value


def _checked_uri(uri: str) -> str:
    _checked_name(uri, "Asset uri")
    parts = urlsplit(uri)
    if parts.scheme == "airflow":
        raise ValueError(
            f"Asset uri {uri!r}: the scheme airflow belongs to Airflow itself, take another"
        )
    if parts.password or ("@" in parts.netloc and ":" in parts.netloc.split("@")[0]):
        warnings.warn(
            f"The uri of the asset at {parts.hostname!r} holds a login, and others can read it: "
            "leave it out",
            UserWarning,
            stacklevel=4,
        )
    return uri.rstrip("/") if parts.scheme and parts.path in ("/",) else uri


@dataclass(frozen=True)
class AssetUniqueKey:
    """An asset's identity."""

    name: str
    uri: str

    @classmethod
    def from_asset(cls, asset: Asset) -> AssetUniqueKey:
        return cls(name=asset.name, uri=asset.uri)

    def to_asset(self) -> Asset:
        return Asset(name=self.name, uri=self.uri)


@dataclass
class AssetWatcher:
    """A trigger that watches an asset for events."""

    name: str
    trigger: Any


@dataclass
class AssetAccessControl:
    """Which teams may produce or consume an asset's events."""

    producer_teams: list[str] = field(default_factory=list)
    consumer_teams: list[str] | None = None
    allow_global: bool = True


class Asset(os.PathLike[str], BaseAsset):
    """A piece of data with a name and a URI; one of the two is enough.

    :raises TypeError: neither is given
    :raises ValueError: a name or URI that cannot be one
    """

    asset_kind: ClassVar[str] = "asset"
    asset_type: ClassVar[str] = "asset"
    __version__: ClassVar[int] = 1

    def __init__(
        self,
        name: str | None = None,
        uri: Any = None,
        *,
        group: str | None = None,
        extra: dict[str, Any] | None = None,
        watchers: list[AssetWatcher] | None = None,
        access_control: AssetAccessControl | None = None,
    ) -> None:
        if name is None and uri is None:
            raise TypeError("an Asset needs a name or a uri, or both")
        uri = str(uri) if uri is not None else None
        self.name = _checked_name(name if name is not None else str(uri), "Asset name")
        self.uri = _checked_uri(uri) if uri is not None else self.name
        self.group = group if group is not None else self.asset_type
        self.extra = dict(extra or {})
        self.watchers = list(watchers or [])
        self.access_control = access_control

    @classmethod
    def ref(cls, *, name: str = "", uri: str = "") -> AssetRef:
        """Return a reference to an asset that is defined elsewhere."""
        if bool(name) == bool(uri):
            raise TypeError(
                "Asset.ref() finds an asset by its name or by its uri: give one of them"
            )
        return AssetNameRef(name) if name else AssetUriRef(uri)

    @property
    def normalized_uri(self) -> str | None:
        return self.uri if "://" in self.uri else None

    def iter_assets(self) -> Iterator[Asset]:
        yield self

    def to_spec(self) -> dict[str, Any]:
        return {"asset": {"name": self.name, "uri": self.uri, "group": self.group}}

    def __fspath__(self) -> str:
        return self.uri

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self) -> int:
        return hash((self.name, self.uri))

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class Dataset(Asset):
    """Airflow 2's name of Asset."""

    asset_type: ClassVar[str] = "dataset"

    def __init__(self, uri: str | None = None, **kwargs: Any) -> None:
        super().__init__(kwargs.pop("name", None), uri, **kwargs)


class Model(Asset):
    """An asset that is a machine learning model."""

    asset_type: ClassVar[str] = "model"


class AssetRef(BaseAsset):
    """A reference to an asset by name or URI."""

    asset_kind: ClassVar[str] = "asset_ref"


@dataclass(frozen=True)
class AssetNameRef(AssetRef):
    name: str

    def to_spec(self) -> dict[str, Any]:
        return {"asset_ref": {"name": self.name}}


@dataclass(frozen=True)
class AssetUriRef(AssetRef):
    uri: str

    def to_spec(self) -> dict[str, Any]:
        return {"asset_ref": {"uri": self.uri}}


class AssetAlias(BaseAsset):
    """A name that tasks attach assets to while they run."""

    asset_kind: ClassVar[str] = "alias"

    def __init__(self, name: str, *, group: str | None = None) -> None:
        self.name = _checked_name(name, "Asset alias name")
        self.group = group if group is not None else "asset"

    def to_spec(self) -> dict[str, Any]:
        return {"alias": {"name": self.name, "group": self.group}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"AssetAlias(name={self.name!r})"


DatasetAlias = AssetAlias


class AssetBooleanCondition(BaseAsset):
    """Several assets, combined."""

    operator: ClassVar[str]

    def __init__(self, *objects: BaseAsset) -> None:
        if not all(isinstance(o, BaseAsset) for o in objects):
            raise TypeError("only assets and conditions of them can be combined by & and |")
        self.objects: list[BaseAsset] = []
        for o in objects:
            # a & b & c is one condition of three, not two nested ones.
            if type(o) is type(self):
                self.objects.extend(o.objects)
            else:
                self.objects.append(o)

    def iter_assets(self) -> Iterator[Asset]:
        for o in self.objects:
            yield from o.iter_assets()

    def to_spec(self) -> dict[str, Any]:
        return {self.operator: [o.to_spec() for o in self.objects]}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.objects == other.objects

    def __hash__(self) -> int:
        return hash((self.operator, tuple(self.objects)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.objects))})"


class AssetAny(AssetBooleanCondition):
    """Any one of them."""

    asset_kind: ClassVar[str] = "any"
    operator: ClassVar[str] = "any"


class AssetAll(AssetBooleanCondition):
    """All of them."""

    asset_kind: ClassVar[str] = "all"
    operator: ClassVar[str] = "all"


@dataclass
class Metadata:
    """What a task yields to record an event's extra."""

    asset: Asset
    extra: dict[str, Any] = field(default_factory=dict)
    alias: AssetAlias | None = None


def as_condition(assets: Any) -> BaseAsset:
    """Return a list of assets as the condition that it stands for: all of them."""
    if isinstance(assets, BaseAsset):
        return assets
    if isinstance(assets, Collection) and len(assets) == 1:
        return next(iter(assets))  # type: ignore[no-any-return]
    return AssetAll(*assets)


class AssetDecorator:
    """``@asset``: a function that makes an asset, as a DAG of one task."""

    def __init__(self, **kwargs: Any) -> None:
        self.kwargs = kwargs

    def __call__(self, function: Callable[..., Any]) -> Any:
        raise NotSupportedYet(f"@asset (on {function.__name__})")

    @classmethod
    def multi(cls, **kwargs: Any) -> AssetDecorator:
        """Make several assets with one function."""
        return cls(**kwargs)
