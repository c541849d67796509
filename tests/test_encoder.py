from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.engines import e5, encoder
from pipeline.engines.cache import CachedEncoder
from pipeline.errors import GlosaError
from pipeline.study import EmbedSection
from tests.conftest import ROOT, FakeEncoder

TEXTS = ["Pide perdón.", "Say sorry.", "Fale com ela.", "word " * 900, "", "Habla con tu supervisora mañana mismo."]


def test_the_embedded_model_gives_unit_vectors_without_a_heavy_import() -> None:
    code = (
        "import sys; from pipeline.engines import encoder; print(encoder.embedded().encode(['a', '']).shape); "
        "assert not {'sentence_transformers', 'transformers'} & set(sys.modules); "
        "import huggingface_hub.constants as hub; assert hub.HF_HUB_OFFLINE and hub.HF_HUB_DISABLE_TELEMETRY"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120, cwd=ROOT
    )
    assert out.stdout.strip() == "(2, 512)"
    model = encoder.embedded()
    assert model.encode(TEXTS).shape == (len(TEXTS), 512)
    assert np.allclose(np.linalg.norm(model.encode(TEXTS), axis=1), 1, atol=1e-5)


def test_a_vector_is_the_same_to_the_bit_whatever_stands_beside_its_text() -> None:
    model = encoder.embedded()
    together = model.encode(TEXTS * 9)[: len(TEXTS)]
    alone = np.vstack([model.encode([text]) for text in TEXTS])
    backwards = model.encode(TEXTS[::-1])[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, backwards)


def test_translations_are_nearer_than_other_matters() -> None:
    sorry, perdon, weather = encoder.embedded().encode(["Say sorry to her.", "Pídele perdón.", "It rained all day."])
    assert sorry @ perdon > sorry @ weather + 0.2


def test_a_model_that_is_not_here_is_a_clear_error_without_network() -> None:
    with pytest.raises(GlosaError) as caught:
        encoder.load(EmbedSection(model="nobody/no-such-model"))
    assert "nobody/no-such-model" in caught.value.found
    assert "allow_download" in caught.value.remedy


def test_the_cache_asks_for_each_text_once_and_survives_a_new_start(tmp_path: Path, fake_encoder: FakeEncoder) -> None:
    file = tmp_path / "vectors.sqlite"
    first = CachedEncoder(fake_encoder, file).encode(["b", "a", "b"])
    assert fake_encoder.calls == [["a", "b"]]
    again = CachedEncoder(fake_encoder, file).encode(["a", "c", "b"])
    assert fake_encoder.calls[1:] == [["c"]]
    assert np.array_equal(first[0], again[2])
    assert np.array_equal(first[1], again[0])


def test_the_cache_keeps_models_apart(tmp_path: Path) -> None:
    one, other = FakeEncoder(8), FakeEncoder(12)
    other.key = "other@1"
    assert CachedEncoder(one, tmp_path / "v").encode(["a"]).shape == (1, 8)
    assert CachedEncoder(other, tmp_path / "v").encode(["a"]).shape == (1, 12)


def test_the_tuned_encoder_gives_a_text_the_same_vector_in_any_company() -> None:
    texts = [
        "Pide perdón.",
        "Say what was said, and to whom.",
        "Não foi comigo, foi com a minha irmã, e ela chorou muito.",
        "Ja.",
    ]
    tuned = e5.E5Encoder(tuned=True)
    together = tuned.encode(texts)
    assert (together[::-1] == tuned.encode(texts[::-1])).all()
    assert all((row == tuned.encode([text])[0]).all() for row, text in zip(together, texts, strict=True))
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert tuned.key != e5.E5Encoder(tuned=False).key


def test_tuned_layers_are_written_and_read_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    state = {"a.weight": rng.normal(size=(4, 8)).astype(np.float32), "a.bias": rng.normal(size=4).astype(np.float32)}
    e5.write_upper(state, tmp_path / "upper.npz")
    with np.load(tmp_path / "upper.npz") as stored:
        for name, values in state.items():
            assert np.allclose(e5.unpacked(stored, name), values, atol=0.02)
