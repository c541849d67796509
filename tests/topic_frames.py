"""Topic tables by hand: four topics in two families, one of them unstable and outside the codebook."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

REFITS = 20
THEMES = ("empathy", "dialogue", "other")
LANGUAGES = {"en": (30, 20, False), "es": (18, 12, False), "pt": (6, 4, True), "fr": (6, 3, True)}
KEYWORDS: dict[int, dict[str, list[str]]] = {
    0: {"en": ["listen", "hear", "ask"], "es": ["escuchar", "oír", "preguntar"]},
    1: {"en": ["talk", "open", "door"], "es": ["hablar", "puerta"]},
    2: {"en": ["screenshot", "group", "chat"], "es": ["captura", "grupo"]},
    3: {"es": ["tiempo", "paciencia", "meses"]},
}
SIZES = (20, 18, 10, 8)
FAMILIES = {0: (0, 1), 1: (2, 3)}


def tables(**changes: Any) -> dict[str, pd.DataFrame]:
    """Return every table that topics are shown from; `changes` replace some."""
    return {
        "sources": pd.DataFrame({"source_id": ["s1"], "file": ["forum.html"]}),
        "topics": topics(),
        "topic_families": families(),
        "topic_memberships": memberships(),
        "topic_themes": pd.DataFrame(
            [
                {"topic_id": t, "theme_id": theme, "n_both": n}
                for t, counts in enumerate([(18, 2, 0), (9, 9, 0), (1, 0, 7), (0, 6, 2)])
                for theme, n in zip(THEMES, counts, strict=True)
            ]
        ),
        "topic_estimates": estimates(),
        "topic_fits": pd.DataFrame(
            {
                "k": [3, 4, 5],
                "silhouette": [0.081, 0.094, 0.079],
                "agreement": [0.71, 0.83, np.nan],
                "chosen": [False, True, False],
            }
        ),
        "topic_summary": summary(),
        "layout": layout(),
        "codings": codings(),
    } | changes


def topics() -> pd.DataFrame:
    held = [("stable", 1.0), ("stable", 0.85), ("unstable", 0.35), ("stable", 0.9)]
    crosswalk = [("inside", "empathy"), ("across", "empathy"), ("outside", "other"), ("inside", "dialogue")]
    counts = [(15, 20, 0, 0), (12, 15, 0, 3), (8, 1, 7, 2), (8, 6, 2, 0)]  # voices, coded, other, abstained
    return pd.DataFrame(
        [
            {
                "topic_id": i,
                "label": ", ".join(next(iter(words.values()))),
                "labels": labels(words),
                "family_id": next(f for f, members in FAMILIES.items() if i in members),
                "n_units": SIZES[i],
                "n_voices": counts[i][0],
                "stability": held[i][1],
                "overlap": 0.8,
                "steadiness": held[i][0],
                "crosswalk": crosswalk[i][0],
                "main_theme": crosswalk[i][1],
                "n_coded": counts[i][1],
                "n_other": counts[i][2],
                "n_abstained": counts[i][3],
                "keywords": json.dumps(words),
                "central": json.dumps({code: [f"u{i}0{2 * n + j}" for j in range(2)] for n, code in enumerate(words)}),
            }
            for i, words in KEYWORDS.items()
        ]
    )


def labels(words: dict[str, list[str]]) -> str:
    """Labels in English, Spanish and Portuguese; where a language has no words, in the next one's."""
    first = next(iter(words))
    own = {code: code if code in words else first for code in ("en", "es", "pt")}
    return json.dumps(
        {code: {"text": ", ".join(words[of]), "language": of, "made_by": "keywords"} for code, of in own.items()}
    )


def families() -> pd.DataFrame:
    words = {0: {"en": ["listen", "talk"], "es": ["escuchar", "hablar"]}, 1: {"en": ["chat", "time"]}}
    return pd.DataFrame(
        [
            {
                "family_id": i,
                "label": ", ".join(words[i]["en"]),
                "labels": labels(words[i]),
                "n_topics": 2,
                "n_units": [38, 18][i],
                "n_voices": [24, 14][i],
            }
            for i in FAMILIES
        ]
    )


def memberships() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"unit_id": f"u{t}{j:02d}", "topic_id": topic, "score": score, "assigned": topic == t, "margin": 0.5}
            for t, size in enumerate(SIZES)
            for j in range(size)
            for topic, score in ((t, 0.75), ((t + 1) % 4, 0.25))
        ]
    )


def estimates() -> pd.DataFrame:
    """Every topic has the same shares; as in the tables of a study, hidden levels have numbers, too."""
    levels = {("all", "all"): (60, 40, False), **{("language", code): of for code, of in LANGUAGES.items()}}
    levels |= {("role", "comment"): (60, 40, False), ("source", "s1"): (60, 40, False)}
    return pd.DataFrame(
        [
            {
                "topic_id": t,
                "group": group,
                "level": level,
                "n_voices": units // 6,
                "n_units": SIZES[t] * units // 60,
                "base_voices": voices,
                "base_units": units,
                "share": 0.2,
                "share_low": 0.1,
                "share_high": 0.31,
                "p": 0.04 if (t, group) == (0, "language") else None,
                "suppressed": hidden,
            }
            for t in KEYWORDS
            for (group, level), (units, voices, hidden) in levels.items()
        ]
    )


def summary(method: str = "consensus", n_eligible: int = 60, n_assigned: int = 56, **changes: Any) -> pd.DataFrame:
    row = {
        "method": method, "n_eligible": n_eligible, "n_assigned": n_assigned, "n_sample": n_eligible,
        "n_refits": REFITS, "n_hidden": 0, "leak_nmi": 0.021, "leak_chance": 0.018, "leak_high": 0.03, "leak_p": 0.31,
    }  # fmt: skip
    return pd.DataFrame([row | changes])


def layout() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    middles = np.array([[0.2, 0.2], [0.25, 0.75], [0.8, 0.3], [0.75, 0.8]])
    own = memberships().query("assigned")
    places = np.clip(middles[own["topic_id"].to_numpy()] + rng.normal(scale=0.06, size=(len(own), 2)), 0, 1)
    return pd.DataFrame({"unit_id": own["unit_id"].to_numpy(), "x": places[:, 0], "y": places[:, 1]})


def codings() -> pd.DataFrame:
    """The first unit of every topic is coded with two themes, the last one abstained."""
    rows = []
    for t, size in enumerate(SIZES):
        for j in range(size - 1):
            theme = THEMES[(t + j) % 3]
            rows.append({"unit_id": f"u{t}{j:02d}", "theme_id": theme, "score": 0.6, "assigned": True})
        rows.append({"unit_id": f"u{t}00", "theme_id": "dialogue", "score": 0.9, "assigned": True})
        rows.append({"unit_id": f"u{t}{size - 1:02d}", "theme_id": "dialogue", "score": 0.3, "assigned": False})
    return pd.DataFrame(rows)


def nothing(n_eligible: int = 9) -> dict[str, pd.DataFrame]:
    """Return the tables of a study too small for topics."""
    empty = {name: frame.iloc[:0] for name, frame in tables().items() if name.startswith("topic_")}
    alone = summary("list", n_eligible, 0, n_refits=0, leak_nmi=None, leak_chance=None, leak_high=None, leak_p=None)
    return tables(**empty | {"topics": topics().iloc[:0], "topic_summary": alone})
