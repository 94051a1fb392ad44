"""Which files are parsed, and when: the bookkeeping alone."""

from __future__ import annotations

from slipstream.dagprocessor.catalog import GONE_AFTER_S, Catalog, FileKey
from slipstream.dagprocessor.discovery import Found, Stamp


def _key(name: str) -> FileKey:
    return FileKey("dags-folder", name)


def _found(*, modules: dict[str, float] | None = None, **files: float) -> Found:
    return Found(
        dag_files={name: Stamp(mtime, 1) for name, mtime in files.items()},
        modules={name: Stamp(mtime, 1) for name, mtime in (modules or {}).items()},
    )


def _queue(catalog: Catalog) -> list[str]:
    names = []
    while (key := catalog.next()) is not None:
        names.append(key.relative_fileloc)
    return names


def _parse_all(catalog: Catalog, now: float = 0.0) -> list[str]:
    names = _queue(catalog)
    for name in names:
        catalog.done(_key(name), (), False, now)
    return names


def test_new_and_changed_files_are_parsed_the_newest_first() -> None:
    catalog = Catalog()
    catalog.compare("dags-folder", _found(a=1, b=3, c=2), 0.0)
    assert _parse_all(catalog) == ["b", "c", "a"]
    catalog.compare("dags-folder", _found(a=1, b=4, c=2), 1.0)
    assert _parse_all(catalog) == ["b"]


def test_what_an_earlier_process_parsed_is_left_alone() -> None:
    catalog = Catalog()
    catalog.remember(_key("a"), Stamp(1, 1))
    catalog.remember(_key("b"), Stamp(1, 1))
    catalog.compare("dags-folder", _found(a=1, b=2), 0.0)
    assert _parse_all(catalog) == ["b"]
    catalog.ask_unparsed()
    assert _parse_all(catalog) == ["a"]


def test_a_file_that_changes_while_it_is_parsed_is_parsed_again() -> None:
    catalog = Catalog()
    catalog.compare("dags-folder", _found(a=1), 0.0)
    assert _queue(catalog) == ["a"]
    catalog.compare("dags-folder", _found(a=2), 0.0)
    assert _queue(catalog) == []
    catalog.done(_key("a"), (), False, 0.0)
    assert _parse_all(catalog) == ["a"]
    assert _parse_all(catalog) == []


def test_a_file_is_gone_only_after_a_while() -> None:
    catalog = Catalog()
    catalog.compare("dags-folder", _found(a=1), 0.0)
    _parse_all(catalog)
    catalog.compare("dags-folder", _found(), 0.0)
    assert catalog.has_missing
    assert catalog.gone(GONE_AFTER_S / 2) == []
    catalog.compare("dags-folder", _found(a=1), 0.5)
    assert catalog.gone(GONE_AFTER_S * 2) == []
    catalog.compare("dags-folder", _found(), 1.0)
    assert catalog.gone(1.0 + GONE_AFTER_S) == [_key("a")]
    catalog.forget([_key("a")])
    assert not catalog.files
    assert not catalog.ask(_key("a"))


def test_a_scan_of_one_bundle_says_nothing_of_another() -> None:
    catalog = Catalog()
    catalog.remember(FileKey("other", "x"), Stamp(1, 1))
    catalog.compare("dags-folder", _found(a=1), 0.0)
    assert catalog.gone(100.0) == []


def test_dependents_are_parsed_when_what_they_read_changes() -> None:
    catalog = Catalog()
    catalog.compare("dags-folder", _found(a=1, b=2), 0.0)
    _queue(catalog)
    catalog.done(_key("a"), ["/lib.py", "/data"], False, 0.0)
    catalog.done(_key("b"), ["/lib.py"], False, 0.0)
    catalog.touch(["/data"])
    assert _queue(catalog) == ["a"]
    catalog.done(_key("a"), ["/lib.py"], False, 0.0)
    catalog.touch(["/data"])
    assert _queue(catalog) == []
    catalog.touch(["/lib.py"])
    assert sorted(_queue(catalog)) == ["a", "b"]


def test_of_unparsed_files_nobody_knows_what_they_import() -> None:
    catalog = Catalog()
    catalog.remember(_key("a"), Stamp(1, 1))
    catalog.compare("dags-folder", _found(a=1, b=1, modules={"lib.py": 5}), 0.0)
    assert _parse_all(catalog) == ["b"]
    assert catalog.newest_module("dags-folder") == 5
    catalog.compare("dags-folder", _found(a=1, b=1, modules={"lib.py": 6}), 0.0)
    assert _parse_all(catalog) == ["a"]


def test_only_volatile_files_age() -> None:
    catalog = Catalog()
    catalog.compare("dags-folder", _found(a=1, b=2), 0.0)
    _queue(catalog)
    catalog.done(_key("a"), (), True, 10.0)
    catalog.done(_key("b"), (), False, 10.0)
    catalog.ask_aged(39.0, 30.0)
    assert _queue(catalog) == []
    catalog.ask_aged(40.0, 30.0)
    assert _queue(catalog) == ["a"]


def test_a_save_overtakes_what_only_aged() -> None:
    catalog = Catalog()
    for name in ("a", "b"):
        catalog.remember(_key(name), Stamp(1, 1))
    catalog.ask_unparsed()
    catalog.compare("dags-folder", _found(a=1, b=1, c=1), 0.0)
    assert _queue(catalog)[0] == "c"
