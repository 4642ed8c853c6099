import json

import numpy as np
import pytest

from core.evaluation import UsageError
from reviews.ml import engines, transformer
from reviews.ml.serving import build_scorer
from reviews.ml.transformer import FOLDER, Encoder, NoTransformer, TransformerScorer
from reviews.ml.wordpiece import WordPiece, words
from tests.reviews.ml.test_ngram import BAD, GOOD, PLAIN_WORDS, shop

SIZE, HEADS, LAYERS, INNER = 64, 4, 2, 96


def vocabulary():
    pieces = dict.fromkeys("".join([*GOOD, *BAD, *PLAIN_WORDS]))
    whole = [word for word in [*GOOD, *BAD, *PLAIN_WORDS] if word.isascii()]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *whole, *pieces]


def write_encoder(folder, *, prefix="bert.", seed=0, kind="F32", **config):
    """A small BERT with random weights, kept as such models are."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    shapes = {
        "embeddings.word_embeddings.weight": (len(vocabulary()), SIZE),
        "embeddings.position_embeddings.weight": (40, SIZE),
        "embeddings.token_type_embeddings.weight": (2, SIZE),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part, (outputs, inputs) in {
            "attention.self.query": (SIZE, SIZE), "attention.self.key": (SIZE, SIZE),
            "attention.self.value": (SIZE, SIZE), "attention.output.dense": (SIZE, SIZE),
            "intermediate.dense": (INNER, SIZE), "output.dense": (SIZE, INNER),
        }.items():  # fmt: skip
            shapes |= {f"{name}.{part}.weight": (outputs, inputs), f"{name}.{part}.bias": (outputs,)}
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    shapes |= {f"{norm}.{part}": (SIZE,) for norm in norms for part in ("gamma", "beta")}
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, shape in shapes.items():
        values = rng.normal(size=shape).astype("<f4") * (1.0 if "word" in name else 0.1) + (name.endswith("gamma"))
        part = values.astype("<f4").tobytes() if kind == "F32" else values.astype("<f2").tobytes()
        header[prefix + name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(part)]}
        body += part
    raw = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw + body)
    (folder / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", "utf-8")
    settings = {
        "model_type": "bert", "hidden_act": "gelu", "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "max_position_embeddings": 40, "layer_norm_eps": 1e-12, **config,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def encoder_folder(tmp_path, monkeypatch):
    transformer._loaded.cache_clear()
    folder = write_encoder(tmp_path / "encoder")
    monkeypatch.setenv(FOLDER, str(folder))
    yield folder
    transformer._loaded.cache_clear()


def by_keras(encoder, numbers):
    """The last states of one text by Keras' own layers."""
    import keras

    taken = encoder.weights
    layers = keras.layers

    def norm(name, values):
        layer = layers.LayerNormalization(epsilon=encoder.epsilon)
        layer.build(values.shape)
        layer.set_weights([taken[f"{name}.weight"], taken[f"{name}.bias"]])
        return layer(values)

    def dense(name, values, activation=None):
        layer = layers.Dense(len(taken[f"{name}.bias"]), activation=activation)
        layer.build(values.shape)
        layer.set_weights([taken[f"{name}.weight"].T, taken[f"{name}.bias"]])
        return layer(values)

    states = taken["embeddings.word_embeddings.weight"][numbers][None]
    states = states + taken["embeddings.position_embeddings.weight"][: len(numbers)]
    states = norm("embeddings.LayerNorm", states + taken["embeddings.token_type_embeddings.weight"][0])
    for at in range(LAYERS):
        name = f"encoder.layer.{at}"
        attention = layers.MultiHeadAttention(HEADS, SIZE // HEADS)
        attention.build(states.shape, states.shape)
        parts = []
        for part in ("query", "key", "value"):
            kernel = taken[f"{name}.attention.self.{part}.weight"].T.reshape(SIZE, HEADS, -1)
            parts += [kernel, taken[f"{name}.attention.self.{part}.bias"].reshape(HEADS, -1)]
        out = taken[f"{name}.attention.output.dense.weight"].T.reshape(HEADS, -1, SIZE)
        attention.set_weights([*parts, out, taken[f"{name}.attention.output.dense.bias"]])
        states = norm(f"{name}.attention.output.LayerNorm", states + attention(states, states))
        gelu = lambda values: keras.activations.gelu(values, approximate=False)  # noqa: E731
        inner = dense(f"{name}.intermediate.dense", states, gelu)
        states = norm(f"{name}.output.LayerNorm", states + dense(f"{name}.output.dense", inner))
    return np.asarray(states)[0]


def test_states_are_those_of_the_layers_of_keras(encoder_folder):
    encoder = Encoder.of(encoder_folder)
    texts = ["手机 喜欢", "order is broken 昨天收到 失望 shoes colour", ""]

    ours = encoder.states(texts)

    for text, row in zip(texts, ours, strict=True):
        states = by_keras(encoder, encoder.pieces.numbers(text, encoder.longest))
        assert np.abs(row - np.r_[states[0], states.mean(axis=0)]).max() < 1e-5


def test_states_do_not_depend_on_what_is_asked_together(encoder_folder):
    encoder = Encoder.of(encoder_folder)

    together = encoder.states(["喜欢", "nice " * 30])

    assert np.abs(together[0] - encoder.states(["喜欢"])[0]).max() < 1e-5


def test_words_are_cut_into_the_longest_known_pieces():
    pieces = WordPiece({name: at for at, name in enumerate(
        ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "want", "##want", "##ed", "wa", "un", "runn", "##ing", ","])})  # fmt: skip

    numbers = pieces.numbers("Unwanted , running unwantedX", 20)

    assert numbers == [1, 8, 5, 6, 11, 9, 10, 0, 2]
    assert pieces.numbers("want want want want", 4) == [1, 4, 4, 2]
    assert pieces.numbers("x" * 200, 9) == [1, 0, 2]


def test_chinese_characters_and_signs_stand_alone():
    assert list(words("Café好评!x-ray\t a\n")) == ["cafe", "好", "评", "!", "x", "-", "ray", "a"]


def test_a_head_is_learned_published_and_read_again(encoder_folder):
    engine = engines.make("transformer", seed=1).fit(*shop(size=500))
    later, truth = shop(size=200, noise=0.0, seed=1)

    class Loaded:
        arrays = engine.to_arrays()
        meta = engine.to_meta()

    scorer = build_scorer(Loaded)
    assert isinstance(scorer, TransformerScorer)
    chances = scorer.probabilities(later)
    assert np.allclose(chances.sum(axis=1), 1.0)
    assert np.array_equal(chances, engine.probabilities(later))
    told = np.array(scorer.classes)[scorer.chosen(chances)]
    assert np.mean(told == np.array(truth)) > 0.8, "random states still know which signs were there"
    assert set(Loaded.arrays) == {"mean", "spread", "weights", "bias"}, "the encoder stays where it is"


def test_without_a_folder_it_is_said_what_is_needed(monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)

    with pytest.raises(NoTransformer, match=r"set REVIEWS_TRANSFORMER to a local folder .* Nothing is downloaded"):
        engines.make("transformer")


def test_a_folder_that_is_not_there_or_of_another_kind_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "nowhere"))
    with pytest.raises(NoTransformer, match="nowhere, which is no folder"):
        engines.make("transformer")
    with pytest.raises(NoTransformer, match="type roberta; BERT"):
        Encoder.of(write_encoder(tmp_path / "other", model_type="roberta"))
    (write_encoder(tmp_path / "cut") / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0{}")
    with pytest.raises(NoTransformer, match="not an encoder"):
        Encoder.of(tmp_path / "cut")
    (write_encoder(tmp_path / "plain") / "vocab.txt").write_text("a\n")
    with pytest.raises(NoTransformer, match=r"no \[CLS\]"):
        Encoder.of(tmp_path / "plain")


def test_a_head_of_another_encoder_is_refused(encoder_folder):
    engine = engines.make("transformer").fit(*shop(size=40))

    with pytest.raises(NoTransformer, match="another encoder"):
        engines.published("transformer", engine.to_arrays(), engine.to_meta() | {"encoder": "0" * 64})


def test_half_precision_and_a_tokenizer_file_are_read(encoder_folder, tmp_path):
    half = write_encoder(tmp_path / "half", kind="F16", prefix="")
    (half / "vocab.txt").unlink()
    vocab = {name: at for at, name in enumerate(vocabulary())}
    (half / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordPiece", "vocab": vocab}}))

    gap = Encoder.of(half).states(["喜欢 nice"]) - Encoder.of(encoder_folder).states(["喜欢 nice"])

    assert np.abs(gap).max() < 0.05
    (half / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE"}}))
    with pytest.raises(NoTransformer, match="WordPiece is read"):
        Encoder.of(half)


def test_evaluation_without_a_transformer_ends_in_one_sentence(tmp_path, monkeypatch):
    from core.evaluation import Run, evaluate
    from reviews.sentiment_evaluators import SentimentEvaluator

    monkeypatch.delenv(FOLDER, raising=False)
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "\n".join(f"{text},{label}" for text, label in zip(*shop(size=40), strict=True)))
    run = Run({"train": str(path), "test": str(path), "engine": "transformer"})

    with pytest.raises(UsageError, match="--engine: No transformer"):
        evaluate("sentiment", SentimentEvaluator(), run)
