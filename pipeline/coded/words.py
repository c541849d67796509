"""What people write into sheets: marks that mean yes or no, names of columns, and the words a sheet itself uses."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pipeline.readers.columns import fold_name

_YES_WORDS = "yes y si s sim ja j oui ok true t verdadero verdadeiro wahr vrai vero v waar"
_NO_WORDS = "no n nao nein non nee false falso falsch faux onwaar"
_YES = frozenset((*"x×✓✔☑☒✅🗸√+1", *_YES_WORDS.split()))
_NO = frozenset((*"0-–—−☐", *_NO_WORDS.split()))

# Column names other than the sheet's own, in the languages people rename them to.
_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "unit_id": "id, unit, unidad, unidade, unité, id unidad, id de unidad, id de la unidad, id da unidade",
        "file": "archivo, fichero, arquivo, ficheiro, fichier, datei, source, fuente, fonte",
        "start": "inicio, início, comienzo, début, anfang, inizio, from",
        "end": "fin, final, fim, ende, fine, to",
        "text": "texto, texte, testo, unit text, sentence, frase, oración, oração, phrase, satz, quote, cita",
        "recommendation": "recommends, is recommendation, recomendación, recomienda, es recomendación, recomendação, "
        "recomenda, recommandation, recommande, empfehlung, raccomandazione, aanbeveling, recomanació",
        "other": "others, otro, otra, otros, otras, outro, outra, outros, outras, autre, autres, andere, anderes, "
        "sonstige, sonstiges, altro, altri, altra, anders, overig, altres",
        "note": "notes, nota, notas, notiz, notizen, comment, comments, comentario, comentarios, comentário, "
        "comentários, observaciones, observações, remarque, remarques, bemerkung, bemerkungen, commento, commenti",
        "coder": "coders, coder name, codificador, codificadora, codeur, codeuse, kodierer, kodiererin, codificatore",
        "codes": "code, themes, theme, código, códigos, tema, temas, kodes, codici, thème, thèmes, themen",
        "round": "ronda, rodada, runde, tour",
    }
)


class NoMarkError(ValueError):
    """A cell that means neither yes nor no."""


def mark(cell: str, names: frozenset[str] = frozenset()) -> bool | None:
    """Return what a cell says: yes, no, or None where it is empty; raise `NoMarkError` for anything else.

    `names` are the folded names of the cell's column: whoever writes the theme's name under it means yes.
    """
    bare = cell.strip().rstrip(".!").strip("'\"[]()").strip().casefold()
    if not bare:
        return None
    plain = _without_accents(bare)
    if plain in _YES or (plain and fold_name(cell) in names):
        return True
    if plain in _NO:
        return False
    try:
        number = float(plain.replace(",", "."))
    except ValueError:
        raise NoMarkError(cell) from None
    if number not in (0.0, 1.0):
        raise NoMarkError(cell)
    return bool(number)


@cache
def synonyms(field: str) -> frozenset[str]:
    """Return the folded names that people give to one of the sheet's columns."""
    return frozenset(filter(None, map(fold_name, (field, *_SYNONYMS.get(field, "").split(",")))))


def _without_accents(text: str) -> str:
    """Drop accents and variation selectors: `sí` is `si`, `✔️` is `✔`."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(char for char in split if not unicodedata.combining(char) and not "\ufe00" <= char <= "\ufe0f")


YES_NO: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": ("yes", "no"), "es": ("sí", "no"), "pt": ("sim", "não"), "fr": ("oui", "non"), "de": ("ja", "nein"),
        "it": ("sì", "no"), "nl": ("ja", "nee"), "ca": ("sí", "no"),
    }
)  # fmt: skip
CODEBOOK_HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("id", "Label", "Definition", "Include", "Exclude", "Examples"),
        "es": ("id", "Nombre", "Definición", "Incluye", "Excluye", "Ejemplos"),
        "pt": ("id", "Nome", "Definição", "Inclui", "Exclui", "Exemplos"),
    }
)
OTHER_DEFINITION: Mapping[str, str] = MappingProxyType(
    {
        "en": "A recommendation that fits no theme.",
        "es": "Una recomendación que no encaja en ningún tema.",
        "pt": "Uma recomendação que não cabe em nenhum tema.",
    }
)
INSTRUCTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (
            "One row is one sentence. Code the column text; before and after are only its neighbours.",
            "recommendation: yes or no in every row you have read. A row without any mark counts as not reached yet.",
            "Themes: an x under every theme that applies. A recommendation that fits no theme: an x under other.",
            "Code alone, without looking at anybody else's sheet. Leave unit_id as it is.",
        ),
        "es": (
            "Una fila es una frase. Codifique la columna text; before y after son solo sus vecinas.",
            "recommendation: sí o no en cada fila leída. Una fila sin ninguna marca cuenta como aún no leída.",
            "Temas: una x bajo cada tema que corresponda, varios si hace falta. Si no encaja en ninguno: other.",
            "Codifique a solas, sin mirar la hoja de nadie más. No cambie unit_id.",
        ),
        "pt": (
            "Uma linha é uma frase. Codifique a coluna text; before e after são apenas as vizinhas.",
            "recommendation: sim ou não em cada linha lida. Uma linha sem nenhuma marca conta como ainda não lida.",
            "Temas: um x em cada tema que se aplique, vários se for preciso. Se não couber em nenhum: other.",
            "Codifique sem ver a folha de mais ninguém. Não altere unit_id.",
        ),
    }
)
