"""The report's strings, one TOML file per language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

DEFAULT = "en"


@cache
def available() -> tuple[str, ...]:
    """Return the languages the report can be written in."""
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in resources.files(__package__).iterdir() if f.name.endswith(".toml"))
    )


@cache
def catalogue(language: str) -> Mapping[str, Any]:
    """Return the strings of a language; English where there are none."""
    code = language if language in available() else DEFAULT
    data: Mapping[str, Any] = tomllib.loads((resources.files(__package__) / f"{code}.toml").read_text(encoding="utf-8"))
    return data


def languages(named: Iterable[str]) -> tuple[str, ...]:
    """Return the languages of a study's reports, of those it names; the first is English where it has no strings."""
    first, *further = named
    return tuple(dict.fromkeys([first if first in available() else DEFAULT, *(c for c in further if c in available())]))


class Strings:
    """Looks strings up by `section.key` and fills them in.

    Args:
        language: English where Glosa has no strings for it.
        suffix: what the names of files in this language have before their ending: nothing, or `.es`.
    """

    def __init__(self, language: str, suffix: str = "") -> None:
        self.language, self.suffix = language if language in available() else DEFAULT, suffix
        self._catalogue = catalogue(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the string; raise `KeyError` for a key that the catalogue lacks."""
        return str(self.raw(key)).format(**values)

    def raw(self, key: str) -> Any:
        """Return what stands under the key as it is: a string or a list."""
        section, name = key.split(".", 1)
        return self._catalogue[section][name]

    def texts(self) -> Iterator[str]:
        """Yield every string."""

        def walk(value: Any) -> Iterator[str]:
            if isinstance(value, str):
                yield value
            else:
                for inner in value.values() if isinstance(value, Mapping) else value:
                    yield from walk(inner)

        yield from walk(self._catalogue)

    def section(self, name: str) -> Mapping[str, str]:
        """Return a section as it is."""
        section: Mapping[str, str] = self._catalogue[name]
        return section

    def name(self, section: str, key: str) -> str:
        """Return the name of a value (a language, a role), or the value where it has none."""
        return str(self._catalogue[section].get(key, key))


def spoken(named: Iterable[str]) -> list[Strings]:
    """Return the strings of every language of a study's reports; files in further ones have a suffix."""
    return [Strings(code, f".{code}" if i else "") for i, code in enumerate(languages(named))]
