"""Train the regression that tells translated copies from agreement; print its weights and how it does left out.

Usage: python -m benchmarks.train_translations [--tatoeba DIR]. It learns from the even pairs of `translations.jsonl`
and from pairs of neighbours among the labelled captures that were looked at; the odd pairs are only measured.
With a folder of Tatoeba's test pairs (`spa-eng.spa` …) it also prints what the shipped weights find there among all
pairs of sentences: single sentences, without voices or neighbours that say the same.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.captures import end_of, matched, tables, target_of
from benchmarks.ingest import cases
from pipeline import translations
from pipeline.engines import encoder, sentences
from pipeline.translations import Candidate

_C, _NEIGHBOURS, _LEAST = 100.0, 3, 0.45
GROUPS, ODD = 5, 1
Pair = tuple[Candidate, Candidate]


def candidates(texts: list[str], languages: list[str], voices: list[str | None]) -> list[Candidate]:
    """Return passages as deduplication sees them."""
    spans = sentences.split(texts, languages)
    parts = [tuple(text[start:end] for start, end in own) for text, own in zip(texts, spans, strict=True)]
    flat = [part for own in parts for part in own]
    vectors, place, found = encoder.embedded().encode(flat), 0, []
    for i, own in enumerate(parts):
        found.append(Candidate(str(i), languages[i], own, vectors[place : place + len(own)], voices[i]))
        place += len(own)
    return found


def labelled_pairs() -> list[tuple[Pair, bool, int]]:
    """Return the pairs of `translations.jsonl`, whether each is a copy, and its group."""
    rows = cases("translations")
    texts = [row[key] for row in rows for key in "ab"]
    languages = [row[f"language_{key}"] for row in rows for key in "ab"]
    made = candidates(texts, languages, [None] * len(texts))
    return [((made[2 * i], made[2 * i + 1]), bool(row["kind"]), i % 2) for i, row in enumerate(rows)]


def captured_pairs() -> list[tuple[Pair, bool, int]]:
    """Return pairs of neighbours among the captures' tips and comments, whether each is a copy, and its group."""
    with tempfile.TemporaryDirectory() as folder:
        found = tables("seen", Path(folder))
    rows = list(matched("seen", found))
    truth = {key: target_of(key, block) for key, block, _ in rows if block.get("copy_of")}
    aside = set(found["duplicates"].loc[found["duplicates"]["kind"] != "translation", "passage_id"])
    kept: list[tuple[str, Any]] = [
        (key, passage)
        for key, _, passage in rows
        if passage is not None and passage.role in {"tip", "comment"} and passage.passage_id not in aside
    ]
    kept = [(key, p) for key, p in kept if translations.eligible(p.text, p.language)]
    voices = [p.voice if isinstance(p.voice, str) else None for _, p in kept]
    made = candidates([p.text for _, p in kept], [p.language for _, p in kept], voices)
    files = sorted({key.split("/")[0] for key, _ in kept})
    group = [2 + files.index(key.split("/")[0]) % (GROUPS - 2) for key, _ in kept]
    return [
        ((made[i], made[j]), end_of(kept[i][0], truth) == end_of(kept[j][0], truth), group[i])
        for i, j in neighbours(made)
    ]


def neighbours(made: list[Candidate]) -> list[tuple[int, int]]:
    """Return pairs in two languages of which each is among the other's nearest."""
    means, languages = np.stack([c.mean for c in made]), np.array([c.language for c in made])
    found = []
    for own in sorted(set(languages)):
        for other in sorted(set(languages)):
            rows, columns = np.flatnonzero(languages == own), np.flatnonzero(languages == other)
            if own < other and len(rows) and len(columns):
                table = means[rows] @ means[columns].T
                by_row = np.argsort(-table, axis=1, kind="stable")[:, :_NEIGHBOURS]
                by_column = np.argsort(-table, axis=0, kind="stable")[:_NEIGHBOURS]
                found += [
                    (int(rows[i]), int(columns[j]))
                    for i in range(len(rows))
                    for j in by_row[i]
                    if i in by_column[:, j] and table[i, j] >= _LEAST
                ]
    return found


def fit(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return the intercept and the weights for features as they are."""
    middle, spread = x.mean(axis=0), x.std(axis=0)
    model = LogisticRegression(C=_C, max_iter=5000).fit((x - middle) / spread, y)
    weights = model.coef_[0] / spread
    return [float(model.intercept_[0] - weights @ middle), *weights.tolist()]


def shown(pairs: list[tuple[Pair, bool, int]], accepted: list[bool], name: str) -> str:
    """Return one line: recall and precision."""
    copies = [is_copy for (_, is_copy, _) in pairs]
    right = sum(a and c for a, c in zip(accepted, copies, strict=True))
    return f"{name:34s} recall {right}/{sum(copies)}  precision {right}/{sum(accepted)}"


def judged(pairs: list[tuple[Pair, bool, int]], weights: Sequence[float]) -> list[bool]:
    """Tell which pairs are taken for copies with these weights."""
    return [
        all(translations.eligible(" ".join(c.parts), c.language) for c in pair)
        and translations.likeness(*pair, weights) is not None
        for pair, _, _ in pairs
    ]


def tatoeba(folder: Path) -> None:
    """Print what is found among all sentences of two languages."""
    for own, code in (("spa", "es"), ("por", "pt")):
        files = [folder / f"{own}-eng.{language}" for language in (own, "eng")]
        texts = [file.read_text(encoding="utf-8").splitlines() for file in files]
        both = [text for side in texts for text in side]
        languages = [code] * len(texts[0]) + ["en"] * len(texts[1])
        long_enough = [i for i, text in enumerate(both) if translations.eligible(text, languages[i])]
        made = candidates([both[i] for i in long_enough], [languages[i] for i in long_enough], [None] * len(both))
        found = [(long_enough[i], long_enough[j]) for i, j, _ in translations.find(made)]
        n = len(texts[0])
        whole = {i for i in long_enough if len(both[i].split()) >= translations.FEW_WORDS}
        eligible = sum(i + n in whole for i in whole)
        right = [i for i, j in found if j - i == n]
        recall = sum(i in whole and i + n in whole for i in right)
        print(
            f"Tatoeba {own}-eng: recall {recall}/{eligible} of pairs of {translations.FEW_WORDS} words or more, ",
            end="",
        )
        print(f"precision {len(right)}/{len(found)} of all")


def main() -> None:
    """Leave groups out, train on all but the odd pairs, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tatoeba", type=Path, help="folder with spa-eng.spa, spa-eng.eng, por-eng.por, por-eng.eng")
    options = parser.parse_args()
    pairs = labelled_pairs() + captured_pairs()
    usable = [
        translations.same_structure(*pair) and min(c.words for c in pair) >= translations.FEW_WORDS
        and not (pair[0].voice and pair[1].voice and pair[0].voice != pair[1].voice)
        for pair, _, _ in pairs
    ]  # fmt: skip
    x = np.array([translations.features(*pair) for pair, _, _ in pairs])
    y = np.array([is_copy for _, is_copy, _ in pairs])
    groups = np.array([group for _, _, group in pairs])
    trained = np.array(usable) & (groups != ODD)
    left_out: list[bool] = []
    order: list[int] = []
    for group in range(GROUPS):
        weights = fit(x[trained & (groups != group)], y[trained & (groups != group)])
        places = np.flatnonzero(groups == group).tolist()
        order += places
        left_out += judged([pairs[i] for i in places], weights)
    told = dict(zip(order, left_out, strict=True))
    for name, some in (("even pairs, left out", (0,)), ("odd pairs", (1,)), ("captures, left out", range(2, GROUPS))):
        places = [i for i in range(len(pairs)) if groups[i] in some]
        print(shown([pairs[i] for i in places], [told[i] for i in places], name))
    print(f"WEIGHTS = ({', '.join(f'{weight:.2f}' for weight in fit(x[trained], y[trained]))})")
    if options.tatoeba:
        tatoeba(options.tatoeba)


if __name__ == "__main__":
    main()
