"""Tune the upper half of the second encoder with heads for recommendation and themes; write both.

Run with `make train-tuned` (half an hour on two idle cores). The lower half is frozen and computed once. It is done in
two goes, as the hands came: the first four hands from the model as packed, then the later ones, among sentences of the
first, from what the first go wrote. `python -m benchmarks.train_tuned more` does the second go alone. Hand g was looked
at to choose blend and number of epochs; hand b is only measured (`make train-coder`).
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from benchmarks import hands
from pipeline.engines import e5, shipped, tuned
from pipeline.study import Codebook

EPOCHS, BATCH, RATE, HEAD_RATE, WARM_UP, SCALE, START_C = 4, 32, 2e-4, 1e-3, 0.1, 10.0, 0.5
FIRST = ("a", "c", "d", "e")
MORE_EPOCHS, MORE_RATE, REPLAYED = 2, 0.5, 0.5  # rate as a share of the first; replayed sentences per new one
Hidden = list[np.ndarray]


class Upper(nn.Module):
    """The upper layers, mean pooling, and linear heads over the centred unit vector."""

    def __init__(self, layers: nn.ModuleList, mean: np.ndarray, outputs: int) -> None:
        super().__init__()
        self.layers, self.head = layers, nn.Linear(e5.SIZE, outputs)
        self.register_buffer("mean", torch.from_numpy(mean))

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits (texts × outputs)."""
        hidden = run_layers(self.layers, hidden, mask)
        return self.head((e5.pooled(hidden, mask) - self.mean) * SCALE)


def run_layers(layers: nn.ModuleList, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Run some layers of the model over hidden states."""
    additive = (1 - mask)[:, None, None, :] * -1e9
    for layer in layers:
        out = layer(hidden, attention_mask=additive)
        hidden = out[0] if isinstance(out, tuple) else out
    return hidden


def lower_half(texts: list[str], layers: int = e5.LAYERS) -> tuple[Hidden, np.ndarray]:
    """Return each text's hidden states after the lower half, and its vector after the first `layers` of the model."""
    model = e5.build()
    model.encoder.layer = model.encoder.layer[:layers]
    tokens = e5.token_ids(texts)
    order = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
    found: dict[int, np.ndarray] = {}
    plain = np.empty((len(texts), e5.SIZE), np.float32)
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        with torch.no_grad():
            hidden, mask = e5.embedded([tokens[i] for i in places], len(tokens[places[-1]]))
            out = model(inputs_embeds=hidden, attention_mask=mask, output_hidden_states=True)
            plain[places] = e5.pooled(out.last_hidden_state, mask).numpy()
        for row, i in enumerate(places):
            found[i] = out.hidden_states[e5.LOWER][row, : len(tokens[i])].half().numpy()
    return [found[i] for i in range(len(texts))], plain


def padded(hidden: Hidden, places: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a batch of hidden states with its mask."""
    length = max(len(hidden[i]) for i in places)
    states, mask = torch.zeros(len(places), length, e5.SIZE), torch.zeros(len(places), length)
    for row, i in enumerate(places):
        states[row, : len(hidden[i])] = torch.from_numpy(hidden[i].astype(np.float32))
        mask[row, : len(hidden[i])] = 1
    return states, mask


def start_head(head: nn.Linear, x: np.ndarray, truth: np.ndarray) -> None:
    """Begin with the heads that regressions on the untuned vectors give; themes from recommendations alone."""
    chosen = truth[:, 0] > 0
    fits = [LogisticRegression(C=START_C, max_iter=3000).fit(x, truth[:, 0])]
    fits += [LogisticRegression(C=START_C, max_iter=3000).fit(x[chosen], column) for column in truth[chosen, 1:].T]
    with torch.no_grad():
        head.weight.copy_(torch.tensor(np.vstack([fit.coef_ for fit in fits])))
        head.bias.copy_(torch.tensor(np.array([fit.intercept_[0] for fit in fits])))


def chunks(lengths: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return batches of texts of like length, in random order."""
    order = rng.permutation(len(lengths))
    parts = []
    for start in range(0, len(order), 1024):
        block = np.array(sorted(order[start : start + 1024], key=lambda i: lengths[i]))
        parts += np.array_split(block, max(1, len(block) // BATCH))
    return [parts[i] for i in rng.permutation(len(parts))]


def loss_of(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the loss: a sentence that recommends nothing says nothing of themes."""
    recommendation = nn.functional.binary_cross_entropy_with_logits(logits[:, 0], truth[:, 0])
    themes = nn.functional.binary_cross_entropy_with_logits(logits[:, 1:], truth[:, 1:], reduction="none")
    return recommendation + (themes * truth[:, :1]).sum() / truth[:, 0].sum().clamp(min=1)


def targets(sentences: list[hands.Sentence], codebook: Codebook) -> np.ndarray:
    """Return what the heads have to give: recommendation, then the themes (sentences × outputs)."""
    both = np.column_stack([hands.advising(sentences), hands.truth(sentences, codebook.ids)])
    wanted: np.ndarray = both.astype(np.float32)
    return wanted


def train(hidden: Hidden, plain: np.ndarray, truth: np.ndarray) -> Upper:
    """Return the upper half tuned on what `lower_half` gives of the sentences."""
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    model = Upper(e5.build().encoder.layer[e5.LOWER :], plain.mean(axis=0), truth.shape[1])
    start_head(model.head, (plain - plain.mean(axis=0)) * SCALE, truth)
    fit(model, hidden, truth, [np.arange(len(hidden))] * EPOCHS, rng)
    return model.eval()


def train_more(model: Upper, hidden: Hidden, truth: np.ndarray, is_new: np.ndarray) -> None:
    """Tune on with new sentences, among some of those that the model knows, drawn anew for each pass."""
    torch.manual_seed(2)
    rng = np.random.default_rng(2)
    new, known = np.flatnonzero(is_new), np.flatnonzero(~is_new)
    drawn = [rng.choice(known, int(REPLAYED * len(new)), replace=False) for _ in range(MORE_EPOCHS)]
    fit(model, hidden, truth, [np.concatenate([new, some]) for some in drawn], rng, MORE_RATE)
    model.eval()


def fit(
    model: Upper,
    hidden: Hidden,
    truth: np.ndarray,
    passes: list[np.ndarray],
    rng: np.random.Generator,
    rate: float = 1.0,
) -> None:
    """Tune the model on the sentences of each pass, the rate rising and then falling over all of them."""
    target = torch.from_numpy(truth)
    groups = [{"params": model.layers.parameters(), "top": RATE}, {"params": model.head.parameters(), "top": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps, step = sum(len(some) // BATCH + 1 for some in passes), 0
    for some in passes:
        model.train()
        lengths = np.array([len(hidden[i]) for i in some])
        for places in (some[chunk] for chunk in chunks(lengths, rng)):
            step += 1
            factor = min(step / (WARM_UP * steps), max(0.0, (steps - step) / ((1 - WARM_UP) * steps)))
            for group in optimizer.param_groups:
                group["lr"] = rate * group["top"] * factor
            loss = loss_of(model(*padded(hidden, places)), target[places])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.layers.parameters(), 1.0)
            optimizer.step()


def probabilities(model: Upper, hidden: Hidden) -> np.ndarray:
    """Return the probabilities of all outputs (texts × outputs) before the layers are packed into eight bits."""
    order = np.array(sorted(range(len(hidden)), key=lambda i: len(hidden[i])))
    found = np.empty((len(hidden), model.head.out_features))
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            found[places] = torch.sigmoid(model(*padded(hidden, places))).numpy()
    return found


def write(model: Upper, codebook: Codebook, trained_on: tuple[str, ...]) -> None:
    """Write the layers as eight-bit numbers, and the heads as a regression over the unit vector."""
    named = {f"encoder.layer.{name}": value for name, value in model.layers.state_dict().items()}
    shifted = {_shift(name): value.numpy() for name, value in named.items()}
    e5.write_upper(shifted, hands.HEADS / e5.UPPER)
    head = {
        "codebook": codebook.fingerprint,
        "outputs": ["recommendation", *codebook.ids],
        "trained_on": len(hands.read(*trained_on)),
        "hands": list(trained_on),
        "mean": np.round(model.mean.numpy().astype(float), 6).tolist(),
        "intercepts": np.round(model.head.bias.detach().numpy().astype(float), 5).tolist(),
        "weights": np.round(SCALE * model.head.weight.detach().numpy().astype(float), 4).tolist(),
    }
    hands.write(tuned.HEAD, head)


def _shift(name: str) -> str:
    """Number a layer as in the whole model."""
    parts = name.split(".")
    return ".".join([*parts[:2], str(int(parts[2]) + e5.LOWER), *parts[3:]])


def written(codebook: Codebook) -> Upper:
    """Return the model as the first go wrote it."""
    head = shipped.read_json(tuned.HEAD)
    if head["codebook"] != codebook.fingerprint or tuple(head["hands"]) != FIRST:
        raise ValueError(f"the second go continues what was tuned on hands {', '.join(FIRST)}")
    whole = e5.build()
    whole.load_state_dict(e5.read_upper(), strict=False)
    model = Upper(whole.encoder.layer[e5.LOWER :], np.array(head["mean"], np.float32), len(head["outputs"]))
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor(head["weights"]) / SCALE)
        model.head.bias.copy_(torch.tensor(head["intercepts"]))
    return model


def main() -> None:
    """Train in two goes and write what each gives."""
    codebook = hands.codebook()
    if sys.argv[1:] != ["more"]:
        sentences = hands.read(*FIRST)
        hidden, plain = lower_half([s.text for s in sentences])
        write(train(hidden, plain, targets(sentences, codebook)), codebook, FIRST)
    sentences, model = hands.read(*hands.TRAINING), written(codebook)
    is_new = np.array([s.passage.split("-")[0] not in FIRST for s in sentences])
    hidden, _ = lower_half([s.text for s in sentences], e5.LOWER)
    train_more(model, hidden, targets(sentences, codebook), is_new)
    write(model, codebook, hands.TRAINING)


if __name__ == "__main__":
    main()
