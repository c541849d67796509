"""Lemmas and stop words of languages, looked up in spaCy's tables: one look-up per distinct word, no pipeline.

The tables come with the package spacy-lookups-data. They name one lemma per form, and prefer verbs: Portuguese "grupo"
is said to come from "grupar", Spanish "casa" and "caso" both from "casar". So a word that is itself the lemma of
another form ("casos" → "caso") stands for itself, and so does its plural. Lemmas serve to count forms together; what
is shown is a form that somebody wrote.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import TypeAlias

from pipeline.languages import lexicon
from pipeline.wording import fold

Table: TypeAlias = Mapping[str, str | list[str]]
_TABLE = "lemma_lookup"


def lemmas(words: Collection[str], language: str) -> dict[str, str]:
    """Return the lemma of every word, in lower case; in a language without a table each is its own.

    A capital letter is heeded where the table knows the word with it: German "Grenzen" are no infinitive.
    """
    table = _table(language)
    if not table:
        return {word: word.lower() for word in words}
    known = lexicon(language)
    forms = {word.lower() for word in words}
    related = {form: [_singular(form), *_verbs(form, known.attached)] for form in forms}
    own = _lemmas_of_others({*forms, *(word for words in related.values() for word in words)}, table)
    own |= known.nouns | {form for form in forms if not _looked_up(form, table) and len(related[form]) == 1}
    found = {form: form if form in known.nouns else _lemma(form, related[form], own, table) for form in forms}
    capital = {word: _looked_up(word, table) for word in words if not word.islower() and word in table}
    return {word: capital.get(word) or found[word.lower()] for word in words}


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return the words of a language that carry no topic: the language's file, else spaCy's list, else none.

    spaCy's list holds negators too; for a language without a file nothing tells them from the rest.
    """
    known = lexicon(language)
    name = f"spacy.lang.{language}"
    if known.stop or not language.isalpha() or importlib.util.find_spec(name) is None:
        return known.stop
    try:
        return frozenset(importlib.import_module(f"{name}.stop_words").STOP_WORDS)
    except ModuleNotFoundError:
        return frozenset()


def _table(language: str) -> Table:
    """Read a table as plain words: spaCy's own `Table` hashes each key first, which takes several times as long."""
    from spacy.util import load_language_data, registry

    if language not in registry.lookups:
        return {}
    path = registry.lookups.get(language).get(_TABLE)
    table: Table = load_language_data(path) if path else {}
    return table


def _lemma(form: str, related: Sequence[str], own: Collection[str], table: Table) -> str:
    """Return the singular or the form itself, where they are words of their own, else what the table says."""
    found = _looked_up(form, table)
    singular, *verbs = related
    if singular in own and found in {_looked_up(singular, table), singular}:
        return singular
    if form in own:
        return form
    of_verbs = (verb if verb in own else _looked_up(verb, table) for verb in verbs)
    return found or next(filter(None, of_verbs), form)


def _looked_up(form: str, table: Table) -> str:
    """Return the table's lemma, which may be written with a capital (German nouns) or be one of several (French)."""
    found = table.get(form) or table.get(form.capitalize()) or ""
    return (found if isinstance(found, str) else found[0]).lower()


def _singular(form: str) -> str:
    """Take the plural's s away; other plurals, as in Italian, keep the table's lemma."""
    return form.removesuffix("s")


def _verbs(form: str, marks: Collection[str]) -> list[str]:
    """Return what may be a verb with pronouns attached ("contárselo", "pídele", "ascoltarlo"), without them.

    An infinitive, or a form that has an accent because it became longer, and is known without it.
    """
    cut = [form.removesuffix(mark) for mark in marks if form.endswith(mark)]
    return [verb for word in cut if word.endswith("r") or fold(word) != word for verb in (word, fold(word))]


def _lemmas_of_others(candidates: Collection[str], table: Table) -> frozenset[str]:
    """Return those candidates to which the table leads another form."""
    found = set()
    for form, lemma in table.items():
        for one in (lemma,) if isinstance(lemma, str) else lemma:
            if one != form and (lower := one.lower()) in candidates and lower != form.lower():
                found.add(lower)
    return frozenset(found)
