"""Measure a coder taught by a codebook of another field on the subjects of SIB-200; print a table.

Usage: python -m benchmarks.sib200 FOLDER, or make bench-codebook SIB=FOLDER. FOLDER holds eng.tsv, spa.tsv and por.tsv
with the columns index_id, category and text: SIB-200 (Adelani et al., EACL 2024; github.com/dadelani/sib-200), 1,004
parallel sentences a language, 7 subjects. Nothing of it is copied; the codebook (`sib200.toml`) was written without it.

A sentence has one subject: the one with the highest probability. `units`: the coder knows the sentences that it is to
code, not their subjects, as it does in a study; without, it judges each by itself. Coded sentences are English, and the
translations of a sentence that teaches are not tested on. Sentences with an even index_id were looked at, in all
three languages, while the coder was made; so the odd half is printed as well.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.engines import cache, e5, encoder, taught
from pipeline.engines.encoder import Encoder
from pipeline.engines.levelled import Levelled
from pipeline.intervals import wilson
from pipeline.study import Codebook

LANGUAGES = ("eng", "spa", "por")
EXAMPLES, CODED, SEEDS = 3, 50, 5
ABSENT = """No SIB-200 in {folder}: it needs eng.tsv, spa.tsv and por.tsv (index_id, category, text).
They come from github.com/dadelani/sib-200, CC BY-SA 4.0; parts train, dev and test of a language, one below the other.
Then: make bench-codebook SIB=FOLDER"""


@dataclass(frozen=True)
class Tested:
    """Places that were tested, whether each got its subject, and how far probabilities are from shares on average."""

    places: np.ndarray
    right: np.ndarray
    calibration_error: float


@dataclass(frozen=True)
class Corpus:
    """Parallel sentences: texts per language, places of their subjects in the codebook, and index_id."""

    texts: dict[str, list[str]]
    subjects: np.ndarray
    index: np.ndarray


def read(folder: Path, codebook: Codebook) -> Corpus:
    """Read the languages in the order of the English file."""
    rows = {}
    for language in LANGUAGES:
        with (folder / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
            found = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            rows[language] = {int(row["index_id"]): row for row in found}
    order = list(rows["eng"])
    subjects = [codebook.ids.index(rows["eng"][i]["category"].replace("/", "-")) for i in order]
    texts = {language: [rows[language][i]["text"] for i in order] for language in LANGUAGES}
    return Corpus(texts, np.array(subjects), np.array(order))


def measure(
    corpus: Corpus,
    codebook: Codebook,
    encoders: tuple[Encoder, Encoder | None],
    language: str,
    teaching: np.ndarray,
    with_units: bool = True,
) -> Tested:
    """Test all places but the `teaching` ones, which are coded in English."""
    tested = np.setdiff1d(np.arange(len(corpus.index)), teaching)
    texts = [corpus.texts[language][i] for i in tested]
    coded = [corpus.texts["eng"][i] for i in teaching]
    codes = np.eye(len(codebook.ids), dtype=bool)[corpus.subjects[teaching]]
    coder = taught.fit(codebook, *encoders, coded, codes, texts if with_units else ())
    p = coder.probabilities(encoders[0].encode(texts), texts)
    truth = np.eye(len(codebook.ids), dtype=bool)[corpus.subjects[tested]]
    return Tested(tested, p.argmax(axis=1) == corpus.subjects[tested], calibration_error(truth, p))


def calibration_error(truth: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error over equally wide bins, all subjects together."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    inside = [place == b for b in range(bins) if (place == b).any()]
    return float(sum(abs(truth[own].mean() - probability[own].mean()) * own.mean() for own in inside))


def drawn(corpus: Corpus, seed: int) -> np.ndarray:
    """Return places of `CODED` sentences of each subject, drawn at random."""
    rng = np.random.default_rng(seed)
    subjects = [np.flatnonzero(corpus.subjects == s) for s in np.unique(corpus.subjects)]
    return np.sort(np.concatenate([rng.permutation(places)[:CODED] for places in subjects]))


def first_as_examples(corpus: Corpus, codebook: Codebook) -> tuple[Codebook, np.ndarray]:
    """Return the codebook with the first English sentences of each subject as its examples, and their places."""
    places = [np.flatnonzero(corpus.subjects == s)[:EXAMPLES] for s in range(len(codebook.ids))]
    themes = [
        theme.model_copy(update={"examples": {"en": [corpus.texts["eng"][i] for i in own]}})
        for theme, own in zip(codebook.themes, places, strict=True)
    ]
    return Codebook(themes=tuple(themes)), np.concatenate(places)


def rows(corpus: Corpus, codebook: Codebook, encoders: tuple[Encoder, Encoder | None]) -> Iterator[str]:
    """Yield the table's lines for one profile."""
    nothing = np.arange(0)
    other, used = first_as_examples(corpus, codebook)
    for language in LANGUAGES:
        yield line(corpus, f"{language}  3 examples", [measure(corpus, codebook, encoders, language, nothing)])
        alone = [measure(corpus, codebook, encoders, language, nothing, with_units=False)]
        yield line(corpus, f"{language}  3 examples, no units", alone)
        yield line(
            corpus, f"{language}  3 examples of SIB-200", [measure(corpus, other, encoders, language, nothing)], used
        )
        draws = [measure(corpus, codebook, encoders, language, drawn(corpus, seed)) for seed in range(SEEDS)]
        yield line(corpus, f"{language}  3 examples, {CODED} coded, {SEEDS} draws", draws)


def line(corpus: Corpus, name: str, draws: Sequence[Tested], without: np.ndarray | None = None) -> str:
    """Return accuracy, averaged over draws, with n of one draw and a Wilson interval; all, then the odd half."""
    cells = []
    kept = np.ones(len(corpus.index), dtype=bool)
    kept[without if without is not None else []] = False
    for wanted in (kept, kept & (corpus.index % 2 == 1)):
        shares = [draw.right[wanted[draw.places]].mean() for draw in draws]
        n = round(float(np.mean([wanted[draw.places].sum() for draw in draws])))
        low, high = wilson(float(np.mean(shares)), n)
        cells.append(f"{np.mean(shares):.3f} [{low:.3f}, {high:.3f}] n = {n:4d}")
    error = np.mean([draw.calibration_error for draw in draws])
    return f"{name:36s} {cells[0]}   odd half {cells[1]}   calibration error {error:.3f}"


def main() -> None:
    """Print the table for both profiles."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("no folder was named")
    if not all((folder / f"{language}.tsv").is_file() for language in LANGUAGES):
        sys.exit(ABSENT.format(folder=folder))
    codebook = Codebook.model_validate(tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")))
    corpus = read(folder, codebook)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "vectors.sqlite"
        embed = cache.CachedEncoder(encoder.embedded(), file)
        plain = Levelled(cache.CachedEncoder(e5.E5Encoder(tuned=False), file))
        for profile, second in (("accurate", plain), ("fast", None)):
            print(f"coding.profile = {profile!r}")
            for row in rows(corpus, codebook, (embed, second)):
                print(f"  {row}", flush=True)


if __name__ == "__main__":
    main()
