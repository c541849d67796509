"""Forget a contributor, or a passage that nobody signed: plan what goes and what stays, then do it.

A tombstone (`pipeline/forgotten.py`) makes every run drop what they said. People's work loses the rows about it, and
all that runs had made is removed, to be made anew. The captures stay as they are unless they are to be redacted, too;
then each is read again before it is written, and left alone where anything that others said would change.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pipeline import forgotten, privacy, remains, removal, roles
from pipeline.captured import Captured, is_forgotten, without
from pipeline.coded import rounds
from pipeline.coded.striking import Done
from pipeline.errors import GlosaError
from pipeline.forgotten import Memory, Tombstone
from pipeline.remains import Scene
from pipeline.stages import ingest
from pipeline.store import read_table
from pipeline.study import Study
from pipeline.wording import fold

_MIN_WORDS_OF_COPIES = 8


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be done.

    Attributes:
        tombstones: what `data/forgotten.toml` will hold.
        passages: how many passages go, unsigned copies included; `copies`: how many of them are such copies.
        others: passages that stay although they repeat or quote what goes, since they are somebody else's.
        coded: new contents of people's work, with how many rows go.
        by_hand: files that hold words or the name and that Glosa doesn't change.
        raw: for each capture, where in it the words stand.
        redacted: new contents of captures; `unredacted`: captures that can't be redacted, and why.
    """

    study: Study
    tombstones: tuple[Tombstone, ...]
    passages: int
    copies: int
    others: tuple[str, ...]
    coded: Mapping[Path, Done]
    by_hand: tuple[Path, ...]
    raw: Mapping[Path, tuple[str, ...]]
    redacted: Mapping[Path, bytes] = field(default_factory=dict)
    unredacted: Mapping[Path, str] = field(default_factory=dict)


def plan(study: Study, voice: str, passage: str, date: str, reason: str = "", raw: bool = False) -> Plan:
    """Return what forgetting a voice (a pseudonym or a name) or an unsigned passage (its id) means.

    Raises `GlosaError` where there is no such voice or passage, where it is forgotten already and `raw` isn't asked
    for, where the reason or the name of a capture holds the name, and where a sheet is open in another program.
    """
    if bool(voice) == bool(passage):
        raise GlosaError(
            "glosa forget", "neither or both of a voice and a passage are named.", "one of the two.",
            "Say: glosa forget VOICE, or: glosa forget --passage PASSAGE_ID",
        )  # fmt: skip
    everything, old = ingest.captured(study), forgotten.load(study)
    left = without(everything, old)
    key = study.voice_key.read_bytes()
    found: tuple[Scene, Tombstone | None, int]
    if passage:
        found = _forget_passage(study, everything, old, left, passage, key, date)
    else:
        found = _forget_voice(study, everything, old, left, voice, key, date, raw)
    scene, tombstone, copies = found
    _refuse_without_units(study)
    added = () if tombstone is None else (_with_reason(tombstone, reason, scene),)
    _refuse_named_files(study, scene.memory)
    struck = remains.struck(study, scene, left)
    coded = dict(remains.peoples_work(study, struck))
    redacted, unredacted = remains.redacted(study, scene) if raw else ({}, {})
    return Plan(
        study, (*old.tombstones, *added), len(scene.gone), copies,
        tuple(_others(scene)), {path: done for path, done in coded.items() if done.gone or done.changed},
        tuple(remains.by_hand(study, scene, coded)), remains.places(study, scene), redacted, unredacted,
    )  # fmt: skip


def carry_out(found: Plan) -> None:
    """Write the tombstones, people's work and the captures that are redacted; then remove what runs had made."""
    rounds.write(
        {
            found.study.root / forgotten.FILE: forgotten.dump(found.tombstones),
            **{path: done.content for path, done in found.coded.items()},
            **found.redacted,
        }
    )
    removal.remove(found.study, removal.made(found.study))


def lines(found: Plan) -> Iterator[str]:
    """Yield what a plan says, for people: what goes, what stays, and what they have to look at themselves."""
    root = found.study.root
    copies = f", {found.copies} of them unsigned copies of the others" if found.copies else ""
    yield f"{found.passages} passages go{copies}; tables and reports are made anew without them."
    for path, done in found.coded.items():
        what = [f"{n} rows {verb}" for n, verb in ((done.gone, "go"), (done.changed, "are changed")) if n]
        yield f"{path.relative_to(root)}: {' and '.join(what)}"
    if found.others:
        yield f"{len(found.others)} passages of others repeat or quote them and stay: {', '.join(found.others[:10])}"
    for path in found.by_hand:
        yield f"{path.relative_to(root)} holds words or the name; look through it yourself."
    for path, places in found.raw.items():
        name = path.relative_to(root)
        if path in found.redacted:
            yield f"{name}: their words and name are made blocks ({_some(places)})"
        elif path in found.unredacted:
            yield f"{name} still holds them ({_some(places)}): {found.unredacted[path]}. Redact it by hand."
        else:
            yield f"{name} still holds them ({_some(places)}). Redact it by hand, or with --raw."


def _some(places: tuple[str, ...]) -> str:
    return ", ".join(places[:6]) + (f" and {len(places) - 6} more" if len(places) > 6 else "")


def _forget_voice(
    study: Study, everything: Captured, old: Memory, left: Captured, voice: str, key: bytes, date: str, raw: bool
) -> tuple[Scene, Tombstone | None, int]:
    """Return the scene without a voice, its tombstone (None where there is one already), and how many copies go."""
    names = {n for n in everything.names if voice == ingest.pseudonym(n, key) or (fold(n) and fold(n) == fold(voice))}
    if not names:
        raise _unknown_voice(voice, old, left, key)
    before = ingest.numbered(left.said)
    own = left.said["signed"].isin(names).to_numpy(dtype=bool)
    written = _written(names, everything)
    if all(map(old.knows_voice, names)):
        if not raw:
            raise _already(study, voice)
        own_memory = Memory([t for t in old.tombstones if _is_of(t, names, study)], forgotten.keys_of(study))
        standing = is_forgotten(everything.said, own_memory) & ~everything.said["text"].map(forgotten.is_blank)
        return Scene(everything, before, left, old, everything.said[standing], written), None, 0
    copies = _copies(study, before, own)
    long = [text for text in left.said.loc[own, "text"] if len(fold(text).split()) >= _MIN_WORDS_OF_COPIES]
    unsigned = [*long, *before.loc[before["passage_id"].isin(copies), "text"]]
    folded = {fold(name) for name in written}
    tombstone = Tombstone(
        date=date, kind=forgotten.VOICE, key=forgotten.mark_of_key(key),
        voices=_marks(key, "voices", map(fold, names)), names=_marks(key, "names", folded),
        words_of_names=tuple(sorted({len(name.split()) for name in folded})),
        beginnings=_marks(key, "beginnings", (name.split()[0] for name in folded)),
        copies=_marks(key, "copies", map(fold, unsigned)),
    )  # fmt: skip
    return _scene(study, everything, old, left, tombstone, written, int(own.sum()))


def _forget_passage(
    study: Study, everything: Captured, old: Memory, left: Captured, passage: str, key: bytes, date: str
) -> tuple[Scene, Tombstone, int]:
    """Return the scene without an unsigned passage and its unsigned copies, its tombstone, and how many copies go."""
    before = ingest.numbered(left.said)
    own = (before["passage_id"] == passage).to_numpy(dtype=bool)
    if not own.any():
        raise GlosaError(
            f"--passage {passage}", "there is no such passage.", f"an id of passages.parquet ({len(before)} of them).",
            "Copy one from glosa trace, or from the table.",
        )  # fmt: skip
    signed = left.said.loc[own, "signed"].iloc[0]
    if signed:
        raise GlosaError(
            f"--passage {passage}", "somebody has signed it.", "a passage that nobody has signed.",
            f"Forget the voice: glosa forget {ingest.pseudonym(signed, key)}",
        )  # fmt: skip
    text = before.loc[own, "text"].iloc[0]
    if not fold(text):
        raise GlosaError(f"--passage {passage}", "it has no words.", "a passage with words.", "Redact it by hand.")
    same = ((left.said["signed"] == "") & (left.said["text"].map(fold) == fold(text))).to_numpy(dtype=bool)
    copies = _copies(study, before, own | same)
    tombstone = Tombstone(
        date=date, kind=forgotten.PASSAGE, key=forgotten.mark_of_key(key),
        texts=_marks(key, "texts", [fold(text)]),
        copies=_marks(key, "copies", map(fold, before.loc[before["passage_id"].isin(copies), "text"])),
    )  # fmt: skip
    return _scene(study, everything, old, left, tombstone, frozenset(), 1)


def _scene(
    study: Study,
    everything: Captured,
    old: Memory,
    left: Captured,
    tombstone: Tombstone,
    written: frozenset[str],
    own: int,
) -> tuple[Scene, Tombstone, int]:
    """Return the scene that a new tombstone leads to, the tombstone with what it drops, and how many are copies."""
    memory = Memory([*old.tombstones, tombstone], forgotten.keys_of(study))
    gone, after = left.said[is_forgotten(left.said, memory)], without(everything, memory)
    if after.said.empty:
        raise GlosaError(
            study.raw, "no passage would be left.", "a study in which somebody else has said something.",
            "Remove the whole of it: glosa purge --all",
        )  # fmt: skip
    scene = Scene(everything, ingest.numbered(left.said), after, memory, gone, written)
    return scene, tombstone.model_copy(update={"dropped": len(gone)}), len(gone) - own


def _is_of(tombstone: Tombstone, names: Iterable[str], study: Study) -> bool:
    return any(map(Memory([tombstone], forgotten.keys_of(study)).knows_voice, names))


def _marks(key: bytes, what: str, folded: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({forgotten.mark(key, what, value) for value in folded if value}))


def _written(names: Collection[str], everything: Captured) -> frozenset[str]:
    """Return the name and the ways it is written in the captures: in full, or a part that no other contributor has."""
    texts = [source.document.text for source in everything.sources]
    common = privacy.vocabulary(texts).common
    own = privacy.Finder(names, common)
    others = privacy.Finder(set(everything.names) - set(names), common)
    found = {name for name in names if len(fold(name).split()) > 1 or not name.isalpha()}
    for text in texts:
        taken = [(span.start, span.end) for span in others.find(text) if span.kind == "name"]
        found |= {
            text[span.start : span.end]
            for span in own.find(text)
            if span.kind == "name" and not any(span.start < b and a < span.end for a, b in taken)
        }
    return frozenset(name for name in found if fold(name))


def _copies(study: Study, passages: pd.DataFrame, gone: Iterable[bool]) -> frozenset[str]:
    """Return the unsigned comments that the last run linked to what goes, as copies of it or it of them."""
    file = study.processed / "duplicates.parquet"
    if not file.is_file():
        return frozenset()
    table = read_table(file, "duplicates")
    unsigned = set(passages.loc[passages["voice"].isna() & (passages["role"] == roles.COMMENT), "passage_id"])
    links: dict[str, set[str]] = {}
    for copy, kept in zip(table["passage_id"], table["duplicate_of"], strict=True):
        links.setdefault(copy, set()).add(kept)
        links.setdefault(kept, set()).add(copy)
    start = set(passages.loc[list(gone), "passage_id"])
    found, waiting = set[str](), sorted(start)
    while waiting:
        near = (links.get(waiting.pop(), set()) & unsigned) - found - start
        found |= near
        waiting += sorted(near)
    return frozenset(found)


def _unknown_voice(voice: str, old: Memory, left: Captured, key: bytes) -> GlosaError:
    if old.knows_voice(voice):
        return GlosaError(
            f"glosa forget {voice!r}", "that voice is forgotten already, and no capture names it.", "another voice.",
            "There is nothing left to do.",
        )  # fmt: skip
    known = {name: str(ingest.pseudonym(name, key)) for name in left.names}
    near = difflib.get_close_matches(voice, [*known, *known.values()], n=1)
    return GlosaError(
        f"glosa forget {voice!r}", "there is no such contributor in the captures.",
        f"one of {len(set(known.values()))} voices: a pseudonym as in passages.voice, or the name as captured.",
        f"Did you mean {near[0]}?" if near else "Look the voice up: glosa voices",
    )  # fmt: skip


def _already(study: Study, voice: str) -> GlosaError:
    return GlosaError(
        f"glosa forget {voice!r}", "that voice is forgotten already; every run drops it.",
        f"another voice. The tombstone is in {study.root / forgotten.FILE}.",
        "To redact the captures that still hold it, add --raw.",
    )  # fmt: skip


def _with_reason(tombstone: Tombstone, reason: str, scene: Scene) -> Tombstone:
    """Add the reason; raise `GlosaError` where it holds the name or what was said."""
    line = " ".join(reason.split())
    names = [fold(name) for name in scene.written]
    named = any(f" {name} " in f" {fold(line)} " for name in names) or scene.memory.name_spans(line)
    if named or forgotten.run_spans(line, scene.runs):
        raise GlosaError(
            "--reason", "it holds the name, or words that go.", "a reason that names nobody.",
            'Say, for example: --reason "asked by e-mail on 3 May"',
        )  # fmt: skip
    return tombstone.model_copy(update={"reason": line})


def _refuse_without_units(study: Study) -> None:
    """Sheets and samples know units by their ids, so without the table nobody could say which rows go."""
    if rounds.known(study) and not (study.processed / "units.parquet").is_file():
        raise GlosaError(
            study.processed / "units.parquet", "there are samples, but no units.", "a run as far as `segment`.",
            "Run: glosa run --until segment",
        )  # fmt: skip


def _refuse_named_files(study: Study, memory: Memory) -> None:
    """The names of captures stand in every table; one that holds the name would bring it back."""
    for path in study.captures():
        if memory.name_spans(path.relative_to(study.raw).as_posix()):
            raise GlosaError(
                path, "the name of the file holds the name.", "names of captures that name nobody.",
                "Rename the file, say to interview-3, run glosa run, and forget the voice then.",
            )  # fmt: skip


def _others(scene: Scene) -> Iterator[str]:
    """Yield the ids, as they will be, of passages that stay and hold five words or more in a row of what goes."""
    known = scene.runs
    for row in ingest.numbered(scene.after.said).itertuples():
        if forgotten.run_spans(row.text, known):
            yield row.passage_id
