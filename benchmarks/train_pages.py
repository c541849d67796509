"""Train the judge of pages (furniture, and where the head ends); print how it does on pages left out.

Run with `make train-pages`. It learns from the labelled captures that were looked at, from `roles.jsonl`, and from
variants of both (`page_variants.py`). Pages are left out in five groups, with all their variants; `make bench-ingest`
measures the shipped judge end to end, and on captures that nobody had looked at where there are any.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.captures import captures  # noqa: E402
from benchmarks.page_variants import Page, signed, stock, thinned, variant, with_list  # noqa: E402
from pipeline import readers, roles  # noqa: E402
from pipeline.engines import encoder, furniture, page_head  # noqa: E402
from pipeline.engines import pages as pages_engine  # noqa: E402
from pipeline.stages.ingest import lines_of, with_voices  # noqa: E402
from tests.builders import build  # noqa: E402

GROUPS = 5
_FURNITURE_COPIES, _HEAD_COPIES, _LISTS, _SIGNED = 6, 5, 0.3, 0.15
_MAX_VOICES = 8
_C = 1.0
HEADS = ROOT / "pipeline" / "engines" / "heads"
THRESHOLDS, MARGINS = (0.6, 0.7, 0.8), (0.5, 1.0)
Head = dict[str, Any]
Figures = Counter[tuple[str, str]]
VECTORS: dict[str, np.ndarray] = {}


def pages() -> list[Page]:
    """Return every labelled page as its reader cuts it."""
    found = []
    for capture in captures("seen"):
        if capture["shape"] == "page":
            name, content = build(capture)
            labels: dict[str, list[str]] = {}
            for block in capture["blocks"]:
                labels.setdefault("".join(block["text"].split()), []).append(block["role"])
            (document,) = map(with_voices, readers.read(content, PurePath(name)))
            found.append(labelled(capture["name"], document, labels))
    for case in (ROOT / "tests" / "cases" / "roles.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(case)
        text = "\n".join(line["text"] for line in page["lines"])
        (document,) = readers.read(text.encode(), PurePath("page.txt"))
        found.append(Page(page["name"], tuple(lines_of(document)), tuple(line["role"] for line in page["lines"])))
    return found


def labelled(name: str, document: readers.Document, labels: dict[str, list[str]]) -> Page:
    """Return a document's lines with their labels, the same words in the order of the page."""
    lines = tuple(lines_of(document))
    queues = [labels.get("".join(line.text.split()), []) for line in lines]
    return Page(name, lines, tuple((q.pop(0) if len(q) > 1 else q[0]) if q else None for q in queues))


class Known:
    """The embedded encoder, each text embedded once."""

    key = encoder.embedded().key

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors."""
        model = encoder.embedded()
        missing = sorted({text for text in texts if text not in VECTORS})
        if missing:
            VECTORS.update(zip(missing, model.encode(missing), strict=True))
        return np.stack([VECTORS[text] for text in texts])


def furniture_rows(page: Page, model: Known) -> tuple[np.ndarray, list[str]]:
    """Return input and roles of the lines of a page that are judged."""
    known = roles.furniture_of(page.lines)
    places = [i for i, line in enumerate(page.lines) if page.roles[i] and not known[i] and furniture.is_candidate(line)]
    if not places:
        return np.empty((0, 0)), []
    return furniture.design(page.lines, known, places, model), [str(page.roles[i]) for i in places]


def head_rows(page: Page, model: Known) -> tuple[np.ndarray, list[str]]:
    """Return input and roles of the lines of a page's head and of its first voices."""
    if any(line.hint == "comment" for line in page.lines):
        return np.empty((0, 0)), []
    own = page_head.outline(page.lines, [role == roles.NAVIGATION for role in page.roles])
    if not own or all(page.lines[i].hint == "bullet" for i in own):
        return np.empty((0, 0)), []
    judged, x = page_head.design(page.lines, own, model)
    first, kept, voices = page.voices[0], [], 0
    for row, i in enumerate(judged):
        role = page.roles[i]
        voices += role == roles.COMMENT
        if role and (i < first or role == roles.COMMENT) and voices <= _MAX_VOICES:
            kept.append((row, role))
    return x[[row for row, _ in kept]], [role for _, role in kept]


def table(rows: Any, found: list[Page], model: Known) -> tuple[np.ndarray, np.ndarray]:
    """Return input and roles of many pages."""
    parts = [part for page in found if (part := rows(page, model))[1]]
    return np.vstack([x for x, _ in parts]), np.concatenate([labels for _, labels in parts])


def varied(found: list[Page], seed: int) -> tuple[list[Page], list[Page]]:
    """Return pages with their variants: for furniture, and for the head."""
    rng, lines = random.Random(seed), stock()
    about_furniture = [variant(page, rng, lines) for page in found for _ in range(_FURNITURE_COPIES)]
    about_heads = []
    for page in found:
        for _ in range(_HEAD_COPIES):
            other = thinned(variant(page, rng, lines), rng)
            other = with_list(other, rng, lines) if rng.random() < _LISTS else other
            about_heads.append(signed(other, rng) if rng.random() < _SIGNED else other)
    return found + about_furniture, found + about_heads


def fit(found: list[Page], model: Known) -> tuple[LogisticRegression, LogisticRegression]:
    """Train both regressions."""
    about_furniture, about_heads = varied(found, seed=1)
    x, y = table(furniture_rows, about_furniture, model)
    first = LogisticRegression(C=_C, max_iter=5000, tol=1e-7).fit(x, y == roles.NAVIGATION)
    x, y = table(head_rows, about_heads, model)
    places = np.array([page_head.CLASSES.index(role) for role in y])
    return first, LogisticRegression(C=_C, max_iter=5000, tol=1e-7).fit(x, places)


def heads(found: list[Page], model: Known) -> tuple[Head, Head]:
    """Return the weights of both regressions, with the least strict threshold and margin."""
    first, second = fit(found, model)
    return (
        {"threshold": THRESHOLDS[0], "intercept": float(first.intercept_[0]), "weights": first.coef_[0].tolist()},
        {"margin": MARGINS[0], "intercepts": second.intercept_.tolist(), "weights": second.coef_.tolist()},
    )


def lost(
    pairs: list[tuple[Page, tuple[Head, Head]]], model: Known, threshold: float, margin: float, show: bool = False
) -> Figures:
    """Return, for pages with weights that never saw them, how often each role was read as each."""
    figures: Figures = Counter()
    for page, (first, second) in pairs:
        weights = first | {"model": model.key, "threshold": threshold}, second | {"model": model.key, "margin": margin}
        read = roles.assign(page.lines, True, pages_engine.Judge(lambda: model, weights))
        told = list(zip(page.roles, read, page.lines, strict=True))
        figures.update((label, role) for label, role, _ in told if label)
        if show:
            print(*(f"{page.name}: {a} read as {b}: {line.text[:80]}" for a, b, line in told if a and a != b), sep="\n")
    return figures


def voices_lost(figures: Figures) -> int:
    """Return how many comments were read as something else."""
    return sum(count for (label, role), count in figures.items() if label == roles.COMMENT != role)


def summary(figures: Figures) -> str:
    """Return how many of each role were read as that role."""
    names = sorted({label for label, _ in figures})
    totals = {name: sum(count for (label, _), count in figures.items() if label == name) for name in names}
    return ", ".join(f"{name} {figures[name, name]}/{totals[name]}" for name in names)


def main() -> None:
    """Leave pages out by group, choose threshold and margin, train on all pages, write both heads."""
    model, found = Known(), pages()
    pairs: list[tuple[Page, tuple[Head, Head]]] = []
    for group in range(GROUPS):
        weights = heads([page for i, page in enumerate(found) if i % GROUPS != group], model)
        pairs += [(page, weights) for page in found[group::GROUPS]]
    tried = {(t, m): lost(pairs, model, t, m) for m in MARGINS for t in THRESHOLDS}
    threshold, margin = min(tried, key=lambda pair: voices_lost(tried[pair]))
    print(*(f"threshold {t}, margin {m}: {summary(figures)}" for (t, m), figures in tried.items()), sep="\n")
    figures = lost(pairs, model, threshold, margin, show=True)
    told = {f"{label} read as {role}": count for (label, role), count in sorted(figures.items())}
    about = {"model": model.key, "pages": len(found), "left_out": told}
    first, second = heads(found, model)
    _write("furniture.json", about | {"form": list(furniture.FORM)} | first | {"threshold": threshold})
    _write("page_head.json", about | {"form": list(page_head.FORM)} | second | {"margin": margin})
    print(json.dumps(told | {"threshold": threshold, "margin": margin}, indent=1))


def _write(name: str, head: dict[str, Any]) -> None:
    rounded = {key: np.round(head[key], 4).tolist() for key in ("intercept", "intercepts", "weights") if key in head}
    (HEADS / name).write_text(json.dumps(head | rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
