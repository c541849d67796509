"""What a study says of itself: sections of `study.toml` that the report prints as they stand.

The fields are those that readers look for: SRQR and COREQ for the team, the AoIR's ethics 3.0 and the GDPR for ethics
and sources, data statements (Bender & Friedman 2018) for the data. All are text, and none has to be filled: the report
says "Not reported". A study may add fields of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Declared(BaseModel):
    """A section of free text; `also` are other names under which a field is known."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    __pydantic_extra__: dict[str, str] = Field(init=False)
    also: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_one_name(cls, value: Any) -> Any:
        return {cls.also.get(key, key): text for key, text in value.items()} if isinstance(value, dict) else value

    def texts(self) -> Iterator[str]:
        """Yield what is said, field by field."""
        yield from (text for text in self.model_dump().values() if text)


class Ethics(Declared):
    """Who approved of the study, on which ground data are used, and what contributors may expect."""

    approval: str = ""
    board: str = ""
    reference: str = ""
    legal_basis: str = ""
    consent: str = ""
    expectations: str = ""
    risks: str = ""
    safeguards: str = ""
    retention: str = ""
    contact: str = ""
    removal: str = ""
    declared_on: str = ""
    also: ClassVar[dict[str, str]] = {"contact_for_removal": "removal"}


class Team(Declared):
    """Who did the study, who coded, and what they bring with them."""

    researchers: str = ""
    coders: str = ""
    training: str = ""
    languages: str = ""
    positionality: str = ""
    relationship: str = ""
    funding: str = ""
    interests: str = ""


class Sources(Declared):
    """How the captures came about, and what allows their use."""

    capture: str = ""
    selection: str = ""
    period: str = ""
    terms: str = ""
    permissions: str = ""


class DataStatement(Declared):
    """Whose language the data hold, and how it was written down."""

    curation: str = ""
    language_variety: str = ""
    speakers: str = ""
    annotators: str = ""
    situation: str = ""
    text_characteristics: str = ""
    recording_quality: str = ""
    provenance: str = ""
    licence: str = ""
    also: ClassVar[dict[str, str]] = {
        "curation_rationale": "curation",
        "speaker_demographic": "speakers",
        "annotator_demographic": "annotators",
        "speech_situation": "situation",
    }
