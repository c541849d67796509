"""What must not be published: found, replaced, counted, and refused where it would slip through."""

from __future__ import annotations

import csv
import html
import itertools
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import editions, leaks, privacy, run, schemas, study
from pipeline.errors import GlosaError
from pipeline.stages import topics
from pipeline.store import read_table
from pipeline.wordruns import Forbidden
from tests.conftest import case_params, cases, hashes, make_study

KINDS = {kind: kind for kind in privacy.KINDS}
FINDER = privacy.Finder(["Priya Venkataraman", "Nerea Olabarri"])
PLANTED = {
    "name": ("a name", "as Priya Venkataraman said"),
    "folded name": ("a name", "as NEREA  OLABARRI said"),
    "email": ("an e-mail", "write to priya@example.org now"),
    "phone": ("a phone", "call +34 612 345 678 now"),
}
ARTEFACTS = {
    "page.html": '<p class="x">{}</p>',
    "inline.html": "<p>so <span>{}</span></p>",
    "attribute.html": '<div aria-label="{}"><svg></svg></div>',
    "alt.html": "<img alt='{}'>",
    "comment.html": "<!-- {} -->",
    "text.svg": "<svg><text x='1'>{}</text></svg>",
    "title.svg": "<svg><title>{}</title></svg>",
    "comment.svg": "<svg><!-- {} --><path d='M 1 2'/></svg>",
    "cell.csv": "a,b\n1,{}\n",
    "header.csv": "a,{}\n1,2\n",
    "value.json": '{{"a": [{{"b": "{}"}}]}}',
    "key.json": '{{"a": {{"{}": 1}}}}',
}


@pytest.mark.parametrize("case", case_params("privacy", lambda case: f"{case['language']}-{case['text'][:30]}"))
def test_what_is_replaced(case: dict[str, Any]) -> None:
    finder = privacy.Finder(case["names"], case["common"])
    replaced, counts = finder.replace(case["text"], KINDS, case["language"])
    assert replaced == case["expected"]
    assert sum(counts.values()) == len(re.findall(r"\[(?:name|email|link|handle|phone|id)\]", replaced))
    assert finder.find(replaced, case["language"]) == []


def test_there_are_cases_enough() -> None:
    found = cases("privacy")
    assert sum(case["text"] != case["expected"] for case in found) >= 120
    assert sum(case["text"] == case["expected"] and "known_failure" not in case for case in found) >= 50
    assert {case["language"] for case in found} == {"en", "es", "pt", "fr", "de", "it"}


@given(st.text(), st.lists(st.text(min_size=1), max_size=4))
def test_any_text_and_any_names(text: str, names: list[str]) -> None:
    finder = privacy.Finder(names)
    spans = finder.find(text)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    assert privacy.rendered(text, [], KINDS) == text


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "1 " * 100_000, "@" * 100_000, "a.b-" * 50_000, "www." * 50_000, "(0" * 50_000, "A. " * 60_000],
)
def test_hostile_text_takes_no_longer_than_other_text(text: str) -> None:
    started = time.monotonic()
    FINDER.find(text)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "name", ["Primary teacher", "P07", "12", "anonymous", "", "…", "x@example.org", "Anonymous user"]
)
def test_what_is_no_name(name: str) -> None:
    text = "A primary teacher, an anonymous user, and 12 others in P 07 agree. Anonymous, Primary."
    assert privacy.Finder([name], common={"primary", "teacher"}).find(text) == []


@pytest.mark.parametrize(
    "name",
    [
        "Dr. Ana Pérez",
        "Pérez, Ana",
        "Ana Pérez, PCC",
        "Ana Pérez | Coach",
        "Ana Pérez (she/her)",
        "ana pérez",
        "Ana Pérez <ana@x.org>",
        "ana@x.org (Ana Pérez)",
    ],
)
def test_names_as_captures_write_them(name: str) -> None:
    assert privacy.Finder([name]).replace("Thanks, Ana Perez!", KINDS)[0] == "Thanks, [name]!"


def test_words_of_the_program_are_nobodys_name() -> None:
    assert privacy.Finder(["Not Reported"], known=['"Not reported"']).grave("Not Reported") == []


def test_vocabulary_leaves_addresses_out() -> None:
    found = privacy.vocabulary(["Esta es la rosa de Rosa, escribe a anaperez@ejemplo.es o a @nereamentora."])
    assert {"la", "rosa", "es", "escribe"} <= found.common
    assert not {"anaperez", "nereamentora"} & found.common
    assert {"anaperez", "nereamentora", "ejemplo"} <= found.addresses


@pytest.mark.parametrize("artefact", ARTEFACTS)
@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_leak_is_seen(artefact: str, kind: str) -> None:
    content = ARTEFACTS[artefact].format(PLANTED[kind][1]).encode()
    with pytest.raises(GlosaError) as caught:
        leaks.refuse({f"reports/{artefact}": content}, FINDER, [], Forbidden())
    assert artefact in caught.value.where
    assert re.search(r"line|row|a\[0\]\.b|a key of a", caught.value.found)
    assert "Priya V" not in caught.value.letter()
    assert "612" not in caught.value.letter()


@pytest.mark.parametrize("artefact", ARTEFACTS)
def test_nothing_planted_nothing_seen(artefact: str) -> None:
    content = ARTEFACTS[artefact].format("in 2019-2020 [name] said 0.123456789 of 1,234,567").encode()
    leaks.refuse({artefact: content}, FINDER, [], Forbidden())


def test_what_the_study_states_itself_may_stand() -> None:
    leaks.refuse({"a.html": b"<dd>ask a&#64;b.org</dd>"}, FINDER, ["ask a@b.org"], Forbidden())


# A small study in which people name one another, and everything that can leak does occur.
TALK = [
    (
        "Nerea Olabarri",
        "es",
        "Hay que pedir perdón a la clienta sin excusas y hablar con ella, como dijo Priya V. Gómez.",
    ),
    (
        "Priya V. Gómez",
        "es",
        "Nerea, debes hablar con tu supervisora hoy mismo: escríbeme a priya@ejemplo.es o al 612 345 678.",
    ),
    (
        "Marco Antonelli",
        "es",
        "Debes escuchar a la persona; lo dice @nerea_o en https://ejemplo.es/nerea y en la rosa.",
    ),
    ("Rosa Iturbe", "es", "Rosa es mi color; con DNI 12345678Z firmé, y hay que cumplir cada promesa con Olabarri."),
]


def _talk(folder: Path, codebook: str = "", extra: str = "") -> study.Study:
    lines = [json.dumps({"author": a, "lang": lang, "text": text}, ensure_ascii=False) for a, lang, text in TALK]
    settings = (
        '[study]\nlanguages = ["es", "en"]\n[units]\neligible = "all"\n[coding]\nprofile = "fast"\n'
        '[report]\nlanguages = ["es"]\nmin_voices = 1\n'
        f'[ethics]\ncontact = "ethics@example.org, +34 911 222 333"\n{extra}'
    )
    make_study(folder, {"Entrevista Nerea Olabarri.jsonl": "\n".join(lines)}, settings)
    if codebook:
        path = folder / "codebook.toml"
        path.write_text(path.read_text("utf-8").replace('es = "Hacerse', f'es = "{codebook} Hacerse', 1), "utf-8")
    return study.load(folder)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> study.Study:
    loaded = _talk(tmp_path_factory.mktemp("talk"))
    run.run(loaded, quiet=True)
    return loaded


def _published(loaded: study.Study) -> dict[str, str]:
    return {
        path.relative_to(loaded.reports).as_posix(): html.unescape(path.read_text("utf-8"))
        for path in sorted(loaded.reports.rglob("*"))
        if path.suffix in {".html", ".json", ".csv", ".svg"}
    }


def test_a_talkative_study_publishes_nobody(talk: study.Study) -> None:
    for name, text in _published(talk).items():
        for word in (
            "Olabarri",
            "Nerea",
            "nerea",
            "Priya",
            "priya",
            "Gómez",
            "612 345",
            "ejemplo.es",
            "12345678Z",
            "Antonelli",
        ):
            assert word not in text, (name, word)
    page = _published(talk)["restricted/theme_report.html"]
    assert "como dijo [nombre]" in page
    assert "[correo]" in page
    assert "Rosa es mi color" in page
    assert "ethics@example.org, +34 911 222 333" in page
    assert "Entrevista [nombre].jsonl" in page
    everybody = _published(talk)["public/theme_report.html"]
    assert "Entrevista" not in everybody
    assert "Rosa es mi color" not in everybody
    assert "S01" in everybody


def test_what_was_replaced_is_counted(talk: study.Study) -> None:
    found = json.loads((talk.restricted / "results.json").read_text("utf-8"))["privacy"]
    replaced = {"name": 3, "email": 1, "link": 1, "handle": 1, "phone": 1, "id": 1}
    assert found["replaced"] == replaced
    assert (found["passages"], found["base_passages"], found["files"]) == (4, 4, 1)
    with (talk.restricted / "tables" / "privacy_summary.csv").open(encoding="utf-8") as file:
        rows = {(row["kind"], row["place"]): int(row["n"]) for row in csv.DictReader(file)}
    assert {kind: rows[kind, "tips and comments"] for kind in replaced} == replaced
    assert rows["name", "file names"] == 1


def test_offsets_stay_those_of_the_source(talk: study.Study) -> None:
    found = json.loads((talk.restricted / "results.json").read_text("utf-8"))
    passages = read_table(talk.processed / "passages.parquet", "passages").set_index("passage_id")
    for passage in found["passages"]:
        assert (passage["start"], passage["end"]) == tuple(passages.loc[passage["passage_id"], ["start", "end"]])
        shown = "".join(piece["text"] for piece in passage["pieces"])
        assert "[" in shown
    excerpts = {e["unit_id"]: e["text"] for theme in found["themes"] for e in theme["excerpts"]}
    pieces = {piece["unit_id"]: piece["text"] for p in found["passages"] for piece in p["pieces"]}
    assert excerpts.items() <= pieces.items()


def test_names_are_kept_where_only_their_owner_reads(talk: study.Study) -> None:
    file = talk.state / "names.json"
    assert json.loads(file.read_text("utf-8")) == sorted(author for author, _, _ in TALK)
    assert file.stat().st_mode & 0o077 == 0


def test_a_leak_stops_the_run_and_leaves_the_report(talk: study.Study, tmp_path: Path) -> None:
    shutil.copytree(talk.root, tmp_path / "s")
    before = hashes(tmp_path / "s")
    leaking = _talk(tmp_path / "s", codebook="Como pide Priya Gómez, reconocer el daño.")
    with pytest.raises(GlosaError, match="contributor's full name") as caught:
        run.run(leaking, quiet=True)
    assert "reports/" in caught.value.where
    assert "codebook.toml" in caught.value.remedy
    assert {k: v for k, v in hashes(leaking.root).items() if "reports" in k} == {
        k: v for k, v in before.items() if "reports" in k
    }
    assert not list(tmp_path.rglob("*.part"))


def test_words_that_are_names_are_no_keywords(tmp_path: Path) -> None:
    texts = ["La rosa pide perdón; escribe a anaperez@ejemplo.es."]
    refuse = topics.refused(study.load(make_study(tmp_path, {})), ["Nerea Olabarri", "Rosa Iturbe"], texts)
    words = ("nerea", "pedir", "rosa", "olabarri", "anaperez", "hablar")
    assert [word for word in words if refuse(word)] == ["nerea", "olabarri", "anaperez"]


def test_files_that_are_published_under_one_name_stay_apart() -> None:
    shown = editions.public_files(["Nerea Olabarri.txt", "Priya Venkataraman.txt", "b.txt"], FINDER, KINDS)
    assert shown == {"Nerea Olabarri.txt": "[name].txt", "Priya Venkataraman.txt": "[name] (2).txt", "b.txt": "b.txt"}


def authors_of_the_shipped_corpus(raw: Path) -> set[str]:
    """Read the authors without the program's readers."""
    import docx
    import python_calamine

    names = {json.loads(line).get("author") for line in (raw / "foro-mentores.jsonl").read_text("utf-8").splitlines()}
    names |= set(re.findall(r'comment-author">([^<]+)<', (raw / "mentor-told-the-board.html").read_text("utf-8")))
    with (raw / "pesquisa-supervisao.csv").open(encoding="utf-8-sig") as file:
        names |= {row["pessoa"] for row in csv.DictReader(file, delimiter=";")}
    for paragraph in docx.Document(str(raw / "workshop-notes.docx")).paragraphs:
        bold = "".join(part.text for part in paragraph.runs if part.bold).strip()
        names |= {bold.rstrip(": ")} if bold.endswith(":") else set()
    book = python_calamine.load_workbook(str(raw / "encuesta-colegio.xlsx"))
    for sheet in book.sheet_names:
        names |= {
            str(cell) for row in book.get_sheet_by_name(sheet).to_python() for cell in row if _is_like_a_name(str(cell))
        }
    return {html.unescape(name).strip() for name in names if name and " " in name.strip()}


def _is_like_a_name(cell: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d_]+(?:[ -][^\W\d_]+){1,3}", cell)) and cell.istitle()


def test_no_column_of_the_tables_carries_a_name(finished: study.Study) -> None:
    authors = authors_of_the_shipped_corpus(finished.raw)
    assert len(authors) > 60
    key = finished.voice_key.read_text("utf-8").split()[0]
    texts = {("sources", "text"), ("passages", "text"), ("units", "text")}
    for name in schemas.TABLES:
        frame = read_table(finished.processed / f"{name}.parquet", name)
        for column in frame.columns:
            if (name, column) in texts:
                continue
            held = "\n".join(frame[column].dropna().astype(str)).casefold()
            assert key.casefold() not in held, (name, column)
            assert not [a for a in authors if a.casefold() in held], (name, column)
    for file in (
        *finished.reports.rglob("*.html"),
        *finished.reports.rglob("*.csv"),
        *finished.reports.rglob("*.json"),
    ):
        published = file.read_text("utf-8").casefold()
        assert key.casefold() not in published, file.name
        assert not [a for a in authors if a.casefold() in published], file.name
