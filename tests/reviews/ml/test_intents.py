from dataclasses import replace

import numpy as np
import pytest

from reviews.ml import intent_training
from reviews.ml.intent_training import Trial, _by_script, thresholds_of, train, tried
from reviews.ml.intents import ANSWER, ASK, HAND_OVER, IntentModel, Thresholds, act
from reviews.ml.ngram import TooFewTexts
from reviews.ml.text import normalise
from reviews.ml.transformer import FOLDER, Encoder, NoTransformer
from reviews.ml.vocabulary import CountedTexts
from tests.reviews.ml.test_transformer import encoder_folder

__all__ = ["encoder_folder"]
EXAMPLES = {
    "status": [
        *["where is my order", "has my order been sent", "track my parcel please", "my parcel has not come yet"],
        *["我的订单到哪了", "什么时候发货", "包裹到哪里了", "查一下我的快递"],
    ],
    "refund": [
        *["i want my money back", "please refund my order", "when do i get the refund", "refund the money please"],
        *["我要退款", "退款什么时候到账", "怎么申请退款", "钱什么时候退给我"],
    ],
    "hours": [
        *["when do you open", "what are your opening hours", "are you open on sunday", "how late are you open"],
        *["你们几点开门", "营业时间是什么时候", "周末上班吗", "客服几点下班"],
    ],
    "thanks": [
        *["thank you so much", "thanks a lot", "great, thanks for the help", "many thanks for your help"],
        *["谢谢你", "非常感谢", "好的谢谢", "感谢帮忙"],
    ],
}


@pytest.fixture(scope="module")
def model():
    texts = [normalise(text) for some in EXAMPLES.values() for text in some]
    return intent_training.train(texts, [name for name, some in EXAMPLES.items() for _text in some], seed=1)


def best(model, text):
    found = model.understand([text])[0]
    return found.candidates[0].intent if found.candidates else None


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where is my parcel?", "status"),
        ("我的快递到哪了呀", "status"),
        ("我想要退款！", "refund"),
        ("could you refund me", "refund"),
        ("What time do you open tomorrow", "hours"),
        ("謝謝你的幫忙", "thanks"),
    ],
)
def test_what_is_like_examples_is_understood(model, text, intent):
    assert best(model, text) == intent


@pytest.mark.parametrize(
    "text", ["", "   ", "😀", "<script>", "zzzzqqqq", "Отличный товар", "\x00\ud800", "呵" * 100_000]
)
def test_what_is_like_nothing_is_handed_over(model, text):
    found = model.understand([text])[0]

    assert found.act == HAND_OVER
    assert all(0.0 <= one.confidence < 0.2 for one in found.candidates)


def test_words_that_no_example_has_take_confidence_away(model):
    plain, long = (model.confidences([text])[0].max() for text in (
        "where is my order", "where is my order of quantum chromodynamics lectures by richard feynman",
    ))  # fmt: skip

    assert plain > 0.5 > long


def test_the_nearest_example_is_named(model):
    texts = [text for some in EXAMPLES.values() for text in some]

    found = model.understand(["怎么申请退款呢"])[0].candidates[0]

    assert texts[found.example] == "怎么申请退款"


def test_many_utterances_get_the_answers_of_each(model):
    texts = ["where is my order", "", "我要退款", "x"]

    assert model.understand(texts) == [model.understand([text])[0] for text in texts]
    assert model.understand([]) == []


def test_what_is_published_answers_as_what_was_learned(model):
    again = IntentModel.from_arrays(model.to_arrays(), model.to_meta())

    assert again.understand(["where is my order", "退款"]) == model.understand(["where is my order", "退款"])
    assert all(array.dtype != object for array in model.to_arrays().values())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("keys", lambda array: array[::-1]),
        ("weights", lambda array: array[:, :-1]),
        ("bias", lambda array: array * np.nan),
        ("example_intents", lambda array: array + 4),
        ("example_indices", lambda array: array + 1_000_000),
    ],
)
def test_a_damaged_model_is_refused(model, name, change):
    arrays = model.to_arrays()

    with pytest.raises(ValueError):
        IntentModel.from_arrays(arrays | {name: change(arrays[name])}, model.to_meta())


def test_every_example_is_tried_with_its_intent_known_and_hidden():
    texts = [normalise(text) for some in EXAMPLES.values() for text in some]
    trial = tried(texts, [name for name, some in EXAMPLES.items() for _text in some], seed=1)

    assert trial.known.sum() == len(texts)
    assert (~trial.known).sum() == len(texts)
    assert trial.hits[trial.known].mean() > 0.5
    assert not trial.hits[~trial.known].any()
    assert trial.confidence[trial.known].max(axis=1).mean() > trial.confidence[~trial.known].max(axis=1).mean()


def test_thresholds_are_those_that_were_planted():
    # From 0.8 on all is right, between 0.5 and 0.8 half is; what is strange lies below 0.5.
    confidence = np.zeros((400, 2))
    confidence[:, 0] = np.r_[np.linspace(0.8, 1.0, 100), np.linspace(0.5, 0.79, 100), np.linspace(0.0, 0.49, 200)]
    right = np.r_[np.zeros(100), np.arange(100) % 2, np.full(200, -1)].astype(np.int64)

    found = thresholds_of(Trial(confidence, right))

    # 90 % right: 100 + x/2 of 100 + x, so a quarter of the doubtful ones may be answered, too.
    assert found.answer == pytest.approx(0.79 - 25 * 0.29 / 99, abs=0.01)
    assert found.ask == pytest.approx(0.5, abs=0.01)
    assert found.gap == 0.0


def test_more_is_answered_where_fewer_texts_are_about_nothing_the_shop_knows():
    # Covered texts are right from anywhere on; strange ones lie evenly among them.
    confidence = np.tile(np.linspace(0.0, 1.0, 1000), 2)[:, None] * [1.0, 0.0]
    right = np.r_[np.zeros(1000), np.full(1000, -1)].astype(np.int64)
    right[:1000] = np.where(confidence[:1000, 0] < 0.1, 1, 0)
    confidence[1000:, 0] *= 0.5  # from 0.5 on nothing is strange

    half, quarter = (thresholds_of(Trial(confidence, right), share) for share in (0.5, 0.25))

    # 90 % right: 0.5 + x right of 0.5 + 3x with equal weights (strange ones lie twice as close), of 0.5 + (1 + 2/3)x
    # with a third of the weight; x is how far below 0.5 the threshold lies.
    assert half.answer == pytest.approx(0.5 - 0.05 / 1.7, abs=0.002)
    assert quarter.answer == pytest.approx(0.5 - 0.05 / 0.5, abs=0.002)


def test_a_gap_is_asked_for_where_near_seconds_are_wrong():
    lead = np.arange(200) % 2 == 0
    confidence = np.column_stack([np.full(200, 0.6), np.where(lead, 0.1, 0.58)])
    right = np.r_[np.where(lead, 0, 1), np.full(200, -1)]
    confidence = np.vstack([confidence, np.full((200, 2), [0.1, 0.0])])

    assert thresholds_of(Trial(confidence, right)).gap > 0.02
    assert act(np.array([0.6, 0.58]), thresholds_of(Trial(confidence, right))) != ANSWER


def test_without_any_trial_thresholds_are_those_of_the_product():
    assert thresholds_of(Trial(np.empty((0, 2)), np.empty(0, np.int64))) == Thresholds()


def test_acts_follow_from_the_thresholds():
    thresholds = Thresholds(answer=0.6, ask=0.3, gap=0.1)

    assert act(np.array([0.7, 0.2]), thresholds) == ANSWER
    assert act(np.array([0.7, 0.65]), thresholds) == ASK
    assert act(np.array([0.4, 0.0]), thresholds) == ASK
    assert act(np.array([0.2, 0.1]), thresholds) == HAND_OVER
    assert act(np.zeros(2), Thresholds(0.0, 0.0, 0.5)) == HAND_OVER


@pytest.mark.parametrize("intents", [[], ["a"], ["a", "a"], ["a", "b"]])
def test_learning_needs_two_intents_and_two_examples(intents):
    with pytest.raises(TooFewTexts):
        intent_training.train(["some text"] * len(intents), intents)


def test_each_script_has_thresholds_of_its_own_where_its_confidences_mean_something_else():
    """Chinese answers are right from 0.3 on, English ones from 0.7 on."""
    asked, confidence, right = [], [], []
    for text, first in (("退货", 0.3), ("return", 0.7)):
        for step in range(500):
            sure = 0.1 + 0.8 * step / 499
            is_right = sure >= first
            asked.append(text)
            confidence.append([sure, 0.0])
            right.append(0 if is_right else -1)

    found = _by_script(Trial(np.array(confidence), np.array(right)), asked)

    assert found == {
        "han": thresholds_of(Trial(np.array(confidence[:500]), np.array(right[:500]))),
        "other": thresholds_of(Trial(np.array(confidence[500:]), np.array(right[500:]))),
    }
    assert found["han"].answer < 0.35 < 0.6 < found["other"].answer


def test_a_chinese_sentence_is_told_by_single_characters_in_another_order():
    texts = ["我要退货", "货退给你们", "想退掉这件货", "发票开一下", "帮我开张票", "票据能开吗"]
    model = train([normalise(text) for text in texts], ["return"] * 3 + ["invoice"] * 3)

    told = [found.candidates[0].intent for found in model.understand(["货可以退么", "开电子票"])]

    assert told == ["return", "invoice"]
    assert model.to_meta()["unspaced"] == (1, 2)


def test_texts_of_one_script_alone_have_the_thresholds_of_all():
    confidence = np.linspace(0.1, 0.9, 400)[:, None] * [1.0, 0.0]
    right = np.where(confidence[:, 0] >= 0.5, 0, -1)

    assert _by_script(Trial(confidence, right), ["return"] * 400) == {}


def test_thresholds_by_script_are_published_with_the_model():
    model = train([f"{word} {n}" for word in ("return", "ship") for n in range(4)], ["back"] * 4 + ["out"] * 4)
    told = replace(model, by_script={"han": Thresholds(0.4, 0.1, 0.05)})

    again = IntentModel.from_arrays(told.to_arrays(), told.to_meta())

    assert again.thresholds_for("我要退货") == Thresholds(0.4, 0.1, 0.05)
    assert again.thresholds_for("return it") == model.thresholds


# --- a pretrained encoder -----------------------------------------------------------------------------------------


class Groups:
    """An encoder that knows of some invented words to which of two groups they belong, and of others nothing."""

    sha256 = "0" * 64

    def __init__(self, first):
        self.first = set(first)

    def states(self, texts):
        sides = [[float(any(word in self.first for word in text.split())), 0.5] for text in texts]
        return np.array(sides, np.float32).reshape(-1, 2)


def invented(count, seed):
    """Words of letters by chance: grams know nothing of one from the others."""
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("bcdfghjklmnpqrstvwxz"), 7)) for _n in range(count)]


def of_invented_words():
    first, second = invented(60, 1), invented(60, 2)
    texts = [f"i would like to know about {word} for me" for word in first + second]
    return texts, ["fruit"] * 60 + ["tools"] * 60, first


def test_an_encoder_has_a_say_where_it_knows_what_grams_cannot():
    texts, intents, first = of_invented_words()

    learned = intent_training.learn(texts, intents, [], encoder=Groups(first))

    assert learned.heard.is_used
    assert learned.heard.gained > 0.3
    assert learned.trial.hits.mean() > 0.9
    assert learned.model.head.encoder.sha256 == "0" * 64


def test_an_encoder_that_adds_nothing_has_no_say():
    texts = [normalise(text) for some in EXAMPLES.values() for text in some]
    intents = [name for name, some in EXAMPLES.items() for _text in some]

    plain, learned = (intent_training.learn(texts, intents, [], encoder=one) for one in (None, Groups([])))

    assert plain.heard is None
    assert not learned.heard.is_used
    assert learned.model.head is None
    assert np.array_equal(learned.trial.confidence, plain.trial.confidence)


def test_grams_and_encoder_say_the_same_apart_and_together(encoder_folder):
    texts, intents, _first = of_invented_words()
    model = intent_training.train(texts, intents, encoder=Encoder.of(encoder_folder))
    rows = CountedTexts.of(texts, model.vocabulary.kinds).rows(model.vocabulary)

    confidence, _nearest = model.confidences(texts)
    again = IntentModel.from_arrays(model.to_arrays(), model.to_meta())

    mean = (model.probabilities(rows) + model.head.probabilities(texts)) / 2
    assert confidence == pytest.approx(mean * model.likeness(rows), abs=1e-6)
    assert again.understand([*texts[:3], "", "x"]) == model.understand([*texts[:3], "", "x"])


def test_a_model_with_an_encoder_is_refused_without_it(encoder_folder, monkeypatch):
    texts, intents, _first = of_invented_words()
    model = intent_training.train(texts, intents, encoder=Encoder.of(encoder_folder))
    monkeypatch.delenv(FOLDER)

    with pytest.raises(NoTransformer, match="Nothing is downloaded"):
        IntentModel.from_arrays(model.to_arrays(), model.to_meta())
