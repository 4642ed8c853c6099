"""Learning intents from the tables: planted ones are recovered, poisoned examples refused, mistakes named."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core import model_registry
from core.models import Job, ModelVersion
from reviews.answers import examples, training
from reviews.answers.choices import INTENTS
from reviews.answers.serving import build_intents
from reviews.exceptions import UnreadableTransformer
from reviews.models import Intent, IntentExample
from tests.factories import ArticleFactory, IntentFactory
from tests.reviews.ml.test_transformer import encoder_folder

__all__ = ["encoder_folder"]
pytestmark = pytest.mark.django_db

WORDS = {
    "track": ("where is", "what happened to", "has anybody seen", "please find", "track", "still waiting for"),
    "refund": ("pay me back for", "refund", "money back for", "return the money of", "I want a refund of", "reimburse"),
    "size": ("which size of", "does the size fit of", "is it large,", "how wide is", "size chart of", "measures of"),
}  # fmt: skip
THINGS = ("my order", "the parcel", "that jacket", "these shoes", "the lamp")


def said(intents: dict[str, Intent], end: str = "") -> list[tuple[str, int | None]]:
    """Thirty lines for each of three intents."""
    return [
        (f"{start} {thing}{end}", intents[key].pk) for key, some in WORDS.items() for start in some for thing in THINGS
    ]


@pytest.fixture
def planted() -> dict[str, Intent]:
    """Three intents of thirty examples each, and what none of them covers."""
    made = {key: IntentFactory.create(key=key, title_en=key.title()) for key in WORDS}
    lines = said(made)
    lines += [(f"{noun} {verb}", None) for noun in ("tigers", "poems", "stars") for verb in ("sing", "rhyme", "fall")]
    assert examples.add(lines, by=None).count == len(lines)
    return made


def aged() -> None:
    """Examples as if nobody had touched them for an hour."""
    IntentExample.objects.update(updated_at=timezone.now() - timedelta(hours=1))


def test_planted_intents_are_recovered_and_serve(planted):
    told = training.train()

    version = ModelVersion.objects.get()
    assert told == {"version": "intents.v1", "passed": True, "examples": 99}
    assert version.metrics["recall"] > 0.9
    assert version.metrics["known_apart"] > 0.9
    assert version.report["intents"]["track"]["examples"] == {"en": 30}
    model_registry.forget_loaded()
    loaded = model_registry.active(INTENTS)
    assert loaded is not None
    served = loaded.built(build_intents)
    assert served.model.understand(["track the lamp"])[0].candidates[0].intent == "track"
    assert IntentExample.objects.filter(likeness__isnull=False, nearest__isnull=False).count() == 99


def test_a_poisoned_batch_is_refused_and_the_old_version_serves_on(planted):
    training.train()
    refunds = list(planted["refund"].examples.order_by("pk").values_list("pk", flat=True))
    examples.move([pk for place, pk in enumerate(refunds) if place % 3], planted["size"].pk)

    told = training.train()

    version = ModelVersion.objects.get(number=2)
    assert told["passed"] is False
    assert version.gate["same_data"] is True
    assert version.gate["candidate"] < version.gate["active"] - version.gate["margin"]
    assert ModelVersion.objects.active().get().number == 1


def test_more_good_examples_pass_the_gate(planted):
    training.train()
    more = said(planted, " now")
    examples.add(more, by=None)

    assert training.train()["passed"] is True
    assert ModelVersion.objects.active().get().number == 2


def test_an_example_in_the_wrong_place_is_named_with_where_it_belongs(planted):
    examples.add([("refund the red lamp", planted["size"].pk)], by=None)

    training.train()

    row = IntentExample.objects.mistaken().get(text="refund the red lamp")
    assert row.taken_for == planted["refund"]
    assert row.confidence > 0.3
    pairs = {(own, other) for own, other, _count in ModelVersion.objects.get().report["confusions"]}
    assert ("size", "refund") in pairs


def test_nearly_the_same_examples_are_found(planted):
    examples.add([("I want a refund of the lamp!!", planted["refund"].pk)], by=None)

    training.train()

    doubled = IntentExample.objects.doubled().get(text="I want a refund of the lamp!!")
    assert doubled.nearest.text == "I want a refund of the lamp"


def test_intents_that_are_not_in_use_are_not_learned(planted):
    Intent.objects.filter(key="size").update(is_active=False)

    training.train()

    assert set(ModelVersion.objects.get().report["intents"]) == {"track", "refund"}


def test_an_example_that_was_moved_meanwhile_keeps_what_it_has(planted, monkeypatch):
    row = IntentExample.objects.filter(intent=planted["track"]).first()
    nearest = training._nearest

    def moving(texts):
        examples.move([row.pk], planted["size"].pk)
        return nearest(texts)

    monkeypatch.setattr(training, "_nearest", moving)
    training.train()

    row.refresh_from_db()
    assert row.likeness is None


def test_too_few_examples_are_said_and_nothing_is_published():
    intent = IntentFactory.create()
    examples.add([("hello", intent.pk)], by=None)

    assert training.train() == {"refused": "examples", "examples": 1}
    assert not ModelVersion.objects.exists()


def test_a_training_is_asked_for_once_examples_were_left_alone(planted):
    assert training.retrain_if_changed() is False  # somebody is still writing
    aged()

    assert training.retrain_if_changed() is True
    assert Job.objects.get().task == training.TASK


def test_nothing_is_asked_for_where_nothing_changed(planted):
    aged()
    training.train()
    ModelVersion.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert training.retrain_if_changed() is False
    IntentExample.objects.filter(intent=planted["size"]).first().delete()
    assert training.retrain_if_changed() is True


def test_thresholds_of_articles_are_measured_where_examples_have_articles(planted):
    for key, title in (("track", "Where is my order"), ("refund", "Get a refund"), ("size", "Which size")):
        ArticleFactory.create(intent=planted[key], title_en=title, questions_en="\n".join(WORDS[key]), published=True)

    training.train()

    told = ModelVersion.objects.get().report["articles"]
    assert told["asked"] == 90
    assert told["right"] > 0.8
    assert 0.0 < told["hint"] <= told["answer"] <= 1.0


def test_an_encoder_that_is_named_is_tried_and_one_that_cannot_be_read_is_told(planted, encoder_folder, monkeypatch):
    monkeypatch.setenv("REVIEWS_TRANSFORMER", str(encoder_folder / "nowhere"))
    with pytest.raises(UnreadableTransformer, match="REVIEWS_TRANSFORMER"):
        training.train()
    assert not ModelVersion.objects.exists()

    monkeypatch.setenv("REVIEWS_TRANSFORMER", str(encoder_folder))
    training.train()

    told = ModelVersion.objects.get().report["encoder"]
    assert set(told) == {"is_used", "gained", "error"}
    assert told["is_used"] is (told["gained"] > told["error"])
