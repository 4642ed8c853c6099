import numpy as np
import pytest
import scipy.sparse as sp

from reviews.ml import aspect_training, lexicon, linear
from reviews.ml.aspects import AspectJudge, locate
from reviews.ml.learned_aspects import LearnedAspects
from reviews.ml.ngram import TooFewTexts

TERMS = ["screen", "battery", "fabric", "colour", "price"]
GOOD, BAD = ["great", "lovely", "perfect"], ["awful", "broken", "terrible"]


def mentions(size, seed=0, share=0.3):
    """Two clauses with a term each; one speaks well or ill of it by a word of the lexicon, or asks about it."""
    rng = np.random.default_rng(seed)
    texts, spans, polarities = [], [], []
    for _mention in range(size):
        one, other = rng.choice(TERMS, 2, replace=False)
        polarity = str(rng.choice(["positive", "negative", "neutral"], p=[(1 - share) / 2, (1 - share) / 2, share]))
        said = {"positive": rng.choice(GOOD), "negative": rng.choice(BAD), "neutral": "asked"}[polarity]
        text = f"{one} {said}, {other} {rng.choice([*GOOD, *BAD])}"
        texts.append(text)
        spans.append(locate(text, str(one)))
        polarities.append(polarity)
    return texts, spans, polarities


@pytest.fixture(scope="module")
def judge():
    return AspectJudge(lexicon.shipped())


def right(told, polarities):
    return float(np.mean(np.array(told) == np.array(polarities)))


def test_labels_and_words_of_opinion_together_know_what_each_alone_does_not(judge):
    texts, spans, polarities = mentions(60)
    later, places, truth = mentions(300, seed=1)

    learned = aspect_training.train(texts, spans, polarities, judge)

    together = right(learned.predict(later, places), truth)
    weak = np.where(judge.positive(later, places) >= 0.5, "positive", "negative")
    assert together > 0.9
    assert together > right(weak, truth) + 0.1, "only labels know what is neutral"
    unseen = [text.replace("great", "excellent").replace("awful", "horrible") for text in later]
    places = [locate(text, text.split()[0]) for text in unseen]
    own = learned.own.predict([aspect_training.marked(text, span) for text, span in zip(unseen, places, strict=True)])
    assert right(learned.predict(unseen, places), truth) >= right(own, truth)


def test_chances_sum_to_one_and_the_same_seed_gives_the_same(judge):
    given = mentions(40)

    one, other = (aspect_training.train(*given, judge, seed=3) for _again in range(2))

    chances = one.probabilities(*given[:2])
    assert np.allclose(chances.sum(axis=1), 1.0)
    assert np.array_equal(chances, other.probabilities(*given[:2]))
    assert one.classes == ("negative", "neutral", "positive")
    assert one.probabilities([], []).shape == (0, 3)


def test_what_is_published_says_the_same_with_another_judges_voices_too(judge):
    texts, spans, polarities = mentions(40)
    learned = aspect_training.train(texts, spans, polarities, judge)

    served = LearnedAspects.from_arrays(learned.to_arrays(), learned.to_meta())

    assert np.allclose(served.probabilities(texts, spans), learned.probabilities(texts, spans))
    worth = learned.probabilities(texts, spans) @ [0.0, 0.5, 1.0]
    assert np.allclose(served.heard_by(judge).positive(texts, spans), worth)
    broken = learned.to_arrays() | {"stack_bias": np.zeros(2)}
    with pytest.raises(ValueError, match="do not fit together"):
        LearnedAspects.from_arrays(broken, learned.to_meta())


def test_what_counts_twice_is_what_was_given_twice(judge):
    texts, spans, polarities = mentions(40)
    weights = np.where(np.arange(40) < 20, 2.0, 1.0)
    rows = sp.csr_matrix(judge.voices(texts, spans))
    codes = np.unique(polarities, return_inverse=True)[1]

    once = linear.fit_softmax(rows, codes, 3, row_weights=weights)
    twice = linear.fit_softmax(sp.vstack([rows, rows[:20]]).tocsr(), np.append(codes, codes[:20]), 3)

    assert np.allclose(once.weights, twice.weights, atol=1e-3)


def test_a_rare_polarity_may_be_missing_in_a_fold(judge):
    texts, spans, polarities = mentions(30, share=0.0)
    polarities = ["neutral" if at < 2 else polarity for at, polarity in enumerate(polarities)]

    assert aspect_training.train(texts, spans, polarities, judge).classes == ("negative", "neutral", "positive")


def test_one_polarity_teaches_nothing(judge):
    texts, spans, _polarities = mentions(4)

    with pytest.raises(TooFewTexts):
        aspect_training.train(texts, spans, ["positive"] * 4, judge)
