"""Every column, declared once: each name has one type and one meaning in every table that has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.stances import STANCES

ROLES = ("prompt", "tip", "comment", "navigation")
ESTIMATORS = ("difference", "gold only", "not estimable", "machine-coded, uncorrected")
GRADES = ("reliable", "tentative", "descriptive", "insufficient", "undefined")
FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "percent": "share of pairs of coders that agree on a unit",
        "positive": "positive agreement: marks that both give, of all marks",
        "alpha": "Krippendorff's nominal alpha",
        "ac1": "Gwet's AC1",
        "precision": "share of the machine's marks that people give too, weighted to the corpus",
        "recall": "share of people's marks that the machine gives too, weighted to the corpus",
        "f1": "harmonic mean of precision and recall",
    }
)
STEADINESS = ("stable", "unstable", "unmeasured")
CROSSWALKS = ("inside", "across", "outside")
VARIATIONS = (
    "main",
    "near",
    "repeats",
    "without_top_voice",
    "without_top_voices",
    "without_language",
    "without_translated",
    "only_role",
    "thresholds",
)
DUPLICATE_KINDS = ("exact", "near", "truncated", "translation")
STATUSES = ("assigned", "rejected", "abstained")
REJECT_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "unknown_suffix": "no reader for this kind of file",
        "empty_file": "the file holds no text",
        "not_text": "the bytes are no text in any encoding that could be found",
        "unreadable": "the file is damaged, or is not what its suffix says",
        "identical_file": "the same bytes were captured under another name",
        "no_text_column": "no column could be taken for the text",
        "empty_cell": "the record has no text",
        "bad_record": "the record could not be parsed",
        "before_header": "a row above the records of a table that is no record",
        "other_list": "a list of records beside the longest one",
        "byline": "a contributor's name; kept as a pseudonym, not as text",
        "too_large": "more than can be read in bounded time and memory",
        "outside": "a link that leads out of data/raw",
        "no_text_layer": "the page is a picture, without a text layer",
        "quoted": "a quotation of another message",
        "attachment": "an attachment, or a frame without comments",
        "forgotten": "what a contributor said who is no longer part of the study",
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: pandas dtype, meaning (with its unit), closed vocabulary, range, whether it may be null."""

    dtype: str
    meaning: str
    values: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    nullable: bool = False


def _share(meaning: str, nullable: bool = False) -> Column:
    return Column("float64", meaning, bounds=(0.0, 1.0), nullable=nullable)


def _count(meaning: str) -> Column:
    return Column("int64", meaning, bounds=(0, float("inf")))


def _figure(name: str, meaning: str) -> dict[str, Column]:
    """Return a figure's column and those of the ends of its 95 % interval."""
    return {
        name: Column("float64", f"{meaning}, or null where undefined", bounds=(-1.0, 1.0), nullable=True),
        f"{name}_low": Column(
            "float64", f"lower end of the 95 % interval of {name}", bounds=(-1.0, 1.0), nullable=True
        ),
        f"{name}_high": Column(
            "float64", f"upper end of the 95 % interval of {name}", bounds=(-1.0, 1.0), nullable=True
        ),
    }


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "source_id": Column("str", "id of the source; depends on its bytes (and sheet), not on its name"),
        "file": Column("str", "file name as in data/raw; a sheet as name.xlsx#Sheet"),
        "format": Column("str", "format the source was read as"),
        "sha256": Column("str", "SHA-256 of the file's bytes, hexadecimal"),
        "encoding": Column("str", "character encoding the bytes were decoded from"),
        "bytes": _count("size of the file in bytes"),
        "title": Column("str", "title of the page or document, or an empty string"),
        "columns": Column("str", "columns of the table with the role each was given, as JSON; empty role: not used"),
        "locator": Column("str", "where in the source: line, record, paragraph or cell"),
        "reason": Column("str", "why it was not used", values=tuple(REJECT_REASONS)),
        "detail": Column("str", "the reason in words"),
        "passage_id": Column("str", "id of the passage; depends on its words, not on its place"),
        "start": _count("first character in sources.text, in Unicode code points from 0"),
        "end": _count("one past the last character in sources.text, in Unicode code points"),
        "role": Column("str", "what the passage is on its page", values=ROLES),
        "voice": Column("str", "pseudonym of the contributor, or null where the capture names none", nullable=True),
        "language": Column("str", "ISO 639-1 code among the study's languages, or und"),
        "language_score": _share("probability of the language among the study's languages"),
        "language_tag": Column("str", "language tag as captured, or null", nullable=True),
        "text": Column("str", "the words; equal to sources.text[start:end]"),
        "duplicate_of": Column("str", "the passage that is kept instead"),
        "kind": Column("str", "kind of repetition", values=DUPLICATE_KINDS),
        "similarity": _share("likeness of the two wordings, 1 for identical after folding"),
        "found_as": Column("str", "kind of repetition that the machine had found, or an empty string"),
        "verdict": Column("str", "what a person says of the pair", values=("same", "different")),
        "auditor": Column("str", "who says so, or an empty string"),
        "counted": Column("bool", "whether the repetition is counted all the same"),
        "unit_id": Column("str", "id of the unit; depends on its passage and its place in it"),
        "is_recommendation": Column("bool", "whether the unit recommends something"),
        "recommendation_score": _share("probability that the unit recommends something"),
        "repeats": Column(
            "str", "the unit whose words this one only repeats (quoted, or said twice), or null", nullable=True
        ),
        "row": _count("row in vectors.npy, from 0"),
        "theme_id": Column("str", "id of the theme in codebook.toml, or other"),
        "score": _share("calibrated probability that the theme applies, or membership in the topic"),
        "assigned": Column("bool", "whether the unit is coded with the theme, or counted in the topic"),
        "method": Column("str", "who or what decided; of topics, how they were found"),
        "status": Column("str", "assigned, rejected, or abstained where the coder can't tell", values=STATUSES),
        "label": Column("str", "short name, in the report's language"),
        "definition": Column("str", "definition of the theme, in the report's language"),
        "n_voices": _count("distinct voices with at least one such unit"),
        "n_units": _count("units"),
        "n_mentions": _count("units with every repetition of their passage counted"),
        "share": _share("share of units as coded, uncorrected: n_units of base_units", nullable=True),
        "share_low": _share("lower end of the 95 % interval; null in theme tables: no interval on raw", nullable=True),
        "share_high": _share("upper end of the 95 % interval; null in theme tables: no interval on raw", nullable=True),
        "corrected": _share(
            "share of units corrected for coder error with a human-coded sample, or null", nullable=True
        ),
        "corrected_low": _share("lower end of the 95 % interval of corrected, or null", nullable=True),
        "corrected_high": _share("upper end of the 95 % interval of corrected, or null", nullable=True),
        "estimator": Column("str", "how corrected was estimated, or why it was not", values=ESTIMATORS),
        "voice_share": _share("share of voices as coded, uncorrected: n_voices of base_voices", nullable=True),
        "voice_corrected": _share("share of voices corrected for coder error, or null", nullable=True),
        "voice_corrected_low": _share("lower end of the 95 % interval of voice_corrected, or null", nullable=True),
        "voice_corrected_high": _share("upper end of the 95 % interval of voice_corrected, or null", nullable=True),
        "voice_estimator": Column("str", "how voice_corrected was estimated, or why it was not", values=ESTIMATORS),
        "n_gold": _count("units of the group that people coded in a probability sample"),
        "gold_positives": _count("of these, units that people coded with the theme"),
        "positives": Column("str", "units marked, per coder, joined by |; in validation, units that people marked"),
        "n_marked": _count("units that at least one coder marked"),
        "n_assigned": _count("units that the machine marked (of those coded), or that have a topic"),
        **{name: column for figure, meaning in FIGURES.items() for name, column in _figure(figure, meaning).items()},
        "grade": Column("str", "what the lower end of alpha's interval allows to be said", values=GRADES),
        "suppressed": Column("bool", "whether the cell has too few voices to be shown"),
        "base_voices": _count("distinct voices in the group"),
        "base_units": _count("recommendation units in the group"),
        "group": Column("str", "what the units are grouped by: all, language, role or source"),
        "level": Column("str", "the group's value, or a variation's"),
        "stance": Column("str", "whether it says that trust can be restored", values=STANCES),
        "variation": Column("str", "what was done otherwise; main: nothing", values=VARIATIONS),
        "difference": Column(
            "float64", "share less the share under main, in percentage points", bounds=(-100, 100), nullable=True
        ),
        "topic_id": Column("int64", "number of the topic, from 0 by size"),
        "stability": _share("share of refits in which the topic appears again, or null if not measured", nullable=True),
        "overlap": _share("mean Jaccard overlap of the topic with its match in a refit, or null", nullable=True),
        "steadiness": Column("str", "what the stability allows to be said", values=STEADINESS),
        "labels": Column("str", "short name per report language as JSON: text, its language, who made it"),
        "family_id": Column("int64", "number of the family of topics, from 0 by its first topic"),
        "n_topics": _count("topics of the family"),
        "crosswalk": Column("str", "how the topic meets the themes", values=CROSSWALKS),
        "main_theme": Column("str", "the theme that most of its coded units have, or null", nullable=True),
        "n_coded": _count("units coded with a theme"),
        "n_other": _count("units coded other"),
        "n_abstained": _count("units of which the coder can't tell"),
        "keywords": Column("str", "keywords per language as JSON"),
        "central": Column("str", "the most central units per language as JSON"),
        "margin": _share("the unit's first membership less its second"),
        "p": _share("Holm-adjusted p that the levels differ, or null where cells are too small", nullable=True),
        "k": _count("number of topics compared"),
        "silhouette": Column(
            "float64", "mean silhouette on what fell together, or null", bounds=(-1, 1), nullable=True
        ),
        "agreement": Column(
            "float64", "mean adjusted Rand index of fit and refits, or null", bounds=(-1, 1), nullable=True
        ),
        "chosen": Column("bool", "whether this number of topics was taken"),
        "n_eligible": _count("units among which topics were looked for"),
        "n_sample": _count("units that took part in the fit"),
        "n_refits": _count("refits without a fifth of the voices"),
        "n_hidden": _count("keywords left out because they are names or parts of addresses"),
        "leak_nmi": _share("normalised mutual information of topic and language, or null", nullable=True),
        "leak_chance": _share("its mean when languages are shuffled among voices, or null", nullable=True),
        "leak_high": _share("its 97.5 % point when languages are shuffled among voices, or null", nullable=True),
        "leak_p": _share("how often shuffling gives as much, or null", nullable=True),
        "x": _share("place from left to right on the picture of units"),
        "y": _share("place from bottom to top on the picture of units"),
        "theme_a": Column("str", "id of a theme"),
        "theme_b": Column("str", "id of another theme, later in the codebook"),
        "n_a": _count("units coded with theme_a"),
        "n_b": _count("units coded with theme_b"),
        "n_both": _count("units coded with both themes"),
        "n_base": _count("eligible units"),
        "expected": Column(
            "float64", "units that would have both if the themes were independent", bounds=(0, float("inf"))
        ),
        "lift": Column(
            "float64",
            "n_both over expected, or null where expected is under 5",
            bounds=(0, float("inf")),
            nullable=True,
        ),
        "jaccard": _share("n_both over the units that have either, or null without any", nullable=True),
    }
)
