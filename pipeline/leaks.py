"""The last look at what is about to be published: names and addresses anywhere, words that may not be quoted in public.

Every file is read again as a reader or a program would (`published`). The words of a file are looked at in a row as
well, so that a sentence is found though tags, cells, lines or pages part it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from pipeline import roles, wordruns
from pipeline.editions import Edition
from pipeline.errors import GlosaError
from pipeline.privacy import Finder
from pipeline.published import Text, texts
from pipeline.quotable import Quotable
from pipeline.study import Study
from pipeline.wordruns import Forbidden


class Leak(NamedTuple):
    """Something that was about to be published: in which artefact, where in it, what, and the words around it."""

    artefact: str
    place: str
    kind: str
    context: str


class Look:
    """Reads a file once, though both editions have it, and a text once, though many files hold it."""

    def __init__(self, finder: Finder, allowed: Iterable[str] = ()) -> None:
        self._finder = finder
        self._masks = sorted({text for text in allowed if text}, key=lambda text: (-len(text), text))
        self._read: dict[tuple[str, bytes], list[Text]] = {}
        self._graves: dict[str, tuple[str, str] | None] = {}

    def names(self, name: str, content: bytes) -> Iterator[Leak]:
        """Yield contributors' full names, e-mail addresses and phone numbers."""
        for place, text, _ in self._texts(name, content):
            if text not in self._graves:
                self._graves[text] = self._grave(wordruns.joined(text))
            if found := self._graves[text]:
                yield Leak(name, place, *found)

    def words(self, name: str, content: bytes, forbidden: Forbidden) -> Iterator[Leak]:
        """Yield six words in a row that may not be quoted."""
        streams: dict[str, list[Text]] = {}
        for number, text in enumerate(self._texts(name, content)):
            streams.setdefault(text.stream or str(number), []).append(text)
        for stream in streams.values():
            if found := forbidden.first([text.text for text in stream]):
                yield Leak(name, stream[found[0]].place, "words", found[1])

    def _texts(self, name: str, content: bytes) -> list[Text]:
        key = (name.rsplit(".", 1)[-1], content)
        if key not in self._read:
            self._read[key] = list(texts(name, content))
        return self._read[key]

    def _grave(self, text: str) -> tuple[str, str] | None:
        for mask in self._masks:
            text = text.replace(mask, " ¶ ") if mask in text else text
        for span in self._finder.grave(text):
            around = text[max(span.start - 30, 0) : span.start] + f"[{span.kind}]" + text[span.end : span.end + 30]
            return span.kind, " ".join(around.split())
        return None


def refuse(artefacts: Mapping[str, bytes], finder: Finder, allowed: Iterable[str], forbidden: Forbidden) -> None:
    """Raise `GlosaError` where something is about to be published that must not be.

    Args:
        artefacts: the files' bytes by name; all but those of the restricted edition are public.
        finder: knows the contributors' names.
        allowed: texts that may stand there as they are, such as the contact address that study.toml gives.
        forbidden: what may not be quoted in public.
    """
    look = Look(finder, allowed)
    for name, content in artefacts.items():
        if leak := next(look.names(name, content), None):
            raise _named(leak)
        public = not name.startswith("reports/restricted/")
        if public and (leak := next(look.words(name, content, forbidden), None)):
            raise _quoted(leak, forbidden)


def _named(leak: Leak) -> GlosaError:
    return GlosaError(
        leak.artefact,
        f"{_LEAKS[leak.kind]} would be published ({leak.place}): “{leak.context}”.",
        "no contributor's name, e-mail address or phone number in anything under reports/. Nothing was written.",
        "Take it out of codebook.toml, or out of the file or column name it comes from, and run again; "
        "if it is in none of these, report it.",
    )


def _quoted(leak: Leak, forbidden: Forbidden) -> GlosaError:
    return GlosaError(
        leak.artefact,
        f"words of {forbidden.whose(leak.context)} would be published ({leak.place}): “{leak.context}”.",
        f"no {wordruns.LENGTH} words in a row of a unit whose source may not be quoted. Nothing was written.",
        "If the words are the study's own, they stand in study.toml or codebook.toml; if the source may be quoted, "
        "say so in [[report.sources]]; if it is neither, report it.",
    )


_LEAKS = {"name": "a contributor's full name", "email": "an e-mail address", "phone": "a phone number"}


def forbidden(
    edition: Edition,
    tables: Mapping[str, pd.DataFrame],
    quotable: Quotable,
    stated: Iterable[str],
    spoken: Iterable[str],
) -> Forbidden:
    """Return what an edition may not say: the tips and comments of every source that it may not quote.

    Args:
        edition: knows what may be quoted.
        tables: `passages` and `units`.
        quotable: the same texts without names, which may be how they leak.
        stated: what the study says itself.
        spoken: what stands in place of a name, in brackets, in any language of the report.
    """
    passages = tables["passages"].loc[tables["passages"]["role"].isin([roles.TIP, roles.COMMENT])]
    quoted = passages["source_id"].map(edition.allows) == "verbatim"
    closed, free = passages[~quoted], passages[quoted]
    units = tables["units"][tables["units"]["passage_id"].isin(set(closed["passage_id"]))]
    texts = [
        *zip(units["unit_id"], units["text"], strict=True),
        *zip(closed["passage_id"], closed["text"], strict=True),
        *((i, quotable.text(i)) for i in closed["passage_id"] if i in quotable.changed),
    ]
    free_words = [*free["text"], *(quotable.text(i) for i in free["passage_id"] if i in quotable.changed)]
    return Forbidden(texts, [*stated, *free_words], [f"[{word}]" for word in spoken])


def own_words(study: Study, described: Mapping[str, Any], finder: Finder) -> list[str]:
    """Return what may stand in a report though it looks like a leak: what study.toml states, and fingerprints."""
    prints = [described["settings"], described["code"], *described["inputs"].values()]
    cut = [digest[:size] for digest in prints for size in (12, 16)]
    return [text for text in study.settings.stated() if finder.grave(text)] + [text for text in cut if text.isdigit()]
