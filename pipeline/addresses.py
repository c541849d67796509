"""E-mail addresses, links, handles, phone numbers and identity numbers in a text.

Shapes and, where there is one, the check digit decide; a phone number is known by its shape or by the words before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

KINDS = ("email", "link", "handle", "phone", "id")
EMAIL = re.compile(
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
    """Characters `start` to `end` of a text, and what they are: one of `KINDS`, or a name."""

    start: int
    end: int
    kind: str


def may_hold(text: str) -> bool:
    """Take a quick look: whether a text may hold an e-mail address, a link or a handle."""
    return "@" in text or "＠" in text or "://" in text or "/" in text or "www." in text


def find(text: str) -> list[Span]:
    """Return e-mails, links, handles, identity numbers and phone numbers, in this order of precedence."""
    found: list[Span] = []

    def add(start: int, end: int, kind: str) -> None:
        if not any(start < span.end and span.start < end for span in found):
            found.append(Span(start, end, kind))

    if may_hold(text) or "arroba" in text or "[at]" in text or "(at)" in text:
        for kind, pattern in (("link", _LINK), ("email", EMAIL), ("handle", _HANDLE)):
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
