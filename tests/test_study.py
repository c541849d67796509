from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import study
from pipeline.errors import GlosaError
from tests.conftest import ROOT, make_study

THEME = '[[themes]]\nid = "a"\nlabel = "A"\ndefinition = "Something."\n'


def test_a_study_needs_nothing_but_what_tables_md_promises(tmp_path: Path) -> None:
    make_study(tmp_path, {}, '[study]\ntitle = "T"\nquestion = "Q?"\nlanguages = ["es"]\n')
    (tmp_path / "codebook.toml").write_text(THEME, encoding="utf-8")
    loaded = study.load(tmp_path)
    assert loaded.languages == ("es",)
    assert loaded.settings.embed.model == study.EMBEDDED_MODEL
    assert loaded.codebook.themes[0].text("label", "pt") == "A"


@pytest.mark.parametrize(
    ("file", "content", "found", "remedy"),
    [
        ("study.toml", '[study]\ntitel = "x"\n', "study.titel", "Did you mean `title`?"),
        ("study.toml", "[studdy]\n", "studdy", "Did you mean `study`?"),
        ("study.toml", '[study]\nlanguages = "en"\n', "study.languages", "study.toml"),
        ("study.toml", '[study]\nlanguages = ["english"]\n', "study.languages", "study.toml"),
        ("study.toml", '[coding]\nthreshold = "high"\n', "coding.threshold", "study.toml"),
        ("study.toml", "[coding]\nthreshold = 7.0\n", "coding.threshold", "study.toml"),
        ("study.toml", "[coding]\nthresholds = { empaty = 0.4 }\n", "'empaty'", "Did you mean `empathy`?"),
        ("study.toml", "[coding]\nthresholds = { whatever = 0.4 }\n", "'whatever'", "codebook.toml"),
        ("study.toml", "[coding]\nthresholds = { empathy = 1.4 }\n", "coding.thresholds.empathy", "study.toml"),
        ("study.toml", '[report]\nquotation = "verbatim"\n', "report", "study.toml"),
        ("study.toml", '[[report.sources]]\nfiles = "a"\nquotation = "verbatim"\n', "report.sources.0", "study.toml"),
        ("study.toml", '[[report.sources]]\nfile = "a"\n', "report.sources.0.file", "Did you mean `files`?"),
        ("study.toml", '[ethics]\naproval = "yes"\n', "ethics.aproval", "Did you mean `approval`?"),
        ("study.toml", "[team]\ncoders = 2\n", "team.coders", "study.toml"),
        ("study.toml", "[team]\nown_field = 2\n", "team.own_field", "study.toml"),
        ("study.toml", "[study\n", "not valid TOML", "Mend"),
        ("codebook.toml", THEME + THEME, "'a' is used twice", "Rename or remove"),
        ("codebook.toml", THEME.replace('"a"', '"other"'), "'other'", "Rename"),
        ("codebook.toml", THEME.replace('label = "A"\n', ""), "themes.0.label", "Add `label`"),
        ("codebook.toml", THEME.replace("definition", "definiton"), "themes.0.definiton", "Did you mean `definition`?"),
        ("codebook.toml", "", "themes", "Add `themes`"),
        ("codebook.toml", THEME.replace('"a"', '"Not an id"'), "themes.0.id", "codebook.toml"),
    ],
)
def test_a_wrong_file_is_named_with_the_key_and_the_remedy(
    tmp_path: Path, file: str, content: str, found: str, remedy: str
) -> None:
    make_study(tmp_path, {})
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(GlosaError) as caught:
        study.load(tmp_path)
    assert file in caught.value.where
    assert found in caught.value.found
    assert remedy in caught.value.remedy
    assert len(caught.value.letter().splitlines()) == 4


def test_a_study_may_add_fields_of_its_own_and_use_the_names_of_the_literature(tmp_path: Path) -> None:
    declared = '[ethics]\nirb_notes = "a"\n[data_statement]\ncuration_rationale = "b"\n'
    settings = study.load(make_study(tmp_path, {}, declared)).settings
    assert settings.ethics.model_dump()["irb_notes"] == "a"
    assert settings.data_statement.curation == "b"
    assert {"a", "b"} <= set(settings.stated())


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    make_study(tmp_path, {})
    (tmp_path / "study.toml").write_bytes(b'[study]\ntitle = "\xf1"\n')
    with pytest.raises(GlosaError, match="not UTF-8"):
        study.load(tmp_path)


def test_comments_and_key_order_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    make_study(tmp_path / "a", {}, '[coding]\nmargin = 0.2\n[study]\ntitle = "x"\n')
    make_study(tmp_path / "b", {}, '# a comment\n[study]\ntitle = "x"\n[coding]\nmargin = 0.2\n')
    make_study(tmp_path / "c", {}, '[study]\ntitle = "x"\n[coding]\nmargin = 0.3\n')
    a, b, c = (study.load(tmp_path / name).fingerprint(("study", "coding")) for name in "abc")
    assert a == b != c


def test_the_template_of_init_is_the_shipped_codebook() -> None:
    templates = ROOT / "pipeline" / "templates"
    assert (templates / "codebook.toml").read_bytes() == (ROOT / "codebook.toml").read_bytes()


def test_the_public_key_serves_only_the_files_it_names(tmp_path: Path) -> None:
    from tests.conftest import copy_shipped

    loaded = study.load(copy_shipped(tmp_path / "s"))
    assert loaded.voice_key.name == ".public-voice-key"
    (loaded.raw / "mine.txt").write_text("Somebody real wrote this.", encoding="utf-8")
    assert loaded.voice_key == loaded.root / "voice.key"
