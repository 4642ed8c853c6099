import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from reviews.ml import deep, engines
from reviews.ml.network_serving import CNN, LSTM, NetworkScorer
from reviews.ml.networks import PARAMS, Allowance, NetworkEngine, held_back, temperature_of
from reviews.ml.ngram import TooFewTexts
from reviews.ml.serving import build_scorer
from tests.reviews.ml.test_ngram import shop

SMALL = {
    CNN: replace(PARAMS[CNN], dimensions=8, units=6, epochs=6, batch=32, rate=0.01, in_texts=1),
    LSTM: replace(PARAMS[LSTM], units=12, epochs=6, batch=32, rate=0.02, in_texts=1),
}
TEXTS = ["", "喜欢", "order is broken 昨天收到 失望", "😀" * 30, "nice " * 500]


@pytest.fixture(scope="module", params=[CNN, LSTM])
def learned(request):
    return NetworkEngine(request.param, SMALL[request.param], seed=1).fit(*shop(size=400))


def test_planted_opinions_are_found(learned):
    later, truth = shop(noise=0.0, seed=1)

    told = np.array(learned.classes)[learned.chosen(learned.probabilities(later))]

    assert np.mean(told == np.array(truth)) > 0.98


@pytest.mark.parametrize("name", [CNN, LSTM])
def test_numpy_answers_as_keras_does(name, monkeypatch):
    told, learn = {}, deep.learn

    def noted(*texts, **settings):
        weights, told["logits"], epoch = learn(*texts, **settings)
        return weights, told["logits"], epoch

    monkeypatch.setattr(deep, "learn", noted)
    texts, labels = shop(size=200)
    texts = [" ".join([text] * (1 + at % 5)) for at, text in enumerate(texts)]
    engine = NetworkEngine(name, replace(SMALL[name], epochs=1), seed=2).fit(texts, labels)
    held = held_back(np.unique(labels, return_inverse=True)[1], 2)

    ours = engine.scorer.logits([text for text, out in zip(texts, held, strict=True) if out])

    assert np.abs(ours - told["logits"]).max() < 1e-5
    assert np.ptp(ours) > 0.01


def test_answers_do_not_depend_on_what_is_asked_together(learned):
    together = learned.probabilities(TEXTS)

    alone = np.vstack([learned.probabilities([text]) for text in TEXTS])

    assert np.abs(together - alone).max() < 1e-6
    assert np.allclose(together.sum(axis=1), 1.0)
    assert learned.probabilities([]).shape == (0, 2)


def test_what_is_published_answers_as_what_was_learned(learned):
    class Loaded:
        arrays = learned.to_arrays()
        meta = learned.to_meta()

    assert all(array.dtype != object and "/" not in name for name, array in Loaded.arrays.items())
    for scorer in (build_scorer(Loaded), engines.published(learned.name, Loaded.arrays, Loaded.meta)):
        assert isinstance(scorer, NetworkScorer)
        assert np.array_equal(scorer.probabilities(TEXTS), learned.probabilities(TEXTS))
        assert np.array_equal(scorer.chosen(scorer.probabilities(TEXTS)), learned.chosen(learned.probabilities(TEXTS)))


def test_arrays_of_another_engine_or_damaged_ones_are_refused(learned):
    arrays, meta = learned.to_arrays(), learned.to_meta()

    with pytest.raises(ValueError, match="not of ngram"):
        engines.published("ngram", arrays, meta)
    with pytest.raises(ValueError, match="format 9"):
        engines.published(learned.name, arrays, meta | {"format": 9})
    with pytest.raises(ValueError, match="no number"):
        engines.published(learned.name, arrays | {"said.bias": np.array([np.nan, 0.0], np.float32)}, meta)
    with pytest.raises(ValueError, match="fit together"):
        engines.published(learned.name, arrays | {"keys_1": arrays["keys_1"][:-1]}, meta)
    with pytest.raises(ValueError, match="increasing"):
        engines.published(learned.name, arrays | {"keys_1": arrays["keys_1"][::-1]}, meta)
    with pytest.raises(KeyError):
        engines.published(learned.name, {name: part for name, part in arrays.items() if name != "said.bias"}, meta)


def test_three_classes_and_few_texts_are_enough():
    texts, labels = ["a b", "a c", "d e", "d f", "g h", "g i"], ["x", "x", "y", "y", "z", "z"]

    engine = NetworkEngine(CNN, replace(SMALL[CNN], epochs=1)).fit(texts, labels)

    assert engine.classes == ("x", "y", "z")
    assert engine.probabilities(["a b"]).shape == (1, 3)
    with pytest.raises(TooFewTexts):
        NetworkEngine(CNN).fit(["a", "b"], ["x", "x"])


def test_no_epoch_is_begun_that_would_end_after_the_budget():
    clock = [100.0]
    allowance = Allowance(60.0, clock=lambda: clock[0])
    clock[0] += 10.0
    allowance.begin()

    more = []
    for epoch in (1, 2, 3):
        clock[0] += 15.0
        more.append(allowance.has_another(epoch))

    assert more == [True, True, False], "10 + 15 · epochs, 70 seconds with a fourth"
    assert allowance.is_over
    assert Allowance(clock=lambda: clock[0]).has_another(1)


def test_without_any_time_a_network_learns_one_epoch():
    engine = NetworkEngine(CNN, SMALL[CNN], seed=1, budget=0.0).fit(*shop(size=60))

    assert (engine.described()["epoch"], engine.is_cut_short) == (1, True)


def test_a_tenth_of_each_class_is_held_back():
    held = held_back(np.array([0] * 100 + [1] * 20 + [2] * 2), seed=0)

    assert (held[:100].sum(), held[100:120].sum(), held[120:].sum()) == (10, 2, 1)


def test_the_temperature_that_logits_were_heated_with_is_found():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 2)) * 2.0
    codes = (rng.random(20_000) < 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))).astype(np.int64)

    assert temperature_of(logits * 3.0, codes) == pytest.approx(3.0, rel=0.05)


def test_answering_loads_no_tensorflow():
    code = (
        "import reviews.ml.engines, reviews.ml.serving, sys; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["False", "False"]
