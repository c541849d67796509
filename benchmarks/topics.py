"""Compare ways to find topics, and time the one that ships; print tables, and write them to `benchmarks/topics.md`.

Usage: python -m benchmarks.topics [FOLDER], or make bench-topics SIB=FOLDER. FOLDER holds SIB-200 (see
`benchmarks/sib200.py`): 3,012 sentences in three languages, 7 subjects. Without it only the project's own sentences are
used: those of the training hands that recommend something and have one code, with that code as their subject. What
could be chosen (that two encoders count alike, 50 dimensions, 50 members) was chosen on these, not on SIB-200. The file
is written only where both were measured.

Printed for every way: topics, coverage, normalised mutual information with the subjects among assigned units, the same
with unassigned units as a topic of their own, with the language, and how far a second run on shuffled rows and with
another seed, where there is one, agrees (adjusted Rand index).
"""

from __future__ import annotations

import csv
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score
from sklearn.mixture import GaussianMixture

from benchmarks import hands
from pipeline.engines import levelled, topics
from pipeline.manifest import SEED

MIN_SIZE, MARGIN, MOST = 5, 0.05, 15
NAMES = {"eng": "en", "spa": "es", "por": "pt"}
Way = Callable[["Corpus", np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Corpus:
    """Sentences with subject and language, and their vectors: of the embedded encoder, and of both together."""

    name: str
    texts: list[str]
    languages: list[str]
    subjects: list[str]
    one: np.ndarray
    both: np.ndarray


def corpus(name: str, texts: list[str], languages: list[str], subjects: list[str]) -> Corpus:
    """Embed sentences, with the cache of the training sentences."""
    one = hands.embedded().encode(texts)
    views = [levelled.by_language(view, languages) for view in (one, hands.plain().encode(texts))]
    return Corpus(name, texts, languages, subjects, one, np.hstack(views) / np.float32(2**0.5))


def own() -> Corpus:
    """Return the project's own recommendations that have one code."""
    chosen = [s for s in hands.read(*hands.TRAINING, hands.VALIDATION) if s.recommendation and len(s.codes) == 1]
    return corpus("own", [s.text for s in chosen], [s.language for s in chosen], [s.codes[0] for s in chosen])


def sib200(folder: Path) -> Corpus:
    """Return SIB-200."""
    texts, languages, subjects = [], [], []
    for file, language in NAMES.items():
        with (folder / f"{file}.tsv").open(encoding="utf-8", newline="") as opened:
            for row in csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE):
                texts.append(row["text"])
                languages.append(language)
                subjects.append(row["category"])
    return corpus("sib200", texts, languages, subjects)


def shipped(vectors: str) -> Way:
    """Return what ships, on one encoder or both."""

    def way(of: Corpus, rows: np.ndarray, seed: int) -> np.ndarray:
        del seed
        order = np.argsort(rows)  # the stage puts rows into canonical order
        views = of.both if vectors == "both" else levelled.by_language(of.one, of.languages)
        found = topics.fit([of.texts[i] for i in rows[order]], views[rows[order]], MIN_SIZE, MARGIN)
        labels = np.empty(len(rows), dtype=int)
        labels[order] = found.topics
        return labels

    return way


def umap_hdbscan(of: Corpus, rows: np.ndarray, seed: int) -> np.ndarray:
    """BERTopic's default: UMAP to five dimensions, then HDBSCAN."""
    import umap

    reducer = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    return HDBSCAN(min_cluster_size=10, copy=True).fit_predict(reducer.fit_transform(of.one[rows]))


def pca_hdbscan(of: Corpus, rows: np.ndarray, seed: int) -> np.ndarray:
    """Principal components, then HDBSCAN."""
    reduced = PCA(20, random_state=seed).fit_transform(of.one[rows])
    return HDBSCAN(min_cluster_size=10, copy=True).fit_predict(reduced)


def k_means(of: Corpus, rows: np.ndarray, seed: int) -> np.ndarray:
    """Spherical k-means, k with the highest silhouette."""
    vectors = of.one[rows]
    fits = [KMeans(k, n_init=3, random_state=seed).fit_predict(vectors) for k in range(2, MOST + 1)]
    return max(
        fits, key=lambda labels: silhouette_score(vectors, labels, metric="cosine", sample_size=2_000, random_state=0)
    )


def mixture(of: Corpus, rows: np.ndarray, seed: int) -> np.ndarray:
    """A mixture of Gaussians on principal components, k by BIC."""
    reduced = PCA(20, random_state=seed).fit_transform(of.one[rows])
    fits = [GaussianMixture(k, covariance_type="diag", n_init=2, random_state=seed) for k in range(2, MOST + 1)]
    best = min((fit.fit(reduced) for fit in fits), key=lambda fit: fit.bic(reduced))
    return best.predict(reduced)


def evoc(of: Corpus, rows: np.ndarray, seed: int) -> np.ndarray:
    """EVoC (in the extra `bench`)."""
    from evoc import EVoC

    return np.asarray(EVoC(random_state=seed).fit_predict(of.one[rows]))


WAYS: dict[str, Way] = {
    "UMAP + HDBSCAN": umap_hdbscan,
    "PCA + HDBSCAN": pca_hdbscan,
    "spherical k-means, k by silhouette": k_means,
    "Gaussian mixture, k by BIC": mixture,
    "EVoC": evoc,
    "consensus, one encoder (fast)": shipped("one"),
    "consensus, two encoders (accurate)": shipped("both"),
}


HEAD = """
| Way | topics | coverage | NMI | NMI, all | NMI, language | again | CPU s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


def measure(of: Corpus) -> Iterator[str]:
    """Yield the table of all ways on one corpus, line by line."""
    yield f"\n## {of.name}: {len(of.texts):,} sentences, {len(set(of.subjects))} subjects"
    yield HEAD
    rows = np.arange(len(of.texts))
    shuffled = np.random.default_rng(SEED).permutation(rows)
    for name, way in WAYS.items():
        started = time.process_time()
        try:
            found = way(of, rows, SEED)
        except ImportError as error:
            yield f"| {name} | not installed: {error.name} |" + " |" * 6
            continue
        seconds = time.process_time() - started
        again = np.empty_like(found)
        again[shuffled] = way(of, shuffled, SEED + 1)
        inside = found >= 0
        subjects, languages = np.asarray(of.subjects), np.asarray(of.languages)
        nmi = normalized_mutual_info_score
        same = adjusted_rand_score(found, again)
        if not inside.any():
            yield f"| {name} | 0 | 0.000 | – | – | – | {same:.3f} | {seconds:.1f} |"
            continue
        shares = f"{nmi(subjects[inside], found[inside]):.3f} | {nmi(subjects, found):.3f}"
        language = f"{nmi(languages[inside], found[inside]):.4f}"
        n = len(set(found[inside]))
        yield f"| {name} | {n} | {inside.mean():.3f} | {shares} | {language} | {same:.3f} | {seconds:.1f} |"


def sampled(of: Corpus, n: int = 10_000, size: int = 8_000) -> str:
    """Say how far topics of a sample agree with those of the full fit, on `n` noisy copies of the sentences."""
    draws = np.random.default_rng(SEED)
    source = draws.integers(0, len(of.texts), n)
    noisy = of.both[source] + draws.normal(scale=0.5 / of.both.shape[1] ** 0.5, size=(n, of.both.shape[1]))
    vectors = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
    texts = [of.texts[i] for i in source]
    whole = topics.fit(texts, vectors, MIN_SIZE, MARGIN, size=n)
    part = topics.fit(texts, vectors, MIN_SIZE, MARGIN, size=size)
    both = (whole.topics >= 0) & (part.topics >= 0)
    among_both = adjusted_rand_score(whole.topics[both], part.topics[both])
    return (
        f"\n{of.name}: {n:,} noisy copies, a sample of {size:,} against all: {part.k} and {whole.k} topics, adjusted "
        f"Rand index {among_both:.3f} among units that both assign ({both.mean():.3f}), "
        f"{adjusted_rand_score(whole.topics, part.topics):.3f} with the unassigned as a topic"
    )


def report(corpora: Sequence[Corpus]) -> Iterator[str]:
    """Yield all tables, line by line."""
    yield "# Ways to find topics, compared"
    yield "\nWritten by `make bench-topics`; what the columns mean stands in `topics.py`."
    for of in corpora:
        yield from measure(of)
        yield sampled(of)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    corpora = [own(), *([sib200(Path(sys.argv[1]))] if len(sys.argv) > 1 else [])]
    lines = []
    for line in report(corpora):
        print(line, flush=True)
        lines.append(line)
    if len(corpora) > 1:
        Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
