"""Tables of records: separators, headers, columns, workbooks, nested JSON; what was taken for what is recorded."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile
from pathlib import Path, PurePath
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import readers, study
from pipeline.readers import Document, UnreadableError, Wanted, columns, delimited, trees
from pipeline.stages import ingest
from tests.conftest import glosa, make_study

LONG = "I would call her the same day and say what I told, and to whom."
LONGER = "First of all I would listen, then apologise without any excuse, and ask what she needs from me now."
THIRD = "We wrote new rules together, and since then every file is locked before anyone leaves the room."


def read(content: str | bytes, name: str, **wanted: tuple[str, ...]) -> Document:
    raw = content.encode() if isinstance(content, str) else content
    (document,) = readers.read(raw, PurePath(name), Wanted(**wanted))
    return document


def texts(document: Document) -> list[str]:
    return [document.text[b.start : b.end] for b in document.blocks]


def taken(document: Document, role: str) -> list[str]:
    return [name for name, given in document.columns if given == role]


def is_lawful(document: Document) -> None:
    end = 0
    for block in document.blocks:
        text = document.text[block.start : block.end]
        assert text == text.strip() != ""
        assert block.start >= end
        end = block.end
    places = [piece.locator for piece in document.set_aside] + [block.locator for block in document.blocks]
    assert len(places) == len(set(places))


# Separators


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "~", ":"])
def test_any_separator_with_quotes_and_cells_of_several_lines(separator: str) -> None:
    rows = [["id", "author", "text"], ["1", "Ana", f'She said: "no";\n{separator} then, | left'], ["2", "Ben", LONG]]
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    document = read(out.getvalue(), "a.csv")
    assert texts(document) == [rows[1][2], LONG]
    assert [b.voice for b in document.blocks] == ["Ana", "Ben"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_line_ends_of_spreadsheet_programs(encoding: str) -> None:
    content = "id;comentario\r\n1;Pedí perdón mañana.\r\n2;Escuché.\r\n".encode(encoding)
    assert texts(read(content, "a.csv")) == ["Pedí perdón mañana.", "Escuché."]
    assert texts(read("id;text\r1;One.\r2;Two.\r", "a.csv")) == ["One.", "Two."]


def test_the_separator_that_a_file_declares() -> None:
    assert texts(read("sep=;\nid;text\n1;Yes, no, maybe\n2;No\n", "a.csv")) == ["Yes, no, maybe", "No"]


def test_commas_of_sentences_separate_nothing() -> None:
    lines = ["Sorry, I was wrong.", "Own it, then repair it.", "Listen, and wait."]
    assert texts(read("\n".join(lines), "a.csv")) == lines
    assert texts(read("comment\n" + "\n".join(lines), "a.csv")) == lines


def test_a_tsv_with_another_separator_is_read_all_the_same() -> None:
    assert texts(read("id;text\n1;One.\n", "a.tsv")) == ["One."]
    assert texts(read("id\ttext\n1\tOne; two; three.\n", "a.tsv")) == ["One; two; three."]


def test_a_quotation_mark_that_never_closes_does_not_swallow_the_rows_below() -> None:
    document = read('id,text\n1,"Sorry," he said\n2,"Never closed\n3,Three.\n4,Four.\n', "a.csv")
    assert texts(document)[1:] == ['"Never closed', "Three.", "Four."]


# Rows and headers


def test_lines_that_begin_with_an_inch_mark_stay_apart() -> None:
    lines = ['"One', '"Two', "Three", '"Four']
    assert texts(read("text\n" + "\n".join(lines), "a.csv")) == lines


def test_ragged_rows_lose_nothing() -> None:
    document = read("id,text\n1,I am sorry, truly, I am\n2\n\n3,Fine\n", "a.csv")
    assert texts(document) == ["I am sorry, truly, I am".replace(", ", ","), "Fine"]
    assert [(p.locator, p.reason) for p in document.set_aside] == [("record 2", "empty_cell")]
    document = read("text,id\nOne,1,extra,\nTwo,2\nThree,3\n", "a.csv")
    assert texts(document) == ["One", "Two", "Three"]
    assert [(p.locator, p.reason) for p in document.set_aside] == [("record 1, cell 3", "bad_record")]


def test_a_header_below_titles_comments_and_blank_lines() -> None:
    document = read("# exported 2024\n\nSurvey of mentors;;\nid;name;comment\n1;Ana;Sorry.\n2;Ben;Me too.\n", "a.csv")
    assert texts(document) == ["Sorry.", "Me too."]
    assert [b.locator for b in document.blocks] == ["record 1", "record 2"]
    assert [(p.locator, p.reason) for p in document.set_aside] == [
        ("row 1", "before_header"),
        ("row 3", "before_header"),
    ]


def test_headers_that_stand_twice_or_are_missing() -> None:
    document = read(f"comment;comment;;\n{LONG};{LONGER};x;y\n", "a.csv")
    assert [name for name, _ in document.columns][:2] == ["comment", "comment (2)"]
    is_lawful(document)


@pytest.mark.parametrize("rows", [[[LONG], [LONGER], [THIRD]], [["Totally agree."], [LONG], [LONGER]]])
def test_one_column_without_a_header(rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert texts(read(out.getvalue(), "a.csv")) == [row[0] for row in rows]


def test_several_columns_without_a_header_where_one_is_prose() -> None:
    document = read(f"1;es;Ana;{LONG}\n2;es;Ben;{LONGER}\n3;en;Eva;{THIRD}\n", "a.csv")
    assert texts(document) == [LONG, LONGER, THIRD]
    assert taken(document, "text") == ["column 4"]


@pytest.mark.parametrize("header", ["text", "Q1", "open_text", "Tu respuesta", "¿Qué haría usted?"])
def test_the_header_of_one_column(header: str) -> None:
    assert texts(read(f'{header}\n"{LONG}"\n"{LONGER}"\n"{THIRD}"\n', "a.csv")) == [LONG, LONGER, THIRD]


def test_the_three_headers_of_a_survey_platform() -> None:
    rows = [
        ["StartDate", "Q1", "Q2"],
        ["Start Date", "What would you do?", "How long have you worked?"],
        ['{"ImportId":"startDate"}', '{"ImportId":"QID1"}', '{"ImportId":"QID2"}'],
        ["2024-03-04 10:00:00", LONG, "3"],
        ["2024-03-05 10:00:00", LONGER, "12"],
    ]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    document = read(out.getvalue(), "a.csv")
    assert texts(document) == [LONG, LONGER]
    assert taken(document, "text") == ["What would you do?"]
    assert [p.reason for p in document.set_aside] == ["before_header", "before_header"]


def test_kinds_of_answers_below_the_questions_are_no_record() -> None:
    rows = f'ID,What would you do?,Anything else?\n,Open-Ended Response,Open-Ended Response\n1,"{LONG}","{LONGER}"\n'
    assert texts(read(rows, "a.csv")) == [LONG, LONGER]
    assert texts(read("Autor|Comentario\n---|---\nAna|Hola.\n", "a.csv")) == ["Hola."]


# Columns


def test_a_survey_with_questions_as_headers_and_two_free_texts() -> None:
    rows = [
        [
            "Marca temporal",
            "¿Cuántos años tiene?",
            "¿Qué haría usted en su lugar?",
            "¿Y qué no haría nunca la persona?",
        ],
        ["2024/03/04 3:15:22 PM GMT+1", "34", LONG, LONGER],
        ["2024/03/05 3:15:22 PM GMT+1", "51", THIRD, ""],
    ]
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    document = read(out.getvalue(), "a.csv")
    assert texts(document) == [LONG, LONGER, THIRD]
    assert [b.locator for b in document.blocks] == [
        f'record 1, column "{rows[0][2]}"', f'record 1, column "{rows[0][3]}"', f'record 2, column "{rows[0][2]}"',
    ]  # fmt: skip
    assert [(p.locator, p.reason) for p in document.set_aside] == [(f'record 2, column "{rows[0][3]}"', "empty_cell")]
    assert taken(document, "date") == ["Marca temporal"]
    assert not taken(document, "voice")


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("id", "id"), ("respondent_id", "voice"), ("comment id", "id"), ("parentId", "parent"),
        ("comment author", "voice"), ("Nombre y apellidos", "voice"), ("author_name", "voice"), ("nome da escola", ""),
        ("E-mail", "voice"), ("Sprache", "language"), ("langue", "language"),
        ("Fecha", "date"), ("created_at", "date"), ("título", "title"),
    ],
)  # fmt: skip
def test_roles_by_name(header: str, role: str) -> None:
    cells = {"date": "2024-03-04", "title": "What a coach once told me about trust"}
    values = [f"{cells.get(role, 'x')}{i}" for i in range(3)] if role not in cells else [cells[role]] * 3
    document = read(
        f"{header};comment\n" + "".join(f"{v};{t}\n" for v, t in zip(values, (LONG, LONGER, THIRD), strict=True)),
        "a.csv",
    )
    assert document.columns == ((header, role), ("comment", "text"))


def test_dates_numbers_and_links_are_never_taken_for_text() -> None:
    document = read(
        f"a;b;c;d\n04/03/2024;12;https://x.org/a;{LONG}\n05/03/2024;3,5;https://x.org/b;{LONGER}\n", "a.csv"
    )
    assert taken(document, "text") == ["d"]
    with pytest.raises(UnreadableError, match="columns: a, b"):
        read("a;b\n04/03/2024;12\n05/03/2024;13\n", "a.csv")


def test_a_title_or_a_repeated_question_is_not_the_text() -> None:
    rows = f"What a coach once told me about it;Q?;{LONG}\nAnother title of five words;Q?;{LONGER}\n"
    document = read(f"title;pregunta;opinion\n{rows}", "a.csv")
    assert document.columns == (("title", "title"), ("pregunta", "prompt"), ("opinion", "text"))


def test_a_name_decides_over_longer_prose_beside_it() -> None:
    document = read(f"moderation;comment\n{LONGER};Sorry.\n{THIRD};Listen.\n", "a.csv")
    assert document.columns == (("moderation", ""), ("comment", "text"))


def test_short_answers_are_text_by_their_name_alone() -> None:
    assert texts(read("n;Tu respuesta\n1;Sí\n2;No\n3;No sé\n", "a.csv")) == ["Sí", "No", "No sé"]


def test_nobody_is_no_voice() -> None:
    document = read("autor;texto\nAnónimo;Uno.\nAna;Dos.\n[deleted];Tres.\nn/a;Cuatro.\n", "a.csv")
    assert [b.voice for b in document.blocks] == [None, "Ana", None, None]


def test_columns_named_in_the_study() -> None:
    content = f"comment;notes;who;tag\nSorry.;{LONG};Ana;es\nListen.;{LONGER};Ben;en\n"
    document = read(content, "a.csv", text=("Notes", "elsewhere"), voice=("who",), language=("tag",))
    assert texts(document) == [LONG, LONGER]
    assert [(b.voice, b.tag) for b in document.blocks] == [("Ana", "es"), ("Ben", "en")]
    both = read(content, "a.csv", text=("notes", "comment"))
    assert texts(both) == ["Sorry.", LONG, "Listen.", LONGER]


@pytest.mark.parametrize("role", ["text", "voice", "language"])
def test_a_named_column_that_a_file_lacks(role: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read("id;comment\n1;Sorry.\n", "a.csv", **{role: ("Nope",)})
    assert caught.value.reason == "no_text_column"
    assert f"'Nope' for ingest.{role}" in caught.value.detail
    assert "columns: id, comment" in caught.value.detail


# Workbooks


def workbook(rows: list[list[object]], **sheets: list[list[object]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "one"
    for name, content in {"one": rows, **sheets}.items():
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in content:
            sheet.append(row)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_sheet_with_titles_blank_rows_and_columns() -> None:
    rows: list[list[object]] = [
        [], [None, "Encuesta 2024"], [], [None, "Nº", None, "Nombre", "Comentario"],
        [None, 1, None, "Ana", "Pide perdón."], [], [None, 2, None, "Ben", "Escucha."],
    ]  # fmt: skip
    document = read(saved(workbook(rows)), "a.xlsx")
    assert texts(document) == ["Pide perdón.", "Escucha."]
    assert [b.voice for b in document.blocks] == ["Ana", "Ben"]
    assert document.blocks[1].locator == "record 3"


def test_cells_are_text_as_people_see_them() -> None:
    values = [3.0, 0.1 + 0.2, dt.date(2024, 3, 4), dt.datetime(2024, 3, 4, 10, 5), True, "=not a formula", "+1"]
    book = workbook([["text"]])
    for i, value in enumerate(values, start=2):
        book["one"].cell(i, 1, value)
    book["one"]["A7"].data_type = "s"
    expected = ["3", "0.3", "2024-03-04", "2024-03-04 10:05:00", "TRUE", "=not a formula", "+1"]
    assert texts(read(saved(book), "a.xlsx")) == expected


def test_a_formula_gives_the_value_that_was_last_shown() -> None:
    book = saved(workbook([["id", "text"], [1, "=UPPER(1)"]]))
    source, out = zipfile.ZipFile(io.BytesIO(book)), io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            part = part.replace(
                b'<c r="B2"><f>UPPER(1)</f><v></v></c>', b'<c r="B2" t="str"><f>UPPER(1)</f><v>Shown.</v></c>'
            )
            part = part.replace(
                b'<c r="B2"><f>UPPER(1)</f><v /></c>', b'<c r="B2" t="str"><f>UPPER(1)</f><v>Shown.</v></c>'
            )
            target.writestr(name, part)
    assert texts(read(out.getvalue(), "a.xlsx")) == ["Shown."]


def test_merged_cells_count_a_text_once_and_name_the_voice_of_every_row() -> None:
    book = workbook([["author", "text"], ["Ana", "One."], [None, "Two."], ["Ben", "Three."], ["Eva", None]])
    book["one"].merge_cells("A2:A3")
    book["one"].merge_cells("B4:B5")
    document = read(saved(book), "a.xlsx")
    assert [(t, b.voice) for t, b in zip(texts(document), document.blocks, strict=True)] == [
        ("One.", "Ana"), ("Two.", "Ana"), ("Three.", "Ben"),
    ]  # fmt: skip
    assert [(p.locator, p.reason) for p in document.set_aside] == [("record 4", "empty_cell")]


def test_hidden_sheets_are_read_and_a_sheet_without_text_keeps_no_other_out() -> None:
    book = workbook([["text"], ["One."]], numbers=[["a", "b"], [1, 2], [3, 4]], hidden=[["text"], ["Two."]])
    book["hidden"].sheet_state = "hidden"
    book.create_chartsheet("chart")
    one, numbers, hidden = readers.read(saved(book), PurePath("a.xlsx"))
    assert (texts(one), texts(hidden)) == (["One."], ["Two."])
    assert texts(numbers) == []
    assert [(p.locator, p.reason) for p in numbers.set_aside] == [("file", "no_text_column")]
    assert "columns: a, b" in numbers.set_aside[0].detail


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04junk",
        saved(workbook([["text"], ["One."]]))[:2000],
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512) + "EncryptedPackage".encode("utf-16-le"),
    ],
    ids=["junk", "cut", "password"],
)
def test_damaged_and_protected_workbooks(content: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        readers.read(content, PurePath("a.xlsx"))
    assert caught.value.reason == "unreadable"
    assert caught.value.detail


def ods(rows: str) -> bytes:
    spaces = "".join(f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr(
            "content.xml",
            f"<office:document-content{spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="Hoja">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def ods_row(*cells: str, repeat: str = "") -> str:
    inner = "".join(
        f'<table:table-cell office:value-type="string"{repeat}><text:p>{c}</text:p></table:table-cell>' for c in cells
    )
    return f"<table:table-row>{inner}</table:table-row>"


def test_an_ods_sheet() -> None:
    document = read(ods(ods_row("autor", "texto") + ods_row("Ana", "Pide perdón.")), "a.ods")
    assert texts(document) == ["Pide perdón."]
    assert (document.format, document.part, document.blocks[0].voice) == ("ods", "Hoja", "Ana")


def test_an_ods_bomb_of_repeated_cells() -> None:
    row = ods_row("x", repeat=' table:number-columns-repeated="16000"')
    bomb = row.replace("<table:table-row>", '<table:table-row table:number-rows-repeated="2000">')
    blank = '<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row>'
    assert texts(read(ods(ods_row("texto") + ods_row("Uno.") + blank), "a.ods")) == ["Uno."]
    with pytest.raises(UnreadableError) as caught:
        read(ods(bomb), "a.ods")
    assert caught.value.reason == "too_large"


# JSON

THREAD = {
    "title": "A thread",
    "tags": [{"label": "x"}, {"label": "y"}],
    "posts": [
        {"author": {"name": "Ana"}, "text": "One.", "likes": [{"by": "Ben"}]},
        {"author": {"name": "Ben"}, "text": "Two.", "replies": [
            {"author": {"name": "Eva"}, "text": "Two A.", "replies": {"data": {"children": [{"text": "Two A a."}]}}},
            {"author": {"name": "Leo"}, "text": None},
        ]},
        {"author": {"name": "Eva"}, "text": "Three."},
    ],
}  # fmt: skip


def test_nested_replies_are_flattened_in_document_order() -> None:
    document = read(json.dumps(THREAD), "a.json")
    assert [(b.locator, t, b.voice) for b, t in zip(document.blocks, texts(document), strict=True)] == [
        ("/posts/0", "One.", "Ana"),
        ("/posts/1", "Two.", "Ben"),
        ("/posts/1/replies/0", "Two A.", "Eva"),
        ("/posts/1/replies/0/replies/data/children/0", "Two A a.", None),
        ("/posts/2", "Three.", "Eva"),
    ]
    reasons = {p.locator: p.reason for p in document.set_aside}
    assert reasons["/posts/1/replies/1"] == "empty_cell"
    assert reasons["/tags/*"] == "no_text_column"
    assert taken(document, "voice") == ["author/name"]
    is_lawful(document)


def test_lists_of_texts_single_records_and_lists_side_by_side() -> None:
    assert texts(read(json.dumps(["One.", "Two."]), "a.json")) == ["One.", "Two."]
    assert texts(read('{"text": "Alone."}', "a.json")) == ["Alone."]
    threads = {"threads": [{"items": [{"text": "One."}, {"text": "Two."}]}, {"items": [{"text": "Three."}]}]}
    assert texts(read(json.dumps(threads), "a.json")) == ["One.", "Two.", "Three."]
    document = read(json.dumps({"a": [{"text": "Short."}], "b": [{"text": "One."}, {"text": "Two."}]}), "a.json")
    assert texts(document) == ["One.", "Two."]
    assert [(p.locator, p.reason) for p in document.set_aside] == [("/a/*", "other_list")]


def test_a_text_in_pieces_is_one_text() -> None:
    messages = [
        {"from": "Ana", "text": ["See ", {"type": "link", "text": "this"}, " first."]},
        {"from": "B", "text": "Ok."},
    ]
    document = read(json.dumps({"messages": messages}), "a.json")
    assert texts(document) == ["See this first.", "Ok."]


def test_records_of_a_forum_whose_fields_lie_deeper() -> None:
    children = [
        {"kind": "t1", "data": {"id": f"a{i}", "author": "u", "body": text}} for i, text in enumerate([LONG, "No."])
    ]
    document = read(json.dumps({"kind": "Listing", "data": {"children": children}}), "a.json")
    assert texts(document) == [LONG, "No."]
    assert (taken(document, "text"), taken(document, "voice")) == (["data/body"], ["data/author"])


def test_the_same_text_in_two_fields_is_taken_once() -> None:
    def comment(text: str) -> dict[str, Any]:
        return {"snippet": {"textDisplay": text, "textOriginal": text + " ", "authorDisplayName": text[:3]}}

    items = [{"snippet": {"topLevelComment": comment(LONG)}, "replies": {"comments": [comment(LONGER)]}}]
    document = read(json.dumps({"items": items}), "a.json")
    assert texts(document) == [LONG, LONGER]
    assert [b.voice for b in document.blocks] == [LONG[:3], LONGER[:3]]


def test_lines_of_json_under_the_name_of_json() -> None:
    assert texts(read('{"text": "One."}\n{"text": "Two."}\n', "a.json")) == ["One.", "Two."]


def test_json_lines_with_replies_and_other_keys() -> None:
    content = '{"text": "One.", "replies": [{"text": "A."}]}\n\n{"body": "Two."}\n'
    document = read(content, "a.jsonl")
    assert [(b.locator, t) for b, t in zip(document.blocks, texts(document), strict=True)] == [
        ("line 1", "One."), ("line 1/replies/0", "A."), ("line 3", "Two."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 200_000 + "]" * 200_000, "unreadable"),
        ('{"a":' * 900 + "1" + "}" * 900, "no_text_column"),
        ('{"a": [1, 2', "unreadable"),
        ("[]", "empty_file"),
        ('[{"n": 1}, {"n": 2}]', "no_text_column"),
        ("[" + "1" * 5000 + "]", "unreadable"),
    ],
)
def test_json_that_gives_nothing(content: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(content, "a.json")
    assert caught.value.reason in {reason, "unreadable"}


def test_nesting_near_the_limit_is_read() -> None:
    depth = 200
    content = '{"text": "x", "replies": [' * depth + '{"text": "y"}' + "]}" * depth
    assert len(texts(read(f"[{content}]", "a.json"))) == depth + 1


# Laws

CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
MULTILINE = st.lists(CELLS, min_size=1, max_size=3).map("\n".join)


@given(
    st.lists(st.tuples(CELLS, MULTILINE, CELLS), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|", "^", "~", ":"]),
    st.booleans(),
)
def test_whatever_csv_writes_comes_back(rows: list[tuple[str, str, str]], separator: str, all_quoted: bool) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL)
    writer.writerows([("id", "text", "author"), *rows])
    document = read("\ufeff" + out.getvalue(), "a.csv")
    is_lawful(document)
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert len(document.blocks) + len(document.set_aside) == len(filled)
    expected = [columns_text for row in filled if (columns_text := plain(row[1])).lower() not in readers.records._NULLS]
    assert texts(document) == expected


def plain(text: str) -> str:
    return readers.document.normalize(text).strip()


@given(st.lists(st.lists(MULTILINE, max_size=5), max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_any_rows_are_read_or_refused(rows: list[list[str]], separator: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    try:
        document = read(out.getvalue(), "a.csv")
    except UnreadableError:
        return
    is_lawful(document)


POSTS: st.SearchStrategy[list[dict[str, Any]]] = st.recursive(
    st.lists(st.fixed_dictionaries({"text": st.integers(0, 99).map(str)}), max_size=3),
    lambda inner: st.lists(st.fixed_dictionaries({"text": st.just("x"), "replies": inner}), max_size=3),
    max_leaves=12,
)


def in_order(posts: list[dict[str, Any]], prefix: str = "") -> list[str]:
    return [
        pointer
        for i, post in enumerate(posts)
        for pointer in (f"{prefix}/{i}", *in_order(post.get("replies", []), f"{prefix}/{i}/replies"))
    ]


@given(POSTS)
def test_flattening_keeps_the_order_of_the_document(posts: list[dict[str, Any]]) -> None:
    found = trees.lists(posts)
    assert [record.pointer for record in found.get("/*", [])] == in_order(posts)


@given(st.lists(st.lists(MULTILINE, max_size=4), max_size=6))
def test_choosing_columns_never_fails_in_another_way(rows: list[list[str]]) -> None:
    heads = [columns.Head(f"c{i}", f"c{i}") for i in range(4)]
    try:
        found = columns.choose(heads, rows, Wanted())
    except UnreadableError as error:
        assert error.reason == "no_text_column"
    else:
        assert [c.place for c in found] == list(range(4))


@given(st.text(max_size=200))
def test_any_text_splits_into_rows(text: str) -> None:
    rows, _ = delimited.split(text)
    assert all(isinstance(cell, str) for row in rows for cell in row)


# What was taken is recorded and shown


@pytest.mark.slow
def test_settings_reach_the_readers_and_the_columns_are_recorded(tmp_path: Path) -> None:
    captures = {
        "a.csv": f"comment;notes;who\nSorry.;{LONG};Ana\nListen.;{LONGER};Ben\n",
        "b.csv": "text\nSomething else.\n",
        "c.txt": "A line.",
    }
    settings = '[study]\nlanguages = ["en"]\n[ingest]\ntext = "notes"\nvoice = ["who", "author"]\n'
    make_study(tmp_path, captures, settings)
    ran = glosa("run", "--until", "ingest", "--study", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    shown = glosa("sources", "--study", str(tmp_path)).stdout
    assert 'voice "who"' in shown
    assert 'text "notes"' in shown
    assert 'not taken  "comment"' in shown
    assert "comment 2" in shown
    assert "b.csv  (not used)" in shown
    assert "'notes' for ingest.text; columns: text" in shown


def test_names_of_languages_are_understood() -> None:
    assert [ingest.language_code(name) for name in ("Deutsch", "catalán", "Inglese", "português", "Nederlands")] == [
        "de", "ca", "en", "pt", "nl",
    ]  # fmt: skip


def test_one_name_or_a_list_of_names(tmp_path: Path) -> None:
    make_study(tmp_path, {}, '[ingest]\ntext = "a"\nvoice = ["b", "c"]\n')
    assert study.load(tmp_path).settings.ingest == study.IngestSection(text=("a",), voice=("b", "c"))
