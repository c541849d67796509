"""What must not be published, found in a text and replaced: names, e-mails, links, handles, phones, identity numbers.

Where the names come from: the readers see who signed what, so `ingest` writes the contributors' names to
`.glosa/names.json`, and `publish` reads them there. The file is declared like any other, so the flow stays one-way and
a finished study can be published again; it stands in the state folder (ignored by git, readable by its owner alone),
so no column of `data/processed` carries a name. Reading the captures a second time would have cost as much as the
first time, and would have tied the report to files that may have changed since.

A full name is found anywhere, in any case, with or without accents. A first name or surname alone is found where it
is written with a capital and is no common word: neither in the word lists of any language nor in lower case in the
corpus ("Rosa" stays where somebody writes "rosa").
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from pipeline.languages import all_lexicons
from pipeline.wording import fold, words

KINDS = ("name", "email", "link", "handle", "phone", "id")

_DATA = tomllib.loads((resources.files("pipeline") / "privacy.toml").read_text(encoding="utf-8"))
_PARTICLES, _TITLES, _WORDS = (frozenset(_DATA[key].split()) for key in ("particles", "titles", "words"))
_TOKEN = re.compile(r"[^\W_]+")
_BETWEEN_NAMES = re.compile(r"[\s._'’\-,]{1,3}")
_ADJOINING = re.compile(r"(?:[ \u00a0-]|(?: (?:de|del|la|las|los|da|do|das|dos|di|della|von|van|der|den|du|le))+ )")
_MIN_LETTERS = 3
_AFTER_NAME = re.compile(r"\s*(?:[|•·(\[/]|\s[-–—]\s|<).*$", re.DOTALL)
_EMAIL = re.compile(
    r"(?<![\w.+%@-])(?:mailto:)?[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}(?![\w-])"
    r"|(?<![\w.+%@-])[\w.+%-]{1,64}\s?[\[({]\s?(?:at|arroba|ät|chiocciola|arobase)\s?[\])}]\s?"
    r"[\w-]{1,63}(?:(?:\.|\s?[\[({]\s?(?:dot|punto|ponto|punkt|point)\s?[\])}]\s?)[\w-]{2,63}){1,4}",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?<![\w@])(?:(?:https?|ftp)://|www\.(?=\w))[^\s<>\"»”“]{1,2000}"
    r"|(?<![\w@.-])(?:[\w-]{1,30}\.){0,3}(?:linkedin|facebook|fb|instagram|twitter|x|tiktok|youtube|youtu|github|gitlab|t|wa|"
    r"telegram|threads|bsky|medium|pinterest|reddit|vk|xing|about|linktr|orcid|researchgate|academia)"
    r"\.(?:com|me|app|social|net|org|be|ee|edu)/[^\s<>\"»”“]{1,2000}",
    re.IGNORECASE,
)
_LINK_END = ".,;:!?…'’)]}*_"
_HANDLE = re.compile(
    r"(?<![\w@＠.+%/-])[@＠][^\W\d][\w.-]{1,38}(?:@(?:[\w-]{1,63}\.){1,4}[^\W\d_]{2,24})?"
    r"|(?<![\w/])/?u/[A-Za-z0-9_-]{3,20}(?![\w/])"
)
_DNI = re.compile(
    r"(?<![\w.-])(?:\d{8}|\d{2}\.\d{3}\.\d{3})[- ]?[A-Z](?![\w])|(?<![\w.-])[XYZ][- ]?\d{7}[- ]?[A-Z](?!\w)", re.I
)
_CPF = re.compile(r"(?<![\w.-])(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{9}-\d{2}|\d{11})(?![\w-])")
_NIF = re.compile(
    r"\b(?:NIF|NIPC|contribuinte|n[úu]mero fiscal)\b[^\d\n]{0,12}?(?P<id>\d{3}[ .]?\d{3}[ .]?\d{3})(?![\w-])",
    re.IGNORECASE,
)
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

# Something that may be a phone number: digits in groups; what is around it and its shape decide.
_DIGITS = re.compile(
    r"(?<![\w+])(?<!\d[.,:/])(?P<plus>\+|00(?=[1-9 ]))?(?P<body>\(?\d[\d \u00a0.\-/()]{4,24}\d)(?![\w%‰]|[.,:]\d)"
)
_PHONE_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        r"[679]\d{2}[ -]?\d{3}[ -]?\d{3}",  # es, pt mobile; es landline
        r"[6789]\d{2}([ .-])\d{2}\1\d{2}\1\d{2}",  # es in pairs
        r"[89]\d[ -]\d{3}[ -]\d{2}[ -]\d{2}",  # es landline
        r"2\d{2} \d{3} \d{3}|2\d ?\d{3} ?\d{4}",  # pt landline
        r"\(?0?[1-9]\d\)?[ .-]?9[ .-]?\d{4}[ .-]?\d{4}",  # br mobile
        r"\(0?[1-9]\d\)[ .-]?\d{4}[ .-]?\d{4}",  # br landline
        r"9\d{4}-\d{4}",  # br mobile without area
        r"(?:1[ .-])?(?:\(\d{3}\) ?|[2-9]\d{2}[.-])\d{3}[ .-]\d{4}",  # us
        r"(?:1 )?[2-9]\d{2} \d{3} \d{4}",
        r"\(?0[1-9](?:[ .-]?\d{2}){4}",  # fr
        r"\(?0[1-9]\d{1,4}\)?[ /-]{1,3}\d{3,}(?:[ -]?\d{2,})*",  # de, it, uk: area and number
        r"0[1-9]\d{8,9}",  # fr, uk, de, it without a gap
        r"3\d{2}[ .-]?\d{6,7}|3\d{2}[ .-]\d{3}[ .-]\d{3,4}|3\d{2}[ .-]\d{2}[ .-]\d{2}[ .-]\d{2,3}",  # it mobile
    )
)
_PHONE_CUE = re.compile(
    r"\b(?:tel|t[ée]l|t[ée]l[ée]?phone|tlfn?o?|tfno|tel[ée]fono|telefone|telem[óo]vel|telefon|phone|mobile|m[óo]vil|celular|"
    r"cell?|cellulare|portable|handy|whats ?app|zap|sms|fax|fone|call|ring|ll[áa]m(?:a|e|ame|eme|enme)|ligue|liga|"
    r"rufen? sie|ruf|appele[zr]|chiam(?:a|ami|atemi))\b[.:]?"
    r"(?:[ -]?(?:me|moi|mich|an|unter|at|on|al|a|o|au|no|n[.º°o]|number|número|numero|nummer|para|is|es|é|ist|est)\b)*"
    r"\W{0,3}$",
    re.IGNORECASE,
)
_NO_PHONE_BEFORE = re.compile(
    r"(?:[$€£¥#§]|R\$|\b(?:eur|usd|isbn(?:-1[03])?|issn|doi|iban|art(?:[íi]culos?|igos?|icles?|ikel|icol[oi]|s)?|n[º°]|núm|num|nr|ref|"
    r"referencia|referência|référence|referenz|order|pedido|bestellung|commande|ordine|expediente|processo|ticket|case|caso|"
    r"invoice|factura|fatura|facture|rechnung|fattura|version|versión|v|id|code|código|codice|law|ley|lei|loi|legge|gesetz))"
    r"[.:]?\s?(?:n[.º°o]\s?)?(?:is |es |é )?$",
    re.IGNORECASE,
)
_NO_PHONE_AFTER = re.compile(
    r"\s?(?:[€$£¥%]|(?:euros?|eur|usd|d[óo]lar\w*|dollars?|reais|pesos|pounds|people|personas|pessoas|habitant\w*|"
    r"menschen|einwohner|personnes|persone|abitanti|million\w*|mill\w+|years|años|anos|ans|jahre|anni|kg|km|mm|cm)\b)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])[./ -](?:0?[1-9]|1[0-2])[./ -](?:19|20)\d{2}(?!\d)"
    r"|(?:19|20)\d{2}[./ -](?:0?[1-9]|1[0-2])[./ -](?:0?[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:19|20)\d{2}(?:[ /.-]+(?:19|20)\d{2})+$"
)


class Span(NamedTuple):
    """Characters `start` to `end` of a text, and which of `KINDS` they are."""

    start: int
    end: int
    kind: str


class Vocabulary(NamedTuple):
    """The words of a corpus: those written in lower case, and those seen only inside addresses, links and handles."""

    common: frozenset[str]
    addresses: frozenset[str]


class Leak(NamedTuple):
    """Something that was about to be published: in which artefact, where in it, what, and the words around it."""

    artefact: str
    place: str
    kind: str
    context: str


class _Name(NamedTuple):
    """What is known of a name's word: the particles before it, and the initials of the names it stands in."""

    particles: set[tuple[str, ...]]
    initials: set[str]


class Finder:
    """Finds what must not be published.

    Args:
        names: the contributors' names as captured.
        common: words that are no names even with a capital; see `vocabulary`.
        singles: whether first names and surnames are looked for alone, or full names only.
        known: texts of the program itself; what occurs in them ("LinkedIn member") is nobody's full name.
    """

    def __init__(
        self, names: Iterable[str], common: Collection[str] = (), singles: bool = True, known: Iterable[str] = ()
    ) -> None:
        self._common = frozenset(common) | _listed_words()
        self._full: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._single: dict[str, _Name] = {}
        own = " " + " ".join(fold(text) for text in known) + " "
        for name in sorted(set(names)):
            tokens = self._tokens_of(name)
            for variant in _variants(tokens):
                if f" {' '.join(variant)} " not in own:
                    self._full[variant[0]].add(variant)
            if singles:
                self._add_singles(tokens)
        self._longest_first = {first: sorted(v, key=lambda t: (-len(t), t)) for first, v in self._full.items()}

    def find(self, text: str, language: str = "") -> list[Span]:
        """Return what must not be published, in order, without overlap."""
        found = _patterns(text)
        found += self._names(text, language, found)
        return sorted(found)

    def replace(self, text: str, placeholders: Mapping[str, str], language: str = "") -> tuple[str, Counter[str]]:
        """Return the text with a placeholder for each find, and how many of each kind there were."""
        spans = self.find(text, language)
        return rendered(text, spans, placeholders), Counter(span.kind for span in spans)

    def grave(self, text: str) -> list[Span]:
        """Return full names, e-mail addresses and phone numbers: what no published file may hold."""
        found = [span for span in _patterns(text) if span.kind in {"email", "phone"}]
        return sorted(found + self._names(text, "", found, alone=False))

    def is_name(self, word: str) -> bool:
        """Tell a contributor's name among lower-case words such as a topic's keywords."""
        return fold(word) in self._single and not self._is_common(word)

    def _is_common(self, token: str) -> bool:
        return token.lower() in self._common or token.casefold() in self._common

    def _tokens_of(self, name: str) -> list[str]:
        """Return a name's words, folded; none for a description ("primary teacher") or a lone number."""
        name = _AFTER_NAME.sub("", _EMAIL.sub(" ", name).strip(" \"'<>()"))
        family, comma, given = name.partition(",")
        if comma:
            credentials = all(fold(t) in _TITLES or (t.isupper() and len(t) > 1) for t in _TOKEN.findall(given))
            name = family if credentials or len(_TOKEN.findall(given)) > 3 else f"{given} {family}"
        tokens = _TOKEN.findall(name)
        described = [t for t in tokens if t.islower() and fold(t) not in _PARTICLES and t in self._common]
        folded = [_fold(token) for token in tokens]
        return [] if described else [t for t in folded if t and t not in _TITLES]

    def _add_singles(self, tokens: Sequence[str]) -> None:
        content = [t for t in tokens if t not in _PARTICLES]
        particles: list[str] = []
        for token in tokens:
            if token in _PARTICLES:
                particles.append(token)
                continue
            if len(token) >= _MIN_LETTERS and token.isalpha():
                entry = self._single.setdefault(token, _Name(set(), set()))
                if particles:
                    entry.particles.add(tuple(particles))
                entry.initials.update(t[0] for t in content if t != token)
            particles = []

    def _names(self, text: str, language: str, taken: Sequence[Span], alone: bool = True) -> list[Span]:
        tokens = [(m.start(), m.end(), m.group()) for m in _TOKEN.finditer(text)]
        folded = [_fold(token) for _, _, token in tokens]
        found: list[Span] = []
        i = 0
        while i < len(tokens):
            size = self._full_at(text, tokens, folded, i)
            first, last = i, i + size
            if not size and alone and self._is_single(tokens[i][2], folded[i], language):
                first, last = self._widened(text, tokens, folded, i)
            if last > first:
                start, end = tokens[first][0], _with_full_stop(text, tokens[last - 1][0], tokens[last - 1][1])
                if language == "de" and not size and folded[i] not in self._single:
                    end -= 1  # the s of a genitive stays
                if not any(start < span.end and span.start < end for span in taken):
                    found.append(Span(start, end, "name"))
            i = max(last, i + 1)
        return _merged(text, found)

    def _full_at(self, text: str, tokens: Sequence[tuple[int, int, str]], folded: Sequence[str], i: int) -> int:
        """Return how many tokens from the i-th on are a full name."""
        for variant in self._longest_first.get(folded[i], ()):
            n = len(variant)
            if tuple(folded[i : i + n]) != variant:
                continue
            here = [token for _, _, token in tokens[i : i + n]]
            joined = all(_BETWEEN_NAMES.fullmatch(text, tokens[j][1], tokens[j + 1][0]) for j in range(i, i + n - 1))
            content = [token for token in here if _fold(token) not in _PARTICLES]
            rare = any(not self._is_common(token) and len(token) > 1 and token.isalpha() for token in content)
            if joined and (rare or all(token[0].isupper() or token[0].isdigit() for token in content)):
                return n
        return 0

    def _is_single(self, token: str, folded: str, language: str) -> bool:
        if not token[0].isupper() or self._is_common(token):
            return False
        if folded in self._single:
            return True
        stem = token[:-1]
        return (
            language == "de"
            and folded.endswith("s")
            and len(stem) >= _MIN_LETTERS
            and folded[:-1] in self._single
            and not self._is_common(stem)
        )

    def _widened(
        self, text: str, tokens: Sequence[tuple[int, int, str]], folded: Sequence[str], i: int
    ) -> tuple[int, int]:
        """Return the tokens of a single name with its own particles ("de la Cruz") and initials ("Priya N.")."""
        entry = self._single.get(folded[i]) or self._single[folded[i][:-1]]
        first, last = i, i + 1
        for particles in sorted(entry.particles, key=len, reverse=True):
            n = len(particles)
            if (
                i >= n
                and tuple(folded[i - n : i]) == particles
                and text[tokens[i - n][0] : tokens[i][0]].count(" ") == n
            ):
                first = i - n
                break

        def is_initial(j: int, before: bool) -> bool:
            start, end, token = tokens[j]
            near = text[end : tokens[first][0]] in {". ", "."} if before else text[tokens[last - 1][1] : start] == " "
            return (
                len(token) == 1
                and token.isupper()
                and near
                and text[end : end + 1] == "."
                and folded[j] in entry.initials
            )

        if first and is_initial(first - 1, before=True):
            first -= 1
        if last < len(tokens) and is_initial(last, before=False):
            last += 1
        return first, last


def vocabulary(texts: Iterable[str]) -> Vocabulary:
    """Return what a corpus says of its words: which it writes in lower case, and which are in addresses only."""
    seen: set[str] = set()
    inside: set[str] = set()
    for text in texts:
        spans = [s for s in _patterns(text) if s.kind in {"email", "link", "handle"}] if _may_hold_address(text) else []
        place = 0
        for span in spans:
            seen.update(_TOKEN.findall(text[place : span.start]))
            inside.update(words(text[span.start : span.end]))
            place = span.end
        seen.update(_TOKEN.findall(text[place:]))
    lower = frozenset(token for token in seen if token == token.lower() and token[0].isalpha())
    return Vocabulary(lower, frozenset(inside - {token.casefold() for token in seen} if inside else ()))


def rendered(
    text: str, spans: Sequence[Span], placeholders: Mapping[str, str], start: int = 0, end: int | None = None
) -> str:
    """Return `text[start:end]` with a placeholder in brackets for each span; one that is cut stands in both parts."""
    end = len(text) if end is None else end
    out, place = [], start
    for span in spans:
        first, last = max(span.start, start), min(span.end, end)
        if first >= last:
            continue
        cut_gap = (first, last) != (span.start, span.end) and not _TOKEN.search(text, first, last)
        out += [text[place:first], text[first:last] if cut_gap else f"[{placeholders[span.kind]}]"]
        place = last
    return "".join([*out, text[place:end]])


def leaks(artefacts: Mapping[str, bytes], finder: Finder, allowed: Iterable[str] = ()) -> Iterator[Leak]:
    """Yield what published files (by name; HTML, SVG, CSV, JSON) hold and must not.

    Args:
        artefacts: the files' bytes by name.
        finder: knows the contributors' names.
        allowed: texts that may stand there as they are, such as the contact address that study.toml gives.
    """
    masks = sorted({text for text in allowed if text}, key=lambda text: (-len(text), text))
    for name, content in artefacts.items():
        read = _READERS.get(name.rsplit(".", 1)[-1])
        for place, text in read(content.decode()) if read else ():
            bare = text
            for mask in masks:
                bare = bare.replace(mask, " ¶ ") if mask in bare else bare
            for span in finder.grave(bare):
                around = bare[max(span.start - 30, 0) : span.start] + f"[{span.kind}]" + bare[span.end : span.end + 30]
                yield Leak(name, place, span.kind, " ".join(around.split()))


@cache
def _listed_words() -> frozenset[str]:
    """Words of the languages' lists: stop words, cues and furniture are no names."""
    listed = set(_WORDS)
    for known in all_lexicons():
        listed |= known.stop | known.negators
        for cues in known.cues.values():
            listed.update(word for cue in cues for word in words(cue))
        listed.update(known.months)
    return frozenset(listed)


def _fold(token: str) -> str:
    return token.lower() if token.isascii() else fold(token).replace(" ", "")


def _variants(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    """Return the ways of writing a name with two words or more."""
    is_content = [t not in _PARTICLES and len(t) > 1 for t in tokens]
    content = [i for i, yes in enumerate(is_content) if yes]
    found = {tuple(tokens)} if len(tokens) > 1 and content else set()
    for a in content:
        for b in content:
            if a < b:
                found.add(tuple(tokens[a : b + 1]))
    if len(content) > 1 and content[0] == 0:
        for b in content[1:]:
            start = b
            while start and not is_content[start - 1] and tokens[start - 1] in _PARTICLES:
                start -= 1
            found |= {(tokens[0], *tokens[start : b + 1]), (tokens[0], tokens[b])}
        found.add((*tokens[content[1] :], tokens[0]))
    return {variant for variant in found if not all(token.isdigit() for token in variant)}


def _with_full_stop(text: str, start: int, end: int) -> int:
    """Take the dot of an initial in, unless it ends the sentence too."""
    is_initial = end - start == 1 and text[end : end + 1] == "."
    rest = text[end + 1 : end + 3]
    ends = not rest.strip() or (rest[0].isspace() and rest[1:].isupper())
    return end + 1 if is_initial and not ends else end


def _merged(text: str, spans: Sequence[Span]) -> list[Span]:
    """Join names that stand side by side, particles between them included."""
    merged: list[Span] = []
    for span in spans:
        if merged and _ADJOINING.fullmatch(text, merged[-1].end, span.start):
            merged[-1] = Span(merged[-1].start, span.end, "name")
        else:
            merged.append(span)
    return merged


def _may_hold_address(text: str) -> bool:
    return "@" in text or "＠" in text or "://" in text or "/" in text or "www." in text


def _patterns(text: str) -> list[Span]:
    """Return e-mails, links, handles, identity numbers and phone numbers, in this order of precedence."""
    found: list[Span] = []

    def add(start: int, end: int, kind: str) -> None:
        if not any(start < span.end and span.start < end for span in found):
            found.append(Span(start, end, kind))

    if _may_hold_address(text) or "arroba" in text or "[at]" in text or "(at)" in text:
        for kind, pattern in (("link", _LINK), ("email", _EMAIL), ("handle", _HANDLE)):
            for match in pattern.finditer(text):
                add(
                    match.start(),
                    match.start() + len(match.group().rstrip(_LINK_END if kind != "email" else ".")),
                    kind,
                )
    if any(char.isdigit() for char in text):
        for pattern, is_valid in ((_DNI, _is_dni), (_CPF, _is_cpf), (_NIF, _is_nif)):
            for match in pattern.finditer(text):
                group = "id" if "id" in pattern.groupindex else 0
                if is_valid(match.group(group)):
                    add(match.start(group), match.end(group), "id")
        for start, end in _phones(text):
            add(start, end, "phone")
    return sorted(found)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _DIGITS.finditer(text):
        body, start = match["body"].rstrip(" (-/."), match.start()
        end = match.start("body") + len(body)
        if body.endswith(")") and "(" not in body:
            body, end = body[:-1], end - 1
        before, after = text[max(start - 40, 0) : start], text[end : end + 20]
        if _is_phone(body, bool(match["plus"]), before, after):
            yield start, end


def _is_phone(body: str, international: bool, before: str, after: str) -> bool:
    digits = re.sub(r"\D", "", body)
    if (
        _NO_PHONE_BEFORE.search(before)
        or _NO_PHONE_AFTER.match(after)
        or _DATE.match(body)
        or re.search(r"[ .\-/]{4,}", body)
    ):
        return False
    if international:
        return 8 <= len(digits) <= 15
    if _PHONE_CUE.search(before):
        return 6 <= len(digits) <= 15
    if digits.endswith("000000") or re.search(r"\d\.\d{3}\.\d{3}$", body):
        return False
    plain = body.replace("\u00a0", " ")
    return 9 <= len(digits) <= 12 and any(shape.fullmatch(plain) for shape in _PHONE_SHAPES)


def _is_dni(text: str) -> bool:
    """Check the letter of a Spanish DNI or NIE."""
    bare = re.sub(r"[\s.-]", "", text).upper()
    number = bare[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and _DNI_LETTERS[int(number) % 23] == bare[-1]


def _is_cpf(text: str) -> bool:
    """Check both digits of a Brazilian CPF; eleven bare digits that could be a mobile phone are none."""
    digits = [int(d) for d in text if d.isdigit()]
    if len(set(digits)) == 1 or (text.isdigit() and digits[2] == 9):
        return False
    for n in (9, 10):
        rest = sum(d * (n + 1 - i) for i, d in enumerate(digits[:n])) * 10 % 11 % 10
        if rest != digits[n]:
            return False
    return True


def _is_nif(text: str) -> bool:
    """Check the last digit of a Portuguese NIF."""
    digits = [int(d) for d in text if d.isdigit()]
    rest = 11 - sum(d * (9 - i) for i, d in enumerate(digits[:8])) % 11
    return digits[8] == (0 if rest >= 10 else rest)


# Attributes that hold shapes and colours, and elements that hold rules: no words.
_MARKUP = re.compile(r"<!--.*?-->|<style.*?</style>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_INLINE = re.compile(r"</?(?:span|b|i|em|strong|mark|tspan)\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHAPES = frozenset({"d", "transform", "points", "style", "viewbox", "width", "height", "x", "y", "xmlns"})


def _markup(source: str) -> Iterator[tuple[str, str]]:
    """Yield the texts, comments and attributes of HTML or SVG with their places."""
    run, began, place = "", 0, 0
    for match in [*_MARKUP.finditer(source), None]:
        text = source[place : match.start() if match else len(source)]
        began = place if not run.strip() else began
        run += text
        place = match.end() if match else len(source)
        tag = match.group() if match else ""
        if tag and _INLINE.match(tag):
            yield from _attributes(source, tag, match.start() if match else 0)
            continue
        if run.strip():
            yield _line(source, began), html.unescape(run)
        run = ""
        if tag.startswith("<!--"):
            yield f"{_line(source, place)}, comment", html.unescape(tag[4:-3])
        elif tag and not tag.lower().startswith("<style"):
            yield from _attributes(source, tag, place)


def _attributes(source: str, tag: str, place: int) -> Iterator[tuple[str, str]]:
    for name, double, single in _ATTRIBUTE.findall(tag):
        if name.lower() not in _SHAPES:
            yield f"{_line(source, place)}, attribute {name}", html.unescape(double or single)


def _line(source: str, place: int) -> str:
    return f"line {source.count(chr(10), 0, place) + 1}"


def _csv_cells(source: str) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(csv.reader(io.StringIO(source)), start=1):
        for column, cell in enumerate(row, start=1):
            if not re.fullmatch(r"-?[\d.]*(?:e-?\d+)?", cell):
                yield f"row {number}, column {column}", cell


def _json_texts(source: str) -> Iterator[tuple[str, str]]:
    def walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield f"a key of {path or 'the top'}", key
                yield from walk(inner, f"{path}.{key}".lstrip("."))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from walk(inner, f"{path}[{i}]")
        elif isinstance(value, str):
            yield path, value

    yield from walk(json.loads(source), "")


_READERS: Mapping[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "html": _markup,
    "svg": _markup,
    "csv": _csv_cells,
    "json": _json_texts,
}
