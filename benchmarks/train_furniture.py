"""Train the regression that knows page furniture; print how it does on captures left out one at a time.

Run with `make train-furniture`. Only the half of the labelled captures that was looked at trains it, with the pages of
`roles.jsonl`; `make bench-ingest` measures it on the fresh half.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePath

import numpy as np
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.captures import captures  # noqa: E402
from pipeline import readers  # noqa: E402
from pipeline.engines import encoder, furniture  # noqa: E402
from pipeline.roles import Line  # noqa: E402
from pipeline.stages.ingest import with_voices  # noqa: E402
from tests.builders import build  # noqa: E402

_C = 2.0
_MAX_LOST = 1 / 200
Page = tuple[list[Line], list[str | None]]


def pages() -> list[Page]:
    """Return the lines of every labelled page and their roles; None for a line without a label."""
    found = []
    for capture in captures("seen"):
        if capture["shape"] == "page":
            name, content = build(capture)
            roles = {"".join(block["text"].split()): block["role"] for block in capture["blocks"]}
            for document in map(with_voices, readers.read(content, PurePath(name))):
                lines = [Line(document.text[b.start : b.end], b.hint, b.voice is not None) for b in document.blocks]
                found.append((lines, [roles.get("".join(line.text.split())) for line in lines]))
    for case in (ROOT / "tests" / "cases" / "roles.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(case)["lines"]
        (document,) = readers.read("\n".join(line["text"] for line in page).encode(), PurePath("page.txt"))
        lines = [Line(document.text[b.start : b.end], b.hint) for b in document.blocks]
        found.append((lines, [line["role"] for line in page]))
    return found


def table(found: list[Page]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return input, whether furniture, the page's number, and the roles, of all labelled candidates."""
    model = encoder.embedded()
    inputs, owners, roles = [], [], []
    for number, (lines, labels) in enumerate(found):
        places = [i for i, line in enumerate(lines) if labels[i] and furniture.is_candidate(line)]
        if places:
            inputs.append(furniture.design(lines, places, model))
            owners += [number] * len(places)
            roles += [str(labels[i]) for i in places]
    return np.vstack(inputs), np.array([r == "navigation" for r in roles]), np.array(owners), roles


def main() -> None:
    """Train, choose the threshold, write the head."""
    x, y, owners, roles = table(pages())
    p = np.empty(len(y))
    for page in sorted(set(owners.tolist())):
        out = owners == page
        p[out] = _fit(x[~out], y[~out]).predict_proba(x[out])[:, 1]
    comments = np.array([role in {"comment", "tip"} for role in roles])
    grid = np.arange(0.5, 0.96, 0.05)
    threshold = next((t for t in grid if (p[comments] >= t).mean() <= _MAX_LOST), grid[-1])
    model = _fit(x, y)
    head = {
        "model": encoder.embedded().key,
        "form": list(furniture.FORM),
        "trained_on": len(y),
        "pages": len(set(owners.tolist())),
        "threshold": round(float(threshold), 2),
        "left_out": {
            "furniture_found": [int((p[y] >= threshold).sum()), int(y.sum())],
            "comments_and_tips_lost": [int((p[comments] >= threshold).sum()), int(comments.sum())],
            "prompts_lost": [int((p[~y & ~comments] >= threshold).sum()), int((~y & ~comments).sum())],
        },
        "intercept": round(float(model.intercept_[0]), 5),
        "weights": np.round(model.coef_[0], 4).tolist(),
    }
    file = ROOT / "pipeline" / "engines" / "heads" / "furniture.json"
    file.write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in head.items() if key != "weights"}, indent=1))


def _fit(x: np.ndarray, y: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=_C, max_iter=5000, tol=1e-8).fit(x, y)


if __name__ == "__main__":
    main()
