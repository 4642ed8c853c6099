import numpy as np
import pytest

from reviews.ml import lexicon, measures, ngram
from reviews.ml.engines import ENGINES, TRANSFORMER, make
from reviews.ml.grams import GramKinds
from reviews.ml.ngram import PLAIN, NgramParams, TooFewTexts, threshold_of
from reviews.ml.serving import NgramScorer, build_scorer
from reviews.ml.transformer import NoTransformer
from reviews.ml.vocabulary import CountedTexts

GOOD, BAD = ["喜欢", "满意", "nice", "soft"], ["失望", "难用", "broken", "late"]
PLAIN_WORDS = ["手机", "颜色", "包装", "shoes", "order", "colour", "昨天", "收到"]


def shop(size=600, share=0.5, noise=0.05, seed=0):
    """Texts of plain words with one word of opinion; a few labels are wrong."""
    rng = np.random.default_rng(seed)
    good = rng.random(size) < share
    texts = [
        " ".join([*rng.choice(PLAIN_WORDS, 4), rng.choice(GOOD if one else BAD), *rng.choice(PLAIN_WORDS, 2)])
        for one in good
    ]
    labels = np.where(good ^ (rng.random(size) < noise), "positive", "negative")
    return texts, labels.tolist()


def test_planted_opinions_are_found_in_both_languages():
    texts, labels = shop()
    later, truth = shop(noise=0.0, seed=1)

    scorer = ngram.train(texts, labels)

    assert np.mean(np.array(scorer.predict(later)) == np.array(truth)) > 0.99
    assert scorer.predict(["昨天收到 喜欢", "order is broken"]) == ["positive", "negative"]


@pytest.mark.parametrize("lessons", [[], lexicon.shipped().lessons()], ids=["texts alone", "with lessons"])
def test_chances_are_calibrated_where_the_truth_is_a_chance(lessons):
    rng = np.random.default_rng(0)
    balance = rng.integers(-3, 4, 6000)
    texts = [
        " ".join([*rng.choice(PLAIN_WORDS, 3), *rng.choice(GOOD if one > 0 else BAD, abs(one))]) for one in balance
    ]
    came = rng.random(6000) < 1 / (1 + np.exp(-balance))
    labels = np.where(came, "positive", "negative")

    chances = ngram.train(texts[:4000], labels[:4000], lessons=lessons).probabilities(texts[4000:])

    assert np.allclose(chances.sum(axis=1), 1.0)
    assert measures.calibration_error(chances[:, 1], came[4000:]) < 0.06


def test_the_same_seed_gives_the_same_model():
    texts, labels = shop()

    one, other = (ngram.train(texts, labels, seed=3) for _again in range(2))

    assert np.array_equal(one.weights, other.weights)
    assert np.array_equal(one.slope, other.slope)


def test_three_classes_are_one_question_each():
    texts, labels = shop()
    texts += ["okay 手机", "okay 颜色 shoes", "so so okay 包装"] * 60
    labels += ["neutral"] * 180

    scorer = ngram.train(texts, labels, order=["negative", "neutral", "positive"])

    assert scorer.classes == ("negative", "neutral", "positive")
    assert scorer.weights.shape[1] == 3
    assert scorer.predict(["okay order", "喜欢 order", "late order"]) == ["neutral", "positive", "negative"]


def test_what_is_published_answers_as_what_was_learned():
    texts, labels = shop()
    scorer = ngram.train(texts, labels)

    class Loaded:
        arrays = scorer.to_arrays()
        meta = scorer.to_meta()

    again = build_scorer(Loaded())

    assert np.array_equal(again.probabilities(texts), scorer.probabilities(texts))
    assert all(array.dtype != object for array in Loaded.arrays.values())


def test_serving_gives_the_margins_of_learning():
    texts, labels = shop()
    scorer = ngram.train(texts, labels)
    counted = CountedTexts.of(texts, scorer.kinds)
    rows = counted.rows(counted.vocabulary())

    wanted = np.asarray(rows @ scorer.weights) + scorer.bias

    assert np.allclose(scorer.margins(texts), wanted, atol=1e-5)


def test_words_that_the_texts_lack_are_read_as_the_shipped_list_has_them():
    texts, labels = shop()
    unknown = ["the order was terrible and far too slow", "昨天收到 包装很精美"]

    alone = ngram.train(texts, labels)
    taught = ngram.train(texts, labels, lessons=lexicon.shipped().lessons())

    assert set(alone.keys) < set(taught.keys)
    assert taught.predict(unknown) == ["negative", "positive"]
    chances = taught.probabilities(unknown)
    assert (chances[0, 0] > 0.8, chances[1, 1] > 0.8) == (True, True)


def test_what_a_shop_says_outweighs_the_shipped_list():
    """Here customers say “slow” of what they praise."""
    rng = np.random.default_rng(2)
    good = rng.random(400) < 0.5
    texts = [f"{'slow' if one else 'plain'} {' '.join(rng.choice(PLAIN_WORDS, 3))}" for one in good]
    labels = np.where(good, "positive", "negative").tolist()

    scorer = ngram.train(texts, labels, lessons=lexicon.shipped().lessons())

    assert scorer.predict(["a slow order"]) == ["positive"]


def test_lessons_about_other_classes_are_none():
    texts, labels = shop(size=100)
    renamed = [{"positive": "p", "negative": "n"}[label] for label in labels]

    one = ngram.train(texts, renamed).to_arrays()
    other = ngram.train(texts, renamed, lessons=lexicon.shipped().lessons()).to_arrays()

    assert [name for name in one if not np.array_equal(one[name], other[name])] == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("keys", lambda array: array[::-1]),
        ("keys", lambda array: array[:-1]),
        ("keys", lambda array: array.astype(np.int64)),
        ("weights", lambda array: array[:, :0]),
        ("idf", lambda array: array * np.nan),
        ("slope", lambda array: np.append(array, 1.0)),
    ],
)
def test_a_damaged_model_is_refused(name, change):
    scorer = ngram.train(*shop(size=100))
    arrays = scorer.to_arrays()

    with pytest.raises(ValueError, match="text model"):
        NgramScorer.from_arrays(arrays | {name: change(arrays[name])}, scorer.to_meta())
    with pytest.raises(ValueError, match="format 2"):
        NgramScorer.from_arrays(arrays, scorer.to_meta() | {"format": 2})


def test_odd_texts_get_an_answer_near_what_is_usual():
    scorer = ngram.train(*shop(size=100))

    chances = scorer.probabilities(["", " ", "😀", "مرحبا", "x" * 30_000, "\n\n"])

    assert np.isfinite(chances).all()
    assert scorer.probabilities([]).shape == (0, 2)


@pytest.mark.parametrize("labels", [[], ["a", "a", "a"], ["a", "a", "b"]])
def test_learning_needs_two_classes_with_two_texts(labels):
    with pytest.raises(TooFewTexts):
        ngram.train(["some text"] * len(labels), labels)


def test_four_texts_are_enough_to_answer_with_doubt():
    scorer = ngram.train(["good", "very good", "bad", "very bad"], ["p", "p", "n", "n"])

    chances = scorer.probabilities(["good", "bad"])

    assert chances[0, 1] > chances[1, 1]
    assert 0.05 < chances[1, 1] < chances[0, 1] < 0.95


def test_the_threshold_is_one_half_where_classes_are_as_frequent_and_lower_for_a_rare_one():
    rng = np.random.default_rng(0)
    even = rng.beta(0.5, 0.5, 20_000)
    rare = rng.beta(0.3, 2.7, 20_000)

    assert threshold_of(even) == pytest.approx(0.5, abs=0.02)
    threshold = threshold_of(rare)
    assert 0.25 < threshold < 0.45
    came = rng.random(20_000) < rare
    told = [measures.macro_f1((rare >= at).astype(np.int64), came.astype(np.int64), 2) for at in (threshold, 0.5)]
    assert told[0] > told[1]
    assert threshold_of(np.empty(0)) == 0.5


def test_engines_are_made_by_name_and_say_what_they_did():
    texts, labels = shop(size=200)
    for name in set(ENGINES) - {TRANSFORMER}:
        engine = make(name, seed=1).fit(texts, labels)
        assert engine.classes == ("negative", "positive")
        assert engine.described()
        chances = engine.probabilities(texts)
        assert [engine.classes[at] for at in engine.chosen(chances)[:20]] == engine.scorer.predict(texts)[:20]
    with pytest.raises(NoTransformer, match="REVIEWS_TRANSFORMER"):
        make(TRANSFORMER).fit(texts, labels)
    with pytest.raises(KeyError):
        make("unknown")
    with pytest.raises(ValueError, match="not learned"):
        make("ngram").probabilities(texts)


def test_the_reference_reads_characters_alone_and_trusts_all_alike():
    assert NgramParams(kinds=GramKinds(4, 0), by_ratio=False, by_f1=False) == PLAIN
