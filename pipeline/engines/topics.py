"""Inductive topics with BERTopic, with deterministic parts inside it.

No UMAP and no HDBSCAN: vectors are clustered as they are, in an order that depends on their content alone,
with a fixed seed. Which clustering is used follows a ladder by corpus size: too few units are a list, some
are merged agglomeratively, many go to spherical k-means. The number of topics is the one with the highest
mean silhouette (Rousseeuw 1987).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.languages import Lexicon, lexicon
from pipeline.manifest import SEED
from pipeline.wording import words

MIN_UNITS = 15
_AGGLOMERATIVE_UP_TO = 100
# Below this many units two topics may be all there is; above, fewer than four say nothing.
_FEW_UNITS, _LEAST_TOPICS = 50, 4
_MAX_TOPICS = 15
_SILHOUETTE_SAMPLE = 2_000
_KEYWORDS = 6
_MIN_KEYWORD_LETTERS = 3


def fit(texts: Sequence[str], vectors: np.ndarray, min_size: int) -> list[int]:
    """Return the topic of every text, numbered from 0 by size, or -1; all -1 for fewer than `MIN_UNITS`.

    Args:
        texts: the units, in canonical order (the same for the same set of units).
        vectors: unit vectors, one row per text.
        min_size: a cluster of fewer texts is no topic.
    """
    if len(texts) < MIN_UNITS:
        return [-1] * len(texts)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    model = BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=_Clusters(min_size),
        vectorizer_model=CountVectorizer(analyzer=_terms),
        calculate_probabilities=False,
        verbose=False,
    )
    found, _ = model.fit_transform(list(texts), np.asarray(vectors, dtype=np.float64))
    return _by_size([int(topic) for topic in found])


def keywords(texts: Sequence[str], languages: Sequence[str], topics: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """Return, per topic and language, the words that set the topic apart within that language (class-based TF-IDF)."""
    found: dict[int, dict[str, list[str]]] = {topic: {} for topic in sorted(set(topics)) if topic >= 0}
    for language in sorted(set(languages)):
        chosen = [i for i, code in enumerate(languages) if code == language and topics[i] >= 0]
        own_topics = sorted({topics[i] for i in chosen})
        classes = [
            " ".join(_content_words(texts[i], lexicon(language)) for i in chosen if topics[i] == topic)
            for topic in own_topics
        ]
        for topic, terms in zip(own_topics, _class_tfidf(classes), strict=True):
            if terms:
                found[topic][language] = terms
    return found


def centrality(vectors: np.ndarray, topics: Sequence[int]) -> np.ndarray:
    """Return each unit's cosine with the mean of its topic, between 0 and 1; 0 for a unit without topic."""
    scores = np.zeros(len(topics))
    labels = np.asarray(topics)
    for topic in sorted(set(topics) - {-1}):
        members = labels == topic
        mean = vectors[members].mean(axis=0)
        scores[members] = vectors[members] @ mean / max(float(np.linalg.norm(mean)), 1e-12)
    rounded: np.ndarray = np.round(np.clip(scores, 0, 1), 4)
    return rounded


class _Clusters:
    """A clustering model as BERTopic expects one: `fit`, `labels_`."""

    def __init__(self, min_size: int) -> None:
        self.min_size = min_size
        self.labels_: np.ndarray = np.empty(0, dtype=int)

    def fit(self, vectors: np.ndarray, y: object = None) -> _Clusters:  # noqa: ARG002
        """Cluster the vectors; clusters under the minimal size become -1."""
        labels = cluster(vectors, self.min_size)
        sizes = np.bincount(labels)
        labels[sizes[labels] < self.min_size] = -1
        self.labels_ = labels if (labels >= 0).any() else np.zeros(len(vectors), dtype=int)
        return self


def cluster(vectors: np.ndarray, min_size: int) -> np.ndarray:
    """Return a cluster per row, with the number of clusters that has the highest silhouette."""
    distinct = len(np.unique(np.round(vectors, 5), axis=0))
    upper = min(_MAX_TOPICS, len(vectors) // min_size, math.isqrt(len(vectors)), distinct - 1)
    if upper < 2:
        return np.zeros(len(vectors), dtype=int)
    numbers = range(min(_LEAST_TOPICS if len(vectors) >= _FEW_UNITS else 2, upper), upper + 1)
    if len(vectors) <= _AGGLOMERATIVE_UP_TO:
        candidates = _agglomerative(vectors, numbers)
    else:
        candidates = [_spherical_k_means(vectors, k) for k in numbers]
    return max(candidates, key=lambda labels: (_silhouette(vectors, labels), -labels.max()))


def _agglomerative(vectors: np.ndarray, numbers: Sequence[int]) -> list[np.ndarray]:
    """Ward's merging of unit vectors, cut at every number of clusters; one tree serves all cuts."""
    from scipy.cluster.hierarchy import cut_tree, ward

    cuts = cut_tree(ward(vectors), n_clusters=list(numbers))
    return [cuts[:, i] for i in range(cuts.shape[1])]


def _spherical_k_means(vectors: np.ndarray, k: int) -> np.ndarray:
    """K-means on unit vectors; the draws come from a fixed seed over rows in canonical order."""
    from sklearn.cluster import KMeans

    labels: np.ndarray = KMeans(k, n_init=10, random_state=SEED).fit_predict(vectors)
    return labels


def _silhouette(vectors: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.metrics import silhouette_score

    step = max(1, -(-len(vectors) // _SILHOUETTE_SAMPLE))
    some, their = vectors[::step], labels[::step]
    if not 1 < len(np.unique(their)) < len(some):
        return -1.0
    return round(float(silhouette_score(some, their, metric="cosine")), 6)


def _by_size(topics: Sequence[int]) -> list[int]:
    """Number topics by size, and among equals by their first member."""
    first: dict[int, int] = {}
    for i, topic in enumerate(topics):
        first.setdefault(topic, i)
    sizes = {topic: list(topics).count(topic) for topic in first if topic >= 0}
    order = sorted(sizes, key=lambda topic: (-sizes[topic], first[topic]))
    number = {topic: i for i, topic in enumerate(order)} | {-1: -1}
    return [number[topic] for topic in topics]


def _content_words(text: str, known: Lexicon) -> str:
    return " ".join(
        word
        for word in words(text)
        if word not in known.stop
        and word not in known.negators
        and len(word) >= _MIN_KEYWORD_LETTERS
        and word.isalpha()
    )


def _terms(text: str) -> list[str]:
    """Return a text's words, and one sign more: BERTopic's weighting fails on a vocabulary of one or none."""
    return [*words(text), "¶"]


def _class_tfidf(classes: Sequence[str]) -> list[list[str]]:
    """Return the best terms of every class; a class without words has none."""
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(text.split() for text in classes):
        return [[] for _ in classes]
    counter = CountVectorizer(token_pattern=r"(?u)\b\w+\b")
    counts = counter.fit_transform(classes)
    terms = counter.get_feature_names_out()
    if len(terms) == 1:  # the transformer fails on a single column
        return [[str(terms[0])] if count else [] for count in counts.toarray()[:, 0]]
    weights: Any = ClassTfidfTransformer().fit_transform(counts).toarray()
    best = []
    for row in np.round(weights, 9):
        order = sorted(np.flatnonzero(row > 0), key=lambda j: (-row[j], terms[j]))
        best.append([str(terms[j]) for j in order[:_KEYWORDS]])
    return best
