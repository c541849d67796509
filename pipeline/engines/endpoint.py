"""Labels from a language model on this machine, behind an OpenAI-compatible endpoint; off unless the study names one.

The keywords and the most central units of a topic are sent to the endpoint, which must be on this machine: no proxy is
used and no redirect followed. An answer is kept on disk under a hash of its request, so a second run gives the same
bytes and asks nobody. Whatever goes wrong, the topic keeps its label of keywords, and a warning says why.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import json
import re
import socket
import tomllib
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pipeline.engines.keywords import Keyword
from pipeline.engines.labels import Label, is_refused
from pipeline.engines.terms import MAX_WORDS
from pipeline.languages import lexicon
from pipeline.manifest import SEED
from pipeline.study import is_loopback

TIMEOUT = 60.0
_MAX_BYTES, _MAX_LETTERS = 1_000_000, 60
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)
_QUOTES = " \t.\"'“”«»‘’`*"
_FORBIDDEN = re.compile(r"[<>{}\[\]|@#*_`\\/:;!?\x00-\x1f\x7f]|\d{3}")


class Endpoint(NamedTuple):
    """Where a model answers, and where its answers are kept."""

    url: str
    model: str
    folder: Path
    timeout: float = TIMEOUT


class Asked(NamedTuple):
    """What a topic's label is asked with: keywords per language, and its most central units."""

    keywords: Mapping[str, Sequence[Keyword]]
    sentences: Sequence[str]


def relabel(
    labels: Mapping[int, Mapping[str, Label]],
    topics: Mapping[int, Asked],
    endpoint: Endpoint,
    refuse: Callable[[str], bool] | None = None,
) -> tuple[dict[int, dict[str, Label]], list[str]]:
    """Return the labels, by the model where it gave a usable one, and warnings about the others.

    Args:
        labels: per topic and language of the report, as `labels.labels` makes them.
        topics: what is known of each topic.
        endpoint: whom to ask.
        refuse: whether a word must not stand in a label.
    """
    found = {topic: dict(own) for topic, own in labels.items()}
    taken = {(language, label.text.casefold()) for own in labels.values() for language, label in own.items()}
    warnings: list[str] = []
    for topic, language in [(topic, language) for topic, own in labels.items() for language in own]:
        own_text = labels[topic][language].text.casefold()
        try:
            text = usable(ask(endpoint, request(endpoint.model, language, topics[topic])), refuse)
            if (language, text.casefold()) in taken and text.casefold() != own_text:
                raise ValueError(f"another topic is called {text!r}")
        except OSError as error:
            return found, [*warnings, f"{endpoint.url} gave no answer ({error}); all further labels are keywords."]
        except ValueError as error:
            warnings.append(f"The label of topic {topic} in {language!r} stays keywords: {error}.")
        else:
            taken.add((language, text.casefold()))
            found[topic][language] = Label(text, language, "endpoint", endpoint.model)
    return found, warnings


def request(model: str, language: str, asked: Asked) -> dict[str, Any]:
    """Return the body of the request: the same for the same topic, wherever the endpoint is."""
    prompt = tomllib.loads((resources.files(__package__) / "prompts.toml").read_text(encoding="utf-8"))["topic_label"]
    lines = [f"{code}: {', '.join(k.text for k in asked.keywords[code])}" for code in sorted(asked.keywords)]
    values = {
        "language": lexicon(language).name,
        "keywords": "\n".join(lines),
        "sentences": "\n".join(f"- {sentence}" for sentence in asked.sentences),
    }
    messages = [{"role": role, "content": prompt[role].format(**values)} for role in ("system", "user")]
    return {"model": model, "messages": messages, "temperature": 0, "seed": SEED, "stream": False}


def ask(endpoint: Endpoint, body: Mapping[str, Any]) -> str:
    """Return the answer to a request, from the folder if it was asked before.

    Raises:
        OSError: nobody answers there, or not on this machine.
        ValueError: what came back is no answer.
    """
    content = json.dumps(body, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    file = endpoint.folder / f"{hashlib.blake2b(content, digest_size=16).hexdigest()}.json"
    known = _kept(file)
    if known is not None:
        return known
    answer = _posted(endpoint, content)
    endpoint.folder.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps({"model": endpoint.model, "answer": answer}), encoding="utf-8")
    beside.replace(file)
    return answer


def usable(answer: str, refuse: Callable[[str], bool] | None = None) -> str:
    """Return the label in an answer; raise `ValueError` where it holds none that may be published.

    It is too short to be a quotation, of letters and few marks, and has no refused word in it.
    """
    lines = [line.strip() for line in _THINKING.sub("", answer).splitlines()]
    line = next(filter(None, lines), "").rpartition(":")[2]
    text = " ".join(line.strip(_QUOTES).split())
    if not any(c.isalpha() for c in text):
        raise ValueError("the answer holds no words")
    if len(text.split()) > MAX_WORDS or len(text) > _MAX_LETTERS:
        raise ValueError(f"the answer has more than {MAX_WORDS} words or {_MAX_LETTERS} letters")
    if _FORBIDDEN.search(text) or not text.isprintable():
        raise ValueError("the answer is no plain name")
    if is_refused(text, refuse):
        raise ValueError("the answer holds a word that must not be published")
    return text


def _kept(file: Path) -> str | None:
    """Return a kept answer; None where there is none, or none that can be read."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["answer"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirect is an error like any other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuse."""


def _posted(endpoint: Endpoint, content: bytes) -> str:
    _refuse_elsewhere(endpoint.url)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    url = f"{endpoint.url.rstrip('/')}/chat/completions"
    message = urllib.request.Request(url, data=content, headers={"Content-Type": "application/json"})
    try:
        with opener.open(message, timeout=endpoint.timeout) as response:
            raw = response.read(_MAX_BYTES)
    except http.client.HTTPException as error:
        raise OSError(f"broken answer: {error!r}") from None
    try:
        return str(json.loads(raw)["choices"][0]["message"]["content"] or "")
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ValueError("what came back is no chat completion") from None


def _refuse_elsewhere(url: str) -> None:
    """Refuse a host that isn't this machine, also where a name such as localhost leads elsewhere."""
    parts = urlsplit(url)
    found = socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM)
    if not (is_loopback(url) and all(ipaddress.ip_address(address[4][0]).is_loopback for address in found)):
        raise OSError("it is not on this machine")
