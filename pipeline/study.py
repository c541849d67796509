"""`study.toml` and `codebook.toml` as frozen, validated values.

A study is a folder. `load(folder)` reads both files; whatever is wrong in them is a `GlosaError` that
names the file, the key and the nearest key that exists.
"""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.captures import Refused
from pipeline.captures import find as find_captures
from pipeline.declared import DataStatement, Declared, Ethics, Sources, Team
from pipeline.errors import GlosaError

EMBEDDED_MODEL = "use-multilingual-v3"
RESERVED_THEMES = frozenset({"other", "recommendation"})
Policy = Literal["none", "paraphrase", "verbatim"]
M = TypeVar("M", bound=BaseModel)
_LANGUAGE_CODE = re.compile(r"[a-z]{2}")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StudySection(_Section):
    """What the study asks, and in which languages."""

    title: str = "Untitled study"
    question: str = ""
    languages: tuple[str, ...] = Field(default=("en", "es", "pt"), strict=False, min_length=1)

    @field_validator("languages")
    @classmethod
    def _iso_codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [code for code in codes if not _LANGUAGE_CODE.fullmatch(code)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no ISO 639-1 code such as 'es', 'en' or 'pt'")
        if len(set(codes)) < len(codes):
            raise ValueError("a language stands twice")
        return codes


class IngestSection(_Section):
    """Columns of tables that hold the text, the contributor and the language tag; none named: they are found."""

    text: tuple[str, ...] = Field(default=(), strict=False)
    voice: tuple[str, ...] = Field(default=(), strict=False)
    language: tuple[str, ...] = Field(default=(), strict=False)

    @field_validator("text", "voice", "language", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class DeduplicateSection(_Section):
    """When two wordings are one passage."""

    near: float = Field(default=0.85, gt=0.5, le=1.0)
    min_words: int = Field(default=8, ge=3)
    translations: bool = True


class UnitsSection(_Section):
    """Which units are coded and clustered."""

    eligible: Literal["recommendations", "all"] = "recommendations"
    threshold: float = Field(default=0.5, ge=0.0, le=1.0)


class EmbedSection(_Section):
    """The sentence-transformers model: the embedded default, a hub id or a local path."""

    model: str = EMBEDDED_MODEL
    revision: str = ""
    prefix: str = ""
    allow_download: bool = False


class CodingSection(_Section):
    """Where a probability becomes an assignment, and where the coder says that it can't tell."""

    profile: Literal["accurate", "fast"] = "accurate"
    thresholds: dict[str, Annotated[float, Field(gt=0.0, lt=1.0)]] = Field(default={})
    threshold: float = Field(default=0.3, gt=0.0, lt=1.0)
    margin: float = Field(default=0.03, ge=0.0, lt=0.5)


class TopicsSection(_Section):
    """How small a topic may be, and whether a language model on this machine is asked for labels."""

    min_size: int = Field(default=5, ge=2)
    margin: float = Field(default=0.05, ge=0.0, lt=1.0)
    stable: float = Field(default=0.6, ge=0.0, le=1.0)
    label_endpoint: str = ""
    label_model: str = ""

    @field_validator("label_endpoint")
    @classmethod
    def _on_this_machine(cls, url: str) -> str:
        if url and not is_loopback(url):
            raise ValueError("an address on this machine such as http://127.0.0.1:1234/v1: no network at run time")
        return url

    @model_validator(mode="after")
    def _an_endpoint_needs_a_model(self) -> TopicsSection:
        if self.label_endpoint and not self.label_model:
            raise ValueError("label_endpoint needs label_model beside it: which model is to answer?")
        return self


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine and nothing else: localhost, 127.0.0.0/8 or [::1]."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and not (parts.query or parts.fragment or "@" in parts.netloc)
        host = parts.hostname or ""
        return plain and parts.port != 0 and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


class SourceRule(_Section):
    """How sources whose file fits a pattern may be quoted in public, and why."""

    files: str = Field(min_length=1)
    quotation: Policy
    consent: str = ""
    licence: str = ""

    @model_validator(mode="after")
    def _quoting_needs_a_reason(self) -> SourceRule:
        if self.quotation == "verbatim" and not (self.consent or self.licence):
            raise ValueError('quotation = "verbatim" needs consent or licence = "…" beside it: why may it be quoted?')
        return self


class ReportSection(_Section):
    """What the report may show: `quotation` governs the public edition, `sources` those that have another rule."""

    excerpts_per_theme: int = Field(default=6, ge=0)
    min_voices: int = Field(default=5, ge=1)
    quotation: Policy = "paraphrase"
    licence: str = ""
    sources: tuple[SourceRule, ...] = Field(default=(), strict=False)
    languages: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _quoting_needs_a_licence(self) -> ReportSection:
        if self.quotation == "verbatim" and not self.licence:
            raise ValueError('quotation = "verbatim" needs licence = "…" beside it: why may the sources be quoted?')
        return self


class Settings(_Section):
    """The whole of `study.toml`."""

    study: StudySection = StudySection()
    ingest: IngestSection = IngestSection()
    deduplicate: DeduplicateSection = DeduplicateSection()
    units: UnitsSection = UnitsSection()
    embed: EmbedSection = EmbedSection()
    coding: CodingSection = CodingSection()
    topics: TopicsSection = TopicsSection()
    report: ReportSection = ReportSection()
    ethics: Ethics = Ethics()
    team: Team = Team()
    sources: Sources = Sources()
    data_statement: DataStatement = DataStatement()

    def stated(self) -> Iterator[str]:
        """Yield what the study says of itself in words; all of it may be published."""
        yield from (self.study.title, self.study.question, self.report.licence)
        for rule in self.report.sources:
            yield from (rule.licence, rule.consent)
        for section in self.declared().values():
            yield from section.texts()

    def declared(self) -> dict[str, Declared]:
        """Return the sections in which the study speaks of itself, by name."""
        return {
            "team": self.team,
            "sources": self.sources,
            "ethics": self.ethics,
            "data_statement": self.data_statement,
        }


class Theme(_Section):
    """One theme of the codebook; texts are per language, and one language is enough."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    label: dict[str, str]
    definition: dict[str, str]
    include: dict[str, list[str]] = Field(default_factory=dict)
    exclude: dict[str, list[str]] = Field(default_factory=dict)
    examples: dict[str, list[str]] = Field(default_factory=dict)

    @field_validator("label", "definition", mode="before")
    @classmethod
    def _plain_text_is_english(cls, value: object) -> object:
        return {"en": value} if isinstance(value, str) else value

    @field_validator("include", "exclude", "examples", mode="before")
    @classmethod
    def _one_text_is_a_list(cls, value: object) -> object:
        if isinstance(value, str | list):
            value = {"en": value}
        if isinstance(value, dict):
            return {code: [v] if isinstance(v, str) else v for code, v in value.items()}
        return value

    def text(self, field: Literal["label", "definition"], language: str) -> str:
        """Return the label or definition in `language`, else in the first language that has it."""
        texts: dict[str, str] = getattr(self, field)
        return texts.get(language) or next(iter(texts.values()), self.id)


class Codebook(_Section):
    """The themes, in the order in which they stand in `codebook.toml`."""

    themes: tuple[Theme, ...] = Field(strict=False, min_length=1)

    @property
    def ids(self) -> tuple[str, ...]:
        """The theme ids in order."""
        return tuple(theme.id for theme in self.themes)

    def texts(self) -> Iterator[str]:
        """Yield everything the codebook says, in all languages."""
        for theme in self.themes:
            yield from (*theme.label.values(), *theme.definition.values())
            for listed in (theme.include, theme.exclude, theme.examples):
                yield from (text for texts in listed.values() for text in texts)

    @property
    def fingerprint(self) -> str:
        """Hash of what the themes mean: all but their labels."""
        value = [theme.model_dump(mode="json", exclude={"label"}) for theme in self.themes]
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class Study:
    """A folder with its validated settings and codebook, and the paths that follow from it."""

    def __init__(self, root: Path, settings: Settings, codebook: Codebook) -> None:
        self.root, self.settings, self.codebook = root, settings, codebook

    @property
    def languages(self) -> tuple[str, ...]:
        """The study's languages; the first is the report's."""
        return self.settings.study.languages

    @property
    def report_languages(self) -> tuple[str, ...]:
        """The languages that the reports are asked for in: those of `[report]`, else the study's."""
        return self.settings.report.languages or self.languages

    @property
    def raw(self) -> Path:
        """Folder of the captures."""
        return self.root / "data" / "raw"

    @property
    def processed(self) -> Path:
        """Folder of the tables."""
        return self.root / "data" / "processed"

    @property
    def reports(self) -> Path:
        """Folder of everything that is published."""
        return self.root / "reports"

    @property
    def restricted(self) -> Path:
        """Folder of the edition for the team alone."""
        return self.reports / "restricted"

    @property
    def public(self) -> Path:
        """Folder of the edition for everybody."""
        return self.reports / "public"

    @property
    def state(self) -> Path:
        """What the program remembers between runs: which stage is stale, and the vectors of texts seen."""
        return self.root / ".glosa"

    @property
    def voice_key(self) -> Path:
        """The secret behind the pseudonyms; it stands outside every output.

        A corpus of invented people may carry a public key (`data/raw/.public-voice-key`: the key, then the
        SHA-256 of each file it is good for). As soon as another capture stands beside them, it isn't used.
        """
        public = self.raw / ".public-voice-key"
        if public.is_file():
            known = set(public.read_text(encoding="utf-8").split())
            if all(hashlib.sha256(path.read_bytes()).hexdigest() in known for path in self.captures()):
                return public
        return self.root / "voice.key"

    @property
    def audit_file(self) -> Path:
        """What people said of repetitions."""
        return self.root / "data" / "audit" / "duplicates.csv"

    @property
    def paraphrases_file(self) -> Path:
        """What people wrote in place of units that may not be quoted."""
        return self.root / "data" / "quotes" / "paraphrases.csv"

    def fingerprint(self, sections: Iterable[str]) -> str:
        """Hash sections of the settings (and `codebook`) by value: comments and key order don't count."""
        everything = {
            **self.settings.model_dump(mode="json"),
            "codebook": self.codebook.model_dump(mode="json"),
        }
        chosen = {section: everything[section] for section in sections}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()

    def captures(self) -> list[Path]:
        """Return the files in `data/raw`, by name; hidden files and README are not captures."""
        return find_captures(self.raw)[0]

    def refused(self) -> list[Refused]:
        """Return what stands in `data/raw` but is never opened, and why (a link that leads outside, a pipe …)."""
        return find_captures(self.raw)[1]


def load(root: Path) -> Study:
    """Read the study in `root`; raise `GlosaError` where a file is missing or says something unknown."""
    root = root.resolve()
    settings_file, codebook_file = root / "study.toml", root / "codebook.toml"
    if not settings_file.is_file():
        raise GlosaError(
            settings_file,
            "there is no such file.",
            "a study folder with study.toml and codebook.toml.",
            f"Make one with `glosa init {root}`, or name another folder with --study.",
        )
    settings = _validate(Settings, _read_toml(settings_file), settings_file)
    codebook = _validate(Codebook, _read_toml(codebook_file), codebook_file)
    _check_theme_ids(codebook, codebook_file)
    _check_thresholds(settings, codebook, settings_file)
    _check_declared(settings, settings_file)
    return Study(root, settings, codebook)


def _check_theme_ids(codebook: Codebook, file: Path) -> None:
    for i, theme_id in enumerate(codebook.ids):
        if theme_id in codebook.ids[:i]:
            raise GlosaError(
                file,
                f"the theme id {theme_id!r} is used twice.",
                "an id of its own for every theme.",
                f"Rename or remove one of the two [[themes]] with id = {theme_id!r}.",
            )
        if theme_id in RESERVED_THEMES:
            raise GlosaError(
                file,
                f"a theme has the id {theme_id!r}.",
                "an id that is not reserved.",
                "Rename the theme: `other` is what fits no theme, `recommendation` what recommends something.",
            )


def _check_thresholds(settings: Settings, codebook: Codebook, file: Path) -> None:
    for theme_id in settings.coding.thresholds:
        if theme_id not in codebook.ids:
            near = difflib.get_close_matches(theme_id, codebook.ids, n=1)
            raise GlosaError(
                file,
                f"`coding.thresholds` names {theme_id!r}, which is no theme of the codebook.",
                f"one of {', '.join(codebook.ids)}.",
                f"Did you mean `{near[0]}`?" if near else "Remove it, or add the theme to codebook.toml.",
            )


def _check_declared(settings: Settings, file: Path) -> None:
    """A field of one's own is welcome; one that is nearly a known one is a slip, and would print "Not reported"."""
    for name, section in settings.declared().items():
        for key in section.model_extra or {}:
            near = difflib.get_close_matches(key, [*type(section).model_fields, *section.also], n=1, cutoff=0.8)
            if near:
                raise GlosaError(
                    file,
                    f"unknown key `{name}.{key}`.",
                    f"one of {', '.join(type(section).model_fields)}, or a name unlike these.",
                    f"Did you mean `{near[0]}`?",
                )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise GlosaError(
            file,
            "there is no such file.",
            "a codebook with at least one [[themes]].",
            "Copy one, or make a commented one with `glosa init` in another folder.",
        ) from None
    except UnicodeDecodeError as error:
        raise GlosaError(
            file,
            f"byte {error.start} is not UTF-8.",
            "a text file in UTF-8.",
            "Save it as UTF-8 in your editor.",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise GlosaError(
            file,
            f"not valid TOML: {error}.",
            'TOML, such as title = "My study".',
            "Mend the line that is named.",
        ) from None


def _validate(model: type[M], value: dict[str, Any], file: Path) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _letter(model, error, file) from None


def _letter(model: type[BaseModel], error: ValidationError, file: Path) -> GlosaError:
    """Turn one of pydantic's complaints, a misspelt key before all, into one that names the key as it stands."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    if first["type"] == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1)
        remedy = f"Did you mean `{near[0]}`?" if near else "Remove the key, or see README for the keys."
        return GlosaError(file, f"unknown key `{key}`.", f"one of {', '.join(known)}.", remedy)
    if first["type"] == "missing":
        return GlosaError(file, f"`{key}` is missing.", "this key to be set.", f"Add `{path[-1]}`.")
    found = json.dumps(first["input"], ensure_ascii=False, default=str)
    found = found if len(found) <= 80 else found[:79] + "…"
    expected = _EXPECTED.get(first["type"]) or first["msg"].removeprefix("Value error, ").removeprefix(
        "Input should be "
    )
    return GlosaError(file, f"`{key}` is {found}.", f"{expected}.", f"Change `{key}` in {file.name}.")


_EXPECTED = {
    "tuple_type": 'a list, such as ["en", "es"]',
    "list_type": 'a list, such as ["one", "two"]',
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "model_type": "a section with keys of its own",
    "dict_type": 'keys with values, such as en = "…"',
}


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """Return the keys that the section at `path` knows."""
    for part in path:
        if part.isdigit():
            continue
        annotation = model.model_fields[part].annotation
        inner = getattr(annotation, "__args__", None)
        candidate = inner[0] if inner else annotation
        if not (isinstance(candidate, type) and issubclass(candidate, BaseModel)):
            return []
        model = candidate
    return list(model.model_fields)
