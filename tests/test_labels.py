"""Labels of topics: made of keywords, or by a language model on this machine, and fit to be published either way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline import study
from pipeline.engines import endpoint as local
from pipeline.engines.endpoint import Asked, Endpoint, relabel, usable
from pipeline.engines.keywords import Keyword
from pipeline.engines.labels import Label, labels
from pipeline.errors import GlosaError
from tests.conftest import case_params, make_study


def keyword(text: str, count: int = 5, roots: str = "") -> Keyword:
    return Keyword(text, 0.1, count, tuple((roots or text).split()))


def listed(case: dict[str, Any]) -> dict[int, dict[str, list[Keyword]]]:
    return {
        int(topic): {code: [keyword(*entry) for entry in entries] for code, entries in own.items()}
        for topic, own in case["keywords"].items()
    }


@pytest.mark.parametrize("case", case_params("labels", lambda case: case["what"]))
def test_labels(case: dict[str, Any]) -> None:
    n_units = {int(topic): own for topic, own in case.get("n_units", {}).items()}
    refused = case.get("refuse", [])
    found = labels(listed(case), n_units, case["report"], lambda word: word in refused)
    said = {
        str(topic): {wanted: [label.text, label.language] for wanted, label in own.items()}
        for topic, own in found.items()
    }
    assert said == case["expected"]


def test_labels_are_told_apart_however_many_are_alike() -> None:
    same = {topic: {"en": [keyword("trust"), keyword("listen")]} for topic in range(40)}
    found = labels(same, {}, ["en"])
    assert len({own["en"].text for own in found.values()}) == 40


@pytest.mark.parametrize("case", case_params("answers", lambda case: case["answer"][:20] or "nothing"))
def test_an_answer_is_published_only_if_it_is_a_short_plain_name(case: dict[str, Any]) -> None:
    def refuse(word: str) -> bool:
        return word == "Ludmila"

    if "label" in case:
        assert usable(case["answer"], refuse) == case["label"]
    else:
        with pytest.raises(ValueError, match=case["problem"]):
            usable(case["answer"], refuse)


def completion(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@contextmanager
def serving(answer: Callable[[dict[str, Any]], tuple[int, bytes]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve completions on this machine; yield the address and the requests as they come."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, **body})
            status, content = answer(body)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


OWN = {0: {"en": Label("trust, listen", "en"), "es": Label("confianza", "es")}, 1: {"en": Label("board", "en")}}
TOPICS = {
    0: Asked({"en": [keyword("trust")], "es": [keyword("confianza")]}, ["Listen {first}.", "Escucha."]),
    1: Asked({"en": [keyword("board")]}, ["Tell the board."]),
}
NAMES = {"English": "Rebuilding trust", "español": "Recuperar la confianza"}


def by_language(body: dict[str, Any]) -> tuple[int, bytes]:
    prompt = body["messages"][1]["content"]
    name = next(name for language, name in NAMES.items() if f"in {language} " in prompt)
    return 200, completion(f'"{name}."' if "Listen {first}." in prompt else "Telling the board")


@pytest.mark.enable_socket
def test_a_model_on_this_machine_is_asked_once_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(by_language) as (url, asked):
        first, warnings = relabel(OWN, TOPICS, Endpoint(f"{url}/", "tiny", tmp_path / "answers"))
        assert relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path / "answers")) == (first, [])
    assert warnings == []
    assert first == {
        0: {
            "en": Label("Rebuilding trust", "en", "endpoint", "tiny"),
            "es": Label("Recuperar la confianza", "es", "endpoint", "tiny"),
        },
        1: {"en": Label("Telling the board", "en", "endpoint", "tiny")},
    }
    assert len(asked) == 3, "the second run asks nobody"
    assert {row["path"] for row in asked} == {"/v1/chat/completions"}
    assert {(row["model"], row["temperature"], row["stream"]) for row in asked} == {("tiny", 0, False)}
    assert len({row["seed"] for row in asked}) == 1
    # Nobody is there any more, and the bytes are the same; another model would be asked anew.
    assert relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path / "answers")) == (first, [])
    assert relabel(OWN, TOPICS, Endpoint(url, "other", tmp_path / "answers", 1))[0] == OWN


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("answer", "n_asked", "problem"),
    [
        ((200, completion("The quick brown fox jumps over the dog")), 3, "more than 5 words"),
        ((200, completion("")), 3, "no words"),
        ((200, b"not json"), 3, "no chat completion"),
        ((200, b'{"choices": []}'), 3, "no chat completion"),
        ((200, b"[" * 100_000), 3, "no chat completion"),
        ((200, b"\xff\xfe"), 3, "no chat completion"),
        ((500, b""), 1, "500"),
        ((302, b""), 1, "302"),
        ((307, b""), 1, "307"),
    ],
)
def test_whatever_goes_wrong_labels_stay_keywords(
    tmp_path: Path, answer: tuple[int, bytes], n_asked: int, problem: str
) -> None:
    with serving(lambda body: answer) as (url, asked):
        found, warnings = relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path))
    assert found == OWN
    assert len(asked) == n_asked
    assert all(problem in warning for warning in warnings)
    assert len(warnings) == n_asked


@pytest.mark.enable_socket
def test_the_same_name_is_not_given_twice_nor_a_name_that_is_refused(tmp_path: Path) -> None:
    with serving(lambda body: (200, completion("Ludmila's way"))) as (url, _):
        found, warnings = relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path / "a"))
        assert [label.made_by for own in found.values() for label in own.values()] == [
            "endpoint",
            "endpoint",
            "keywords",
        ]
        assert "another topic is called" in warnings[0]
        found, warnings = relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path / "b"), lambda word: "Ludmila" in word)
        assert found == OWN
        assert len(warnings) == 3


@pytest.mark.enable_socket
def test_nobody_there_is_asked_once(tmp_path: Path) -> None:
    with serving(by_language) as (url, _):
        pass
    found, warnings = relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path))
    assert found == OWN
    assert len(warnings) == 1
    assert url in warnings[0]


@pytest.mark.enable_socket
def test_a_torn_answer_on_disk_is_asked_again(tmp_path: Path) -> None:
    with serving(by_language) as (url, asked):
        first = relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path))
        for file in tmp_path.iterdir():
            file.write_text("{", encoding="utf-8")
        assert relabel(OWN, TOPICS, Endpoint(url, "tiny", tmp_path)) == first
    assert len(asked) == 6
    assert {file.suffix for file in tmp_path.iterdir()} == {".json"}


@pytest.mark.enable_socket
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = [(2, 1, 6, "", ("192.0.2.1", 80))]
    monkeypatch.setattr(local.socket, "getaddrinfo", lambda *_, **__: elsewhere)
    found, warnings = relabel(OWN, TOPICS, Endpoint("http://localhost:1/v1", "tiny", tmp_path))
    assert found == OWN
    assert "not on this machine" in warnings[0]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1234/v1", "http://localhost:8080/v1", "https://[::1]:1/v1", "http://127.9.9.9"]
)
def test_an_endpoint_on_this_machine_is_accepted(url: str) -> None:
    assert study.TopicsSection(label_endpoint=url, label_model="tiny").label_endpoint == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/v1", "https://api.example.org/v1", "http://127.0.0.1.example.org/", "http://0.0.0.0:1/v1",
        "http://127.0.0.1@example.org/", "http://example.org#127.0.0.1", "http://[::]/", "http://127.1/", "file:///etc",
        "http://localhost.example.org/", "http://10.0.0.1/", "127.0.0.1:1234", "http://", "http://[::1", "http://x:99999/",
    ],
)  # fmt: skip
def test_an_endpoint_elsewhere_stops_the_study(tmp_path: Path, url: str) -> None:
    folder = make_study(tmp_path, {}, f'[topics]\nlabel_endpoint = "{url}"\nlabel_model = "tiny"\n')
    with pytest.raises(GlosaError, match="no network at run time"):
        study.load(folder)


def test_an_endpoint_needs_a_model(tmp_path: Path) -> None:
    folder = make_study(tmp_path, {}, '[topics]\nlabel_endpoint = "http://127.0.0.1:1234/v1"\n')
    with pytest.raises(GlosaError, match="label_model"):
        study.load(folder)
