"""A theme coder for any codebook: it learns from what the codebook says, and from sentences that people have coded.

Per theme a ridge regression on the vectors of each encoder; its decision is the mean over the encoders. Vectors are
taken from the mean of what teaches, since an encoder's sentences all lie in one narrow cone. Three kinds of sentences
teach. What the codebook says of a theme (examples, inclusions, definition, in every language) is positive for it and
negative for the others, and together weighs no more than a fixed number of sentences. A coded sentence weighs one. And
units of the study that nobody has coded teach a little: those which the coder so taught puts most clearly under one
theme (self-training: Scudder, IEEE Trans. Inf. Theory 1965; Yarowsky, ACL 1995), the less the more people have coded.

Decision values become probabilities by a logistic mapping (Platt: Advances in Large Margin Classifiers, 1999). It was
fitted once on the project's sentences (`heads/calibration.json`), which is an assumption for any other codebook. Coded
sentences, each judged as if it had not taught (the exact leave-one-out value of a ridge regression), correct it.

All constants were chosen on hands a, d and g of this project's sentences and on the even half of SIB-200.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.engines.encoder import Encoder
from pipeline.engines.recommender import read_json
from pipeline.study import Codebook, Theme

FROM_CODEBOOK, FROM_CODINGS = "codebook-regression", "codings-regression"
CALIBRATION = "calibration.json"
_RIDGE = 3.0
_SAID, _SAID_EACH = 30.0, 2.0  # weight of all that the codebook says of a theme, and at most of one sentence
_POOL = 1000
# Share of the pool that may teach, the lead over the next theme that it takes, a unit's weight, and the number of coded
# sentences of a theme that halve it.
_SHARE, _CLEAR, _WEIGHT, _FADING = 0.3, 0.15, 0.3, 5.0
_SLOPE_PRECISION, _SHIFT_PRECISION, _THEME_PRECISION = 1.0, 0.1, 16.0
_LONE_SLOPE, _LONE_MIDPOINT, _NEAREST = 12.0, 0.45, 3
LEAST = 5  # coded sentences from which it learns


def teaching_sentences(theme: Theme) -> list[str]:
    """Return what the codebook says of a theme, in all its languages, in a fixed order."""
    lists = [texts for field in (theme.examples, theme.include) for _, texts in sorted(field.items())]
    definitions = [text for _, text in sorted(theme.definition.items())]
    return [text for texts in lists for text in texts] + definitions


@dataclass(frozen=True)
class Mapping:
    """How decision values become probabilities: a common slope, and an intercept per theme."""

    slope: float
    intercepts: np.ndarray

    def __call__(self, decision: np.ndarray) -> np.ndarray:
        """Return probabilities of the shape of `decision`."""
        probabilities: np.ndarray = 1 / (1 + np.exp(-(self.slope * decision + self.intercepts)))
        return probabilities


@dataclass(frozen=True)
class _Lessons:
    """Sentences that teach: codes (sentences × themes, 0 to 1), weights, and which ones people coded."""

    texts: list[str]
    codes: np.ndarray
    weights: np.ndarray
    coded: np.ndarray


@dataclass(frozen=True)
class _Half:
    """What one encoder contributes: the centre of its vectors, and weights per theme, the last row the intercept."""

    centre: np.ndarray
    weights: np.ndarray

    def decision(self, vectors: np.ndarray) -> np.ndarray:
        """Return decision values (texts × themes)."""
        found: np.ndarray = _design(vectors, self.centre) @ self.weights
        return found


# Teaches again: takes coded sentences and their codes.
Again = Callable[[Sequence[str], np.ndarray], "TaughtCoder | LoneCoder"]


class TaughtCoder:
    """Regressions taught by a codebook and by coded sentences; `method` says whether by the latter too."""

    least = LEAST

    def __init__(
        self, halves: Sequence[_Half], second: Encoder | None, mapping: Mapping, method: str, again: Again
    ) -> None:
        self._halves, self._second, self._mapping, self.method = halves, second, mapping, method
        self._again = again

    def decision(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return decision values (units × themes): about 1 for a theme, -1 against it."""
        found: np.ndarray = np.mean(
            [half.decision(own) for half, own in zip(self._halves, self._views(vectors, texts), strict=True)], axis=0
        )
        return found

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × themes), rounded to 4 decimals.

        Args:
            vectors: the units' vectors from the study's encoder (units × dimensions).
            texts: the units, for the second encoder.
        """
        if not len(texts):
            return np.empty((0, self._halves[0].weights.shape[1]))
        rounded: np.ndarray = np.round(self._mapping(self.decision(vectors, texts)), 4)
        return rounded

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> TaughtCoder | LoneCoder:  # noqa: ARG002
        """Return a coder taught anew, by coded sentences as well."""
        return self._again(texts, codes)

    def _views(self, vectors: np.ndarray, texts: Sequence[str]) -> list[np.ndarray]:
        return [vectors, self._second.encode(texts)] if self._second else [vectors]


class LoneCoder:
    """A single theme has nothing to be told from: likeness to the three nearest sentences of the codebook."""

    method, least = FROM_CODEBOOK, LEAST

    def __init__(self, vectors: np.ndarray, again: Again) -> None:
        self._said, self._again = vectors.astype(np.float64), again

    def probabilities(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (units × 1), rounded to 4 decimals."""
        if not len(texts):
            return np.empty((0, 1))
        nearest = np.sort(vectors @ self._said.T, axis=1)[:, -_NEAREST:].mean(axis=1)
        rounded: np.ndarray = np.round(1 / (1 + np.exp(-_LONE_SLOPE * (nearest - _LONE_MIDPOINT))), 4)
        return rounded[:, None]

    def learned(self, vectors: np.ndarray, texts: Sequence[str], codes: np.ndarray) -> TaughtCoder | LoneCoder:  # noqa: ARG002
        """Return a coder taught anew, by coded sentences as well."""
        return self._again(texts, codes)


def fit(
    codebook: Codebook,
    encoder: Encoder,
    second: Encoder | None = None,
    sentences: Sequence[str] = (),
    codes: np.ndarray | None = None,
    units: Sequence[str] = (),
) -> TaughtCoder | LoneCoder:
    """Return a coder taught by the codebook, by coded sentences and by units that nobody has coded.

    The order of sentences and units plays no part.

    Args:
        codebook: the themes.
        encoder: the study's encoder.
        second: another encoder (`cache.plain_for`), or None for the fast profile.
        sentences: sentences that people coded.
        codes: whether each sentence has each theme (sentences × themes): booleans, or shares of people from 0 to 1. A
            row without a theme is evidence against all.
        units: units of the study; those that are among `sentences` are passed over.
    """
    again = partial(fit, codebook, encoder, second, units=units)
    lessons = _lessons(codebook, sentences, codes)
    if len(codebook.ids) == 1 and lessons.codes.min(initial=1.0) > 0:
        return LoneCoder(encoder.encode(lessons.texts), again)
    encoders = [encoder, second] if second else [encoder]
    pool = _pool(units, lessons.texts)
    vectors = [own.encode([*lessons.texts, *pool]).astype(np.float64) for own in encoders]
    n, codes, weights = len(lessons.texts), lessons.codes, lessons.weights
    centres = [_centre(own[:n], lessons) for own in vectors]
    designs = [_design(own, centre) for own, centre in zip(vectors, centres, strict=True)]
    rows, nothing = np.arange(n), np.arange(0)
    if pool and len(codebook.ids) > 1:
        decision = np.mean([own[n:] @ _ridge(own[:n], codes, weights, nothing)[0] for own in designs], axis=0)
        picked, themes = _clearest(decision)
        fading = _WEIGHT * _FADING / (_FADING + codes[lessons.coded].sum(axis=0))
        codes = np.vstack([codes, np.eye(len(codebook.ids))[themes]])
        weights, rows = np.concatenate([weights, fading[themes]]), np.concatenate([rows, n + picked])
    held = np.flatnonzero(lessons.coded)
    taught = [_ridge(own[rows], codes, weights, held) for own in designs]
    left_out = np.mean([values for _, values in taught], axis=0)
    mapping = _calibrate(left_out, lessons.codes[held], shipped_mapping(len(encoders), len(codebook.ids)))
    halves = [_Half(centre, found) for centre, (found, _) in zip(centres, taught, strict=True)]
    method = FROM_CODINGS if lessons.coded.any() else FROM_CODEBOOK
    return TaughtCoder(halves, second, mapping, method, again)


def shipped_mapping(n_encoders: int, n_themes: int) -> Mapping:
    """Return the mapping that was fitted on the project's sentences, for one encoder or two."""
    stored = read_json(CALIBRATION)["one" if n_encoders == 1 else "two"]
    return Mapping(stored["slope"], np.full(n_themes, stored["intercept"]))


def _lessons(codebook: Codebook, sentences: Sequence[str], codes: np.ndarray | None) -> _Lessons:
    said = [teaching_sentences(theme) for theme in codebook.themes]
    owner = np.repeat(np.arange(len(said)), [len(texts) for texts in said])
    each = np.array([min(_SAID / max(len(texts), 1), _SAID_EACH) for texts in said])
    people = np.zeros((0, len(said))) if codes is None else np.asarray(codes, dtype=np.float64)
    order = sorted(range(len(sentences)), key=lambda i: (sentences[i], tuple(people[i])))
    return _Lessons(
        texts=[text for texts in said for text in texts] + [sentences[i] for i in order],
        codes=np.vstack([np.eye(len(said))[owner], people[order]]),
        weights=np.concatenate([each[owner], np.ones(len(order))]),
        coded=np.arange(len(owner) + len(order)) >= len(owner),
    )


def _pool(units: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return at most `_POOL` units that teach nothing yet, drawn by their hash."""
    others = set(units) - set(known)
    return sorted(others, key=lambda text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())[:_POOL]


def _centre(vectors: np.ndarray, lessons: _Lessons) -> np.ndarray:
    """Return the mean over the themes of the mean of what the codebook says; of all that teaches for a lone theme."""
    if lessons.codes.shape[1] == 1:
        return np.asarray(vectors.mean(axis=0))
    said = lessons.codes * ~lessons.coded[:, None]
    counts = said.sum(axis=0)
    means: np.ndarray = (said.T @ vectors)[counts > 0] / counts[counts > 0][:, None]
    return np.asarray(means.mean(axis=0))


def _design(vectors: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return centred unit vectors with a column of ones."""
    centred = vectors.astype(np.float64) - centre
    length = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return np.hstack([centred / length, np.ones((len(centred), 1))])


def _ridge(x: np.ndarray, codes: np.ndarray, weights: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights (columns × themes), and decision values of the `held` sentences had each not taught.

    Positive and negative sentences of a theme weigh the same in all. Leave-one-out: Cook & Weisberg, Residuals and
    Influence in Regression, 1982; balance and centre stay those of all sentences.
    """
    found, left_out = [], []
    for code in codes.T:
        balanced, target = _balanced(code, weights)
        penalised = (x * balanced[:, None]).T @ x + _RIDGE * np.eye(x.shape[1])
        solved = np.linalg.solve(penalised, np.column_stack([x.T @ target, x[held].T]))
        leverage = np.einsum("ij,ji->i", x[held], solved[:, 1:])
        left_out.append((x[held] @ solved[:, 0] - leverage * target[held]) / (1 - leverage * balanced[held]))
        found.append(solved[:, 0])
    return np.stack(found, axis=1), np.stack(left_out, axis=1)


def _balanced(code: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights that give both sides half of the whole, and these times the target of 1 or -1."""
    sides = weights * code, weights * (1 - code)
    own, against = (side * weights.sum() / (2 * side.sum()) if side.sum() else side for side in sides)
    return own + against, own - against


def _clearest(decision: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places and themes of the units that stand out most, at most a fixed share for each theme."""
    n_themes = decision.shape[1]
    places, themes = [], []
    for theme in range(n_themes):
        lead = decision[:, theme] - np.delete(decision, theme, axis=1).max(axis=1)
        first = np.argsort(-lead, kind="stable")[: int(_SHARE * len(decision) / n_themes)]
        clear = first[lead[first] > _CLEAR]
        places.append(clear)
        themes.append(np.full(len(clear), theme))
    return np.concatenate(places), np.concatenate(themes)


def _calibrate(decision: np.ndarray, codes: np.ndarray, prior: Mapping) -> Mapping:
    """Return the most probable mapping given coded sentences, with a Gaussian prior around the shipped one.

    The slope, an intercept common to all themes, and a theme's own deviation from it each have a precision; so without
    coded sentences it stays the shipped mapping, and with few it stays near.
    """
    if not len(decision):
        return prior
    from scipy.optimize import minimize

    n_themes = decision.shape[1]
    theme = np.tile(np.arange(n_themes), len(decision))
    x = np.column_stack([decision.reshape(-1), np.ones(decision.size), np.eye(n_themes)[theme]])
    precision = np.concatenate([[_SLOPE_PRECISION, _SHIFT_PRECISION], np.full(n_themes, _THEME_PRECISION)])
    start = prior.slope * decision.reshape(-1) + prior.intercepts[theme]

    def loss(change: np.ndarray) -> tuple[float, np.ndarray]:
        z = start + x @ change
        value = (np.logaddexp(0, z) - codes.reshape(-1) * z).sum() + precision @ change**2 / 2
        return float(value), x.T @ (1 / (1 + np.exp(-z)) - codes.reshape(-1)) + precision * change

    change = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return Mapping(max(prior.slope + change[0], 0.0), prior.intercepts + change[1] + change[2:])
