"""The whole run on the shipped corpus: laws, golden numbers, the same bytes again, interruption, bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from pipeline import check, columns, manifest, run, schemas, study
from pipeline.stages import STAGES
from pipeline.store import read_table
from tests.conftest import ROOT, copy_shipped, glosa, hashes, make_study

GOLDEN = ROOT / "tests" / "golden" / "shipped.json"
PAGE = """How do you mend trust?
Consider these steps:
- Say sorry to the person you hurt.
- Tell them what you will change.
Have you been there?
How do you mend trust?
Consider these steps:
- Say sorry to the person you hurt.
- Tell them what you will change.
Have you been there?
You must talk to your supervisor before you do anything else. It helped me a lot.
Hay que pedir perdón sin excusas y escuchar a la clienta con paciencia.
Was this helpful?
Most relevant readings
LeadershipHow do you handle a quarrel?
CoachingWhat if a client leaves?
"""


CAPTURES = {
    "page.txt": PAGE,
    "forum.jsonl": "".join(
        json.dumps({"author": author, "text": text}) + "\n"
        for author, text in {
            "Nerea Olabarri": "Pide perdón a tu clienta. Luego pregúntale qué necesita de ti.",
            "Duarte Veloso": "Fala com a tua supervisora antes de qualquer outra coisa.",
            "Moira Kell": "Lock your notes away and never take them home.",
        }.items()
    ),
    "survey.csv": "comment,respondent\nListen without defending yourself.,A\nEscribe las normas en un papel.,B\n",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> study.Study:
    """A study of three small captures, run once."""
    loaded = study.load(make_study(tmp_path_factory.mktemp("page"), CAPTURES))
    run.run(loaded, quiet=True)
    return loaded


def tables(loaded: study.Study) -> dict[str, pd.DataFrame]:
    return {name: read_table(loaded.processed / f"{name}.parquet", name) for name in schemas.TABLES}


def test_every_stage_writes_what_it_declares(finished: study.Study) -> None:
    for stage in STAGES:
        for name in stage.outputs(finished):
            assert (finished.root / name).is_file(), name


def test_the_laws_hold(finished: study.Study) -> None:
    assert list(check.problems(finished)) == []


def test_check_sees_a_broken_law(finished: study.Study, tmp_path: Path) -> None:
    shutil.copytree(finished.root, tmp_path / "broken")
    path = tmp_path / "broken" / "data" / "processed" / "units.parquet"
    units = pd.read_parquet(path)
    units.loc[0, "start"] += 1
    units.to_parquet(path, index=False)
    found = list(check.problems(study.load(tmp_path / "broken")))
    assert any("text differs" in problem for problem in found)
    assert any("is not what the last run wrote" in problem for problem in found)


def golden_numbers(loaded: study.Study) -> dict[str, object]:
    """Return what must not change unnoticed."""
    found = tables(loaded)

    def counts(column: pd.Series) -> dict[str, int]:
        return {str(value): int(n) for value, n in column.value_counts().sort_index().items()}

    return {
        "sources": len(found["sources"]),
        "rejects": counts(found["rejects"]["reason"]),
        "roles": counts(found["passages"]["role"]),
        "languages": counts(found["passages"]["language"]),
        "duplicates": counts(found["duplicates"]["kind"]),
        "units": len(found["units"]),
        "recommendations": int(found["units"]["is_recommendation"].sum()),
        "themes": {row.theme_id: int(row.n_units) for row in found["themes"].itertuples()},
        "topics": [int(n) for n in found["topics"]["n_units"]],
        "first_unit_ids": found["units"]["unit_id"].head(5).tolist(),
    }


def test_golden_numbers(finished: study.Study) -> None:
    """After a change that means to change them: `make golden`, and say so in the commit."""
    assert golden_numbers(finished) == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_corpus_is_read_as_labelled(finished: study.Study) -> None:
    from benchmarks import accuracy

    pairs, missed, extra = accuracy.matched(finished.root)
    assert not missed
    assert not extra
    right = sum(label["role"] == passage.role for label, passage in pairs)
    assert right / len(pairs) >= 0.98
    spoken = [(label, passage) for label, passage in pairs if label["role"] in {"tip", "comment"}]
    assert sum(label["language"] == passage.language for label, passage in spoken) / len(spoken) >= 0.99


def test_the_corpus_is_what_the_issue_asks_for(finished: study.Study) -> None:
    found = tables(finished)
    passages = found["passages"]
    voices = passages["voice"].dropna().nunique() + (passages[passages["role"] == "comment"]["voice"].isna()).sum()
    assert len(found["sources"]) >= 5
    assert found["sources"]["format"].nunique() >= 4
    assert voices >= 70
    assert {"en", "es", "pt", "fr", "de", "it"} <= set(passages["language"])
    assert not set(passages["role"]) - set(columns.ROLES)


def test_only_tips_and_comments_are_coded(finished: study.Study) -> None:
    found = tables(finished)
    coded = found["units"][found["units"]["unit_id"].isin(found["codings"]["unit_id"])]
    roles = found["passages"].set_index("passage_id").loc[coded["passage_id"], "role"]
    assert set(roles) <= {"tip", "comment"}


def in_other_order(i: int, name: str) -> str:
    """Rename files so that they are read in reverse order."""
    return f"{99 - i}{Path(name).suffix}"


def test_other_names_and_order_give_the_same_bytes(page: study.Study, tmp_path: Path) -> None:
    renamed = {in_other_order(i, name): content for i, (name, content) in enumerate(sorted(CAPTURES.items()))}
    other = study.load(make_study(tmp_path / "other", renamed))
    shutil.copy(page.voice_key, other.voice_key)
    run.run(other, quiet=True)
    differ_in_names_alone(page, other)


@pytest.mark.slow
def test_other_names_and_order_give_the_same_bytes_for_the_corpus(finished: study.Study, tmp_path: Path) -> None:
    other = study.load(copy_shipped(tmp_path / "other", in_other_order))
    run.run(other, quiet=True)
    differ_in_names_alone(finished, other)


def differ_in_names_alone(finished: study.Study, other: study.Study) -> None:
    before, after = hashes(finished.root), hashes(other.root)
    differ = {name for name in before if before[name] != after[name]}
    public = {name for name in differ if not name.startswith("reports/restricted/")}
    assert public <= {f"data/processed/{name}.parquet" for name in ("sources", "rejects")}, (
        "in public, sources have numbers that don't depend on how they are called"
    )
    names = dict(zip(
        read_table(other.processed / "sources.parquet", "sources")["file"],
        read_table(finished.processed / "sources.parquet", "sources")["file"],
        strict=True,
    ))  # fmt: skip
    a, b = tables(finished), tables(other)
    assert a["sources"].drop(columns="file").equals(b["sources"].drop(columns="file"))
    renamed = (other.restricted / "theme_report.html").read_text(encoding="utf-8")
    for new, old in names.items():
        renamed = renamed.replace(new, old)
    original = (finished.restricted / "theme_report.html").read_text(encoding="utf-8")
    pieces = re.compile(r"<[^<>]+>|[^<>]+")  # tables that are sorted by name have their rows in another order
    assert sorted(pieces.findall(renamed)) == sorted(pieces.findall(original))


@pytest.mark.slow
def test_running_again_from_nothing_gives_the_same_bytes(finished: study.Study, tmp_path: Path) -> None:
    again = study.load(copy_shipped(tmp_path / "again"))
    run.run(again, quiet=True)
    assert hashes(again.root) == hashes(finished.root)


def test_nothing_changed_nothing_runs_and_nothing_heavy_is_imported(finished: study.Study) -> None:
    code = (
        "import sys, pathlib; from pipeline import run, study\n"
        f"outcome = run.run(study.load(pathlib.Path({str(finished.root)!r})), quiet=True)\n"
        "assert not outcome.ran, outcome\n"
        "heavy = {'torch', 'spacy', 'bertopic', 'sklearn', 'pandas', 'matplotlib', 'sentence_transformers'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_a_change_reruns_only_what_depends_on_it(page: study.Study, tmp_path: Path) -> None:
    folder = shutil.copytree(page.root, tmp_path, dirs_exist_ok=True)
    assert run.stale(study.load(folder)) == []
    settings = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(settings + "\n[topics]\nmin_size = 9\n", encoding="utf-8")
    outcome = run.run(study.load(folder), quiet=True)
    assert list(outcome.ran) == ["topics", "publish"]
    (folder / "study.toml").write_text(settings + "# a comment\n\n[topics]\nmin_size = 9\n", encoding="utf-8")
    assert run.stale(study.load(folder)) == []
    forced = run.run(study.load(folder), force="deduplicate", quiet=True)
    assert "deduplicate" in forced.ran
    assert "segment" not in forced.ran, "the forced stage wrote the same bytes"


def test_the_manifest_says_what_came_out(finished: study.Study) -> None:
    found = manifest.read(finished)
    assert set(found) == {"inputs", "settings", "code", "versions", "model", "seed", "heads", "outputs", "seconds"}
    assert {"themes.json", "tuned.json", "e5-upper.npz", "decisions.json", "figures.json"} <= set(found["heads"])
    assert found["model"].startswith("use-multilingual-v3@")
    assert found["outputs"]["data/processed/units.parquet"]["rows"] == len(tables(finished)["units"])
    assert set(found["seconds"]) == {stage.name for stage in STAGES}


@pytest.mark.parametrize("kill", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_an_interrupted_run_loses_nothing_and_the_next_finishes(tmp_path: Path, kill: signal.Signals) -> None:
    folder = make_study(tmp_path / "s", {"page.txt": PAGE})
    command = [sys.executable, "-m", "pipeline", "run", "--study", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = folder / "data" / "processed" / "duplicates.parquet"
    waited = time.monotonic() + 60
    while not first.exists() and time.monotonic() < waited:
        time.sleep(0.02)
    os.kill(process.pid, kill)
    assert process.wait(timeout=60) != 0
    before = first.read_bytes()
    assert not (folder / "reports" / "restricted" / "theme_report.html").exists()
    outcome = run.run(study.load(folder), quiet=True)
    assert "publish" in outcome.ran
    assert "ingest" not in outcome.ran
    assert first.read_bytes() == before
    assert not list(folder.rglob("*.part"))
    assert list(check.problems(study.load(folder))) == []


def test_a_page_like_the_first_capture(page: study.Study) -> None:
    found = tables(page)
    source = found["sources"].set_index("file")["source_id"]
    passages = found["passages"][found["passages"]["source_id"] == source["page.txt"]]
    roles = passages["role"].value_counts().to_dict()
    assert roles == {"prompt": 6, "tip": 4, "comment": 2, "navigation": 4}
    assert found["duplicates"]["kind"].tolist() == ["exact"] * 5
    spoken = passages.set_index("role")["language"]
    assert sorted(spoken["comment"]) == ["en", "es"]


@pytest.mark.parametrize(
    "content",
    [
        "Yesterday it rained in the city and nobody came.\n" * 2,
        pytest.param("It rained.", marks=pytest.mark.slow),
    ],
)
def test_a_corpus_without_recommendation_has_a_report_that_says_so(tmp_path: Path, content: str) -> None:
    loaded = study.load(make_study(tmp_path, {"a.jsonl": json.dumps({"text": content})}))
    run.run(loaded, quiet=True)
    assert tables(loaded)["codings"].empty
    assert "nothing to code" in (loaded.restricted / "theme_report.html").read_text(encoding="utf-8")
    assert list(check.problems(loaded)) == []


BAD = {
    "no capture": ({}, "no capture in it"),
    "an empty file": ({"a.txt": ""}, "a.txt: the file holds no text"),
    "binary rubbish": ({"a.txt": bytes(range(256)) * 30}, "a.txt: the bytes are no text"),
    "an unknown suffix": ({"a.xyz": "x"}, "a.xyz: no reader for this kind of file"),
}


@pytest.mark.parametrize("name", BAD)
def test_input_that_stops_the_run(tmp_path: Path, name: str) -> None:
    captures, expected = BAD[name]
    folder = make_study(tmp_path, captures)
    found = glosa("run", "--study", str(folder))
    assert found.returncode == 2
    assert expected in found.stderr
    assert "Traceback" not in found.stdout + found.stderr
    assert "remedy:" in found.stderr
    assert not list((folder / "data").rglob("*.parquet"))


def test_bad_input_leaves_the_last_good_outputs(finished: study.Study, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    shutil.copytree(finished.root, folder)
    before = hashes(folder)
    for path in (folder / "data" / "raw").glob("[a-z]*"):
        path.unlink()
    assert glosa("run", "--study", str(folder)).returncode == 2
    assert hashes(folder) == before
