"""`glosa code ui`: a page on this machine in which one sheet is coded with the keyboard.

The page is told that a change is saved when the desk (`pipeline/coded/desk.py`) has saved it. When a killed program
starts again the address stays the same, so a page that is still open sends what it kept, in order.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.coded import rounds
from pipeline.coded.desk import Desk, RefusedError
from pipeline.coded.journal import Change, Lock, beside
from pipeline.errors import GlosaError
from pipeline.study import Study

HOST = "127.0.0.1"
_MAX_BODY = 8_000_000
_TOKEN = re.compile(r"[\w-]{32}", re.ASCII)
_CHANGES = TypeAdapter(list[Change])


@cache
def _page() -> tuple[bytes, str]:
    """Return the page, and the policy that lets it run its own script and style and nothing else."""
    text = (resources.files("pipeline.coded") / "ui.html").read_text(encoding="utf-8")
    allowed = {
        tag: " ".join(map(_digest, re.findall(f"<{tag}>(.*?)</{tag}>", text, re.S))) for tag in ("script", "style")
    }
    policy = (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return text.encode(), policy


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Server(ThreadingHTTPServer):
    """Serves one desk on 127.0.0.1, under an address that holds a secret."""

    daemon_threads = True
    # Elsewhere this lets a restart take over the port at once; on Windows it would let two programs share it.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, desk: Desk, lock: Lock, port: int = 0, token: str = "") -> None:
        self.desk, self._lock = desk, lock
        self.token = token or secrets.token_urlsafe(24)
        super().__init__((HOST, port), _Handler)
        lock.sign(pid=os.getpid(), port=self.port, token=self.token, url=self.url)

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over pages that went away; report the rest."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def finish(self) -> None:
        """Stop listening, write what is open, give the lock back."""
        self.server_close()
        self.desk.close()
        self._lock.release()


class _Handler(BaseHTTPRequestHandler):
    """Answers three requests: the page, its state, and changes."""

    server: Server
    server_version, sys_version = "glosa", ""
    timeout = 30

    def do_GET(self) -> None:
        """Send the page or the state."""
        asked = self._asked()
        if asked == "":
            self._send(200, "text/html; charset=utf-8", _page()[0])
        elif asked == "state":
            self._answer(self.server.desk.state)
        elif asked is not None:
            self._send_json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        """Take changes."""
        body = self._body()
        asked = self._asked()
        if asked is None:
            return
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{self.headers['Host']}":
            self._send_json(403, {"error": "forbidden"})
        elif asked != "changes":
            self._send_json(404, {"error": "not_found"})
        elif body is None:
            self._send_json(413, {"error": "bad_request", "detail": "Content-Length"})
        elif self.headers.get_content_type() != "application/json":
            self._send_json(415, {"error": "bad_request", "detail": "Content-Type"})
        else:
            self._answer(lambda: self.server.desk.record(_parsed(body)))

    def _body(self) -> bytes | None:
        """Read the body before anything is judged, so that a refusal is heard; None where its length isn't told."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > _MAX_BODY:
            return None
        return self.rfile.read(int(length))

    def send_error(self, code: int, *_: Any) -> None:
        """Answer in a word where the standard library would send a page."""
        self._send_json(code, {"error": "bad_request"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, RUF100
        """Stay silent: the command line prints what there is to say."""

    def _asked(self) -> str | None:
        """Return what is asked for below the secret; None, and a refusal sent, where host or secret are wrong."""
        hosts = self.headers.get_all("Host") or []
        known = {f"{name}:{self.server.port}" for name in (HOST, "localhost")}
        parts = self.path.split("?", 1)[0].split("/", 2)
        token = parts[1] if len(parts) == 3 else ""
        right = hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode())
        if len(hosts) == 1 and hosts[0] in known and right:
            return parts[2]
        self._send_json(403, {"error": "forbidden"})
        return None

    def _answer(self, ask: Callable[[], dict[str, Any]]) -> None:
        try:
            self._send_json(200, ask())
        except RefusedError as error:
            self._send_json(409, {"error": error.reason, "detail": error.detail})
        except OSError as error:
            self._send_json(500, {"error": "disk", "detail": error.strerror or str(error)})

    def _send_json(self, status: int, value: Mapping[str, Any]) -> None:
        self._send(
            status, "application/json; charset=utf-8", json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        )

    def _send(self, status: int, kind: str, content: bytes) -> None:
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": _page()[1],
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _parsed(body: bytes) -> list[Change]:
    """Return the changes of a request `{"changes": […]}`; raise `RefusedError` where it says something else."""
    try:
        value = json.loads(body)
        # Half a surrogate pair is no text that a file could hold.
        whole = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        return _CHANGES.validate_python(whole["changes"])
    except ValidationError as error:
        raise RefusedError("bad_request", str(error.errors()[0]["loc"])) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise RefusedError("bad_request", "JSON") from None


# ── for the command line ───────────────────────────────────────────────────────────────────────────────────────────


def find_sheet(study: Study, name: str = "") -> Path:
    """Return the sheet of this name (`round-1-ana`, or a path); with no name, the only one there is.

    Raises `GlosaError` that lists the sheets where there is none of this name, or several to choose from.
    """
    folder = rounds.folder(study) / "sheets"
    found = sorted(folder.glob("[!.]*.csv"))
    named = Path(name) if Path(name).suffix.lower() == ".csv" else Path(f"{name}.csv")
    chosen = [file for file in (named, folder / named.name) if name and file.is_file()] or ([] if name else found)
    if (name and chosen) or len(chosen) == 1:
        return chosen[0].resolve()
    there = ", ".join(file.stem for file in found) or "none yet; `glosa code sheet` writes them"
    what = f"{name} is no CSV sheet of this study." if name else f"{len(found)} sheets." if found else "no sheet."
    raise GlosaError(folder, what, f"the name of one sheet ({there}).", "Name one of them.")


def start(study: Study, name: str = "", *, language: str = "", port: int = 0) -> Server:
    """Open a sheet and listen; `serve_forever` answers, `finish` writes what is open and gives the sheet back.

    Args:
        study: whose sheet it is.
        name: of the sheet, as in `find_sheet`.
        language: of the page; where it is none of `LANGUAGES`, English. Empty: the study's first language.
        port: to listen on; 0 means the one this sheet had before, or else a free one.

    Raises `GlosaError` where another program has the sheet, where it can't be read, or where `port` is taken.
    """
    file = find_sheet(study, name)
    try:
        lock = Lock(beside(file, ".lock"))
        try:
            return _listen(Desk(study, file, language), lock, port)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        raise GlosaError(
            file.parent, f"no lock or journal can be kept here ({error.strerror}).", "a folder that can be written.",
            "Check its permissions and the room on the disk.",
        ) from None  # fmt: skip


def run(
    study: Study,
    name: str = "",
    *,
    say: Callable[[str], None],
    language: str = "",
    port: int = 0,
    browser: bool = True,
) -> None:
    """Serve a sheet until Ctrl+C: `say` gets the lines to print; with `browser`, the page is opened. See `start`."""
    server = start(study, name, language=language, port=port)
    say(f"Coding {server.desk.file.name} in {server.url}\nEvery change is saved at once. Ctrl+C ends it.")
    if browser:
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.finish()
    say(f"Saved in {server.desk.file}\nNext:  glosa code import {server.desk.file}")


def _listen(desk: Desk, lock: Lock, port: int) -> Server:
    """Listen on the port that is asked for, or where the program before this one did, or on a free one."""
    before, token = lock.left.get("port"), lock.left.get("token")
    if isinstance(before, int) and 0 < before < 65_536 and isinstance(token, str) and _TOKEN.fullmatch(token):
        with contextlib.suppress(OSError):
            if port in (0, before):
                return Server(desk, lock, before, token)
    try:
        return Server(desk, lock, port)
    except (OSError, OverflowError) as error:
        raise GlosaError(
            f"--port {port}", f"this port can't be used ({error}).", "a free port from 1024 to 65535, or none.",
            "Leave --port out: a free one is found.",
        ) from None  # fmt: skip
