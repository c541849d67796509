from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.engines import sentences

PIECES = st.sampled_from(
    ["Pide perdón", "e.g.", "p. ej.", "Dr. ", ". ", "… ", "?", "! ", "\n", "1. ", "2) ", "“", "”", " – Ana Ruiz ", "🙏",
     " y ", "3.5", "www.a.org", "z. B.", "İ", "«", "»", "()", "EE. UU.", "no.", "\u202f"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join), st.sampled_from(["es", "en", "pt", "fr", "de", "it", "nl", "und"]))
@example("", "en")
@example("...", "en")
def test_spans_are_trimmed_ordered_and_lose_no_word(text: str, language: str) -> None:
    (spans,) = sentences.split([text], [language])
    previous, covered = 0, []
    for start, end in spans:
        assert previous <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        covered.append(text[start:end])
        previous = end
    kept = "".join("".join(covered).split())
    assert kept == "".join(text.split())
