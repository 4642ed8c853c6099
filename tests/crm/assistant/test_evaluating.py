"""What is counted of utterances: planted intents, risks and strangers."""

from crm.assistant_evaluators import ANSWERED, HANDED, decided, figures
from reviews.ml import intent_training
from reviews.ml.text import normalise

ANIMALS = ("otter", "badger", "falcon", "lynx", "heron", "weasel")
ROCKS = ("granite", "basalt", "marble", "slate", "gneiss", "quartz")
PERSONS = frozenset({"rocks"})


def model():
    texts = [f"tell me about the {one} please" for one in ANIMALS] + [f"a question on {one} stone" for one in ROCKS]
    return intent_training.train([normalise(text) for text in texts], ["animals"] * 6 + ["rocks"] * 6)


def test_risks_reach_a_person_by_intent_and_by_rule_and_the_rest_is_counted():
    learned = model()
    texts = ["tell me about the otter please", "a question on granite stone", "I will sue you"]

    told = [decided(learned, text, PERSONS)[0] for text in texts]
    found = figures(learned, texts, ["animals", "rocks", "rocks"], persons=PERSONS, strange="none")

    assert told == [ANSWERED, HANDED, HANDED]
    assert (found["answered"], found["right"], found["risks_handed_over"], found["risks_answered"]) == (
        1.0,
        1.0,
        1.0,
        0,
    )
    assert (found["answerable"], found["for_persons"], found["strange_answered"]) == (1, 2, None)


def test_the_rules_are_left_out_where_that_is_asked_for():
    assert decided(model(), "tell me about the otter please, human", PERSONS)[0] == HANDED
    assert decided(model(), "tell me about the otter please, human", PERSONS, has_rules=False)[1] == "animals"
