from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import ingest
from pipeline import audits, run, study, translations
from pipeline.errors import GlosaError
from pipeline.repetitions import Link
from pipeline.stages.deduplicate import resolved
from pipeline.store import read_table
from tests.conftest import glosa, make_study

ES = (
    "Hay que pedir perdón sin excusas el mismo día. Después se pregunta a la clienta qué necesita para seguir. "
    "Y desde entonces las notas se guardan bajo llave."
)
PT = (
    "É preciso pedir perdão sem desculpas no mesmo dia. Depois pergunta-se à cliente do que precisa para continuar. "
    "E a partir daí as notas ficam guardadas à chave."
)
OWN = (
    "I would say sorry first and mean it. My own supervisor taught me to ask people what they want from me now. "
    "Lock the cabinet, by the way."
)


def candidate(
    name: str, language: str, voice: str | None = None, words: str = "one two three four five six seven"
) -> translations.Candidate:
    return translations.Candidate(name, language, (words, words), np.eye(2, 8, dtype=np.float32), voice)


LONG = "one two three four five six seven eight nine ten eleven"


def test_the_short_words_of_two_named_voices_are_agreement_and_the_long_ones_a_copy() -> None:
    assert translations.likeness(candidate("a", "es", "v1"), candidate("b", "pt", "v1")) is not None
    assert translations.likeness(candidate("a", "es", "v1"), candidate("b", "pt", "v2")) is None
    assert translations.likeness(candidate("a", "es", "v1", LONG), candidate("b", "pt", "v2", LONG)) is not None
    assert translations.likeness(candidate("a", "es"), candidate("b", "es")) is None


def test_a_maxim_is_no_translation_and_a_short_sentence_with_a_number_or_a_name_is() -> None:
    for words, is_copy in (("say it", False), ("say it to Nerea", True), ("say it by 5", True)):
        pair = candidate("a", "es", words=words), candidate("b", "pt", words=words)
        assert (translations.likeness(*pair) is not None) == is_copy


def test_numbers_are_the_same_however_they_are_grouped() -> None:
    grouped = [candidate("a", "es", words=f"I paid {n} euros back") for n in ("3000", "3 000", "3.000", "3,000")]
    assert {tuple(c.numbers) for c in grouped} == {("3000", "3000")}
    assert candidate("a", "es", words="In 2019 12 of us").numbers == ["12", "12", "2019", "2019"]


def test_a_translated_copy_is_linked_and_counted_once_and_agreement_is_not(tmp_path: Path) -> None:
    loaded = study.load(make_study(tmp_path, {"page.txt": f"{ES}\n{PT}\n{OWN}\n"}))
    run.run(loaded, until="segment", quiet=True)
    links = read_table(loaded.processed / "duplicates.parquet", "duplicates")
    passages = read_table(loaded.processed / "passages.parquet", "passages").set_index("passage_id")
    assert links["kind"].tolist() == ["translation"]
    assert passages.at[links.at[0, "passage_id"], "language"] == "pt"
    assert passages.at[links.at[0, "duplicate_of"], "language"] == "es"
    units = read_table(loaded.processed / "units.parquet", "units")
    assert set(units["language"]) == {"es", "en"}


@pytest.mark.slow
def test_figures_on_the_labelled_pairs() -> None:
    counts = ingest.translation_counts()
    recall = counts["recall translation", "even"] + counts["recall translation", "odd"]
    precision = counts["precision of translations", "even"] + counts["precision of translations", "odd"]
    assert sum(recall) / len(recall) >= 0.9
    assert sum(precision) / len(precision) >= 0.99


def test_links_that_were_passed_on_point_to_what_is_kept() -> None:
    links = resolved([Link("a", "b", "exact", 1.0), Link("b", "c", "translation", 0.8), Link("x", "y", "near", 0.9)])
    assert [(k.passage_id, k.duplicate_of, k.kind) for k in links] == [
        ("a", "c", "translation"),
        ("b", "c", "translation"),
        ("x", "y", "near"),
    ]


def test_an_audit_is_written_obeyed_and_reported(tmp_path: Path) -> None:
    loaded = study.load(make_study(tmp_path, {"page.txt": f"{ES}\n{PT}\n{OWN}\n"}))
    run.run(loaded, until="deduplicate", quiet=True)
    shown = glosa("duplicates", "--study", str(tmp_path))
    assert "translation" in shown.stdout
    assert glosa("duplicates", "--sheet", "--study", str(tmp_path)).returncode == 0
    sheet = loaded.audit_file.read_text(encoding="utf-8")

    row = sheet.splitlines()[1].split(",")
    loaded.audit_file.write_text(
        f"passage_id,duplicate_of,found_as,verdict,auditor\n{row[0]},{row[1]},translation,different,me\n"
    )
    outcome = run.run(loaded, quiet=True)
    assert "deduplicate" in outcome.ran
    assert read_table(loaded.processed / "duplicates.parquet", "duplicates").empty
    report = (loaded.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert "1 links looked at, 1 of them wrong" in report
    assert audits.read(loaded.audit_file)[0].verdict == "different"
    assert "different" in audits.sheet([], audits.read(loaded.audit_file)), "a verdict on a lost pair is kept"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("passage_id,duplicate_of,verdict\na,b,maybe\n", "row 2: the verdict is 'maybe'"),
        ("passage_id,verdict\na,same\n", "no column 'duplicate_of'"),
        ("passage_id,duplicate_of,verdict\na,b,same\nb,a,different\n", "row 3: the pair has two verdicts"),
    ],
)
def test_a_wrong_sheet_is_named_with_its_row(tmp_path: Path, content: str, found: str) -> None:
    file = tmp_path / "duplicates.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(GlosaError) as caught:
        audits.read(file)
    assert found in caught.value.found
