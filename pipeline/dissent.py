"""How many voices take a stance on whether trust can be restored, and how many recommend nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline import estimates, stances


def counts(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return passages and voices per stance, among the distinct tips and comments in a language that has cues.

    `silent` counts the passages that hold no recommendation, in any language, and who speaks there alone: voices that
    recommend nothing anywhere.
    """
    units, passages = tables["units"], tables["passages"]
    who = estimates.voices(passages)
    spoken = passages[passages["passage_id"].isin(set(units["passage_id"]))]
    readable = spoken[spoken["language"].isin(stances.languages())]
    by_stance = {
        stance: _size(own["passage_id"], who)
        for stance in stances.STANCES
        for own in [tables["stances"][tables["stances"]["stance"] == stance]]
    }
    recommends = units.groupby("passage_id")["is_recommendation"].any()
    advising = set(who.loc[recommends.index[recommends]])
    silent = recommends.index[~recommends]
    return {
        "base": _size(readable["passage_id"], who),
        "languages": sorted(set(readable["language"])),
        "stances": by_stance,
        "silent": {"n_passages": len(silent), "n_voices": len(set(who.loc[silent]) - advising)},
        "n_voices": int(who.loc[spoken["passage_id"]].nunique()),
    }


def _size(passage_ids: pd.Series, who: pd.Series) -> dict[str, int]:
    return {"n_passages": len(passage_ids), "n_voices": int(who.loc[passage_ids].nunique())}
