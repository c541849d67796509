"""Link every passage that repeats another to the one that is kept; nothing is thrown away."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipeline import audits, roles, translations
from pipeline.audits import Audit
from pipeline.engines import cache, sentences
from pipeline.repetitions import Link, Wording, find_repetitions, wording
from pipeline.store import Store
from pipeline.study import Study


def run(study: Study, store: Store) -> None:
    """Load the passages and what people said of earlier links, find repetitions, save the links."""
    passages = store.table("passages")
    said = audits.read(study.audit_file)

    different = audits.pairs(said, "different")
    links = find_repetitions(wordings_of(passages), study.settings.deduplicate, different)
    if study.settings.deduplicate.translations and len(study.languages) > 1:
        links += translated_copies(without(passages, links), cache.for_study(study), different)
    links += said_to_be_same(said, links, set(passages["passage_id"]))

    store.save_table("duplicates", links_table(resolved(links)))
    store.save_table("audits", audits_table(said))


def wordings_of(passages: pd.DataFrame) -> list[Wording]:
    """Return the passages, in their order, as wordings."""
    voices = passages["voice"].astype(object).where(passages["voice"].notna(), None)
    columns = (passages["passage_id"], passages["text"], voices, passages["language"])
    return [wording(*row) for row in zip(*columns, strict=True)]


def without(passages: pd.DataFrame, links: Sequence[Link]) -> pd.DataFrame:
    """Return the prompts, tips and comments that are not set aside yet."""
    aside = {link.passage_id for link in links}
    return passages[(passages["role"] != roles.NAVIGATION) & ~passages["passage_id"].isin(aside)]


def places_of(passages: pd.DataFrame) -> dict[str, tuple[str, int]]:
    """Return, per passage of a page's own words (prompts and tips), its source and which of them it is there."""
    own = passages[passages["role"].isin([roles.PROMPT, roles.TIP])].sort_values(["source_id", "start"])
    numbers = own.groupby("source_id").cumcount()
    return {p.passage_id: (p.source_id, int(n)) for p, n in zip(own.itertuples(), numbers, strict=True)}


def translated_copies(
    passages: pd.DataFrame, encoder: cache.CachedEncoder, different: frozenset[frozenset[str]]
) -> list[Link]:
    """Return a link for every passage that is an earlier one in another language, sentence by sentence."""
    chosen = [p for p in passages.itertuples() if translations.eligible(p.text, p.language)]
    if len({p.language for p in chosen}) < 2:
        return []
    spans = list(sentences.split([p.text for p in chosen], [p.language for p in chosen]))
    parts = [[p.text[start:end] for start, end in own] for p, own in zip(chosen, spans, strict=True)]
    vectors = encoder.encode([part for own in parts for part in own])
    candidates, place, places = [], 0, places_of(passages)
    for p, own in zip(chosen, parts, strict=True):
        own_vectors = vectors[place : place + len(own)]
        voice = None if pd.isna(p.voice) else p.voice
        about = (voice, p.role == roles.PROMPT, places.get(p.passage_id))
        candidates.append(translations.Candidate(p.passage_id, p.language, tuple(own), own_vectors, *about))
        place += len(own)
    links: list[Link] = []
    aside: set[str] = set()
    for i, j, score in translations.find(candidates):
        kept, copy = candidates[i].passage_id, candidates[j].passage_id
        if not {kept, copy} & aside and frozenset((kept, copy)) not in different:
            aside.add(copy)
            links.append(Link(copy, kept, "translation", score))
    return links


def said_to_be_same(said: Sequence[Audit], links: Sequence[Link], known: set[str]) -> list[Link]:
    """Return links for the pairs that a person called the same and that no rule has found."""
    standing = {link.passage_id: link.duplicate_of for link in links}
    stands_for = set(standing.values())
    found = []
    for audit in said:
        copy, kept = audit.passage_id, standing.get(audit.duplicate_of, audit.duplicate_of)
        wanted = audit.verdict == "same" and {copy, kept} <= known
        if wanted and copy not in standing and copy not in stands_for and copy != kept:
            standing[copy] = kept
            stands_for.add(kept)
            found.append(Link(copy, kept, "near", 1.0))
    return found


def links_table(links: Sequence[Link]) -> pd.DataFrame:
    """Return the table of duplicates, by passage."""
    frame = pd.DataFrame(sorted(links), columns=["passage_id", "duplicate_of", "kind", "similarity"])
    return frame.assign(counted=False)


def audits_table(said: Sequence[Audit]) -> pd.DataFrame:
    """Return the table of audited links."""
    return pd.DataFrame(sorted(said), columns=list(Audit._fields))


def resolved(links: Sequence[Link]) -> list[Link]:
    """Return links that all point to a passage which is kept: a link to one set aside later is passed on."""
    later = {link.passage_id: link for link in links}
    found = []
    for link in links:
        while link.duplicate_of in later:
            passed = later[link.duplicate_of]
            link = link._replace(duplicate_of=passed.duplicate_of, kind=passed.kind, similarity=passed.similarity)
        found.append(link)
    return found
