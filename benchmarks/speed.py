"""Time both profiles of the coder on the sentences of hand b, none seen before; add what was found to the figures.

The best of some runs is taken, since other work on the machine can only slow a run down.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks import coder_figures, hands
from pipeline.engines import coder, e5, encoder, recommender, shipped, tuned
from pipeline.engines.cache import CachedEncoder

WARM_UP, RUNS = 8, 3


def seconds(profile: str, texts: list[str], languages: list[str], cache: Path) -> float:
    """Return the seconds of encoding, judging and coding the texts, models already loaded."""
    embed = CachedEncoder(encoder.embedded(), cache)
    second = tuned.Tuned(CachedEncoder(e5.E5Encoder(tuned=True), cache)) if profile == shipped.ACCURATE else None
    judge = coder.load(hands.codebook(), embed, second)
    judge.probabilities(embed.encode(texts[:WARM_UP]), texts[:WARM_UP])
    begun = time.perf_counter()
    vectors = embed.encode(texts)
    recommender.probabilities(vectors, texts, languages, second)
    judge.probabilities(vectors, texts)
    return time.perf_counter() - begun


def main() -> None:
    """Time, write, print."""
    sentences = hands.read(hands.HELD_OUT)
    texts, languages = [s.text for s in sentences], [s.language for s in sentences]
    figures = shipped.read_json(coder_figures.FIGURES)
    for profile in (shipped.FAST, shipped.ACCURATE):
        runs = []
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(seconds(profile, texts, languages, Path(folder) / "vectors.sqlite"))
        figures[profile]["speed"] = {
            "units": len(texts) - WARM_UP,
            "units_per_second": round((len(texts) - WARM_UP) / min(runs)),
            "runs": RUNS,
            "cores": os.cpu_count(),
        }
        print(profile, json.dumps(figures[profile]["speed"]))
    hands.write(coder_figures.FIGURES, figures)


if __name__ == "__main__":
    main()
