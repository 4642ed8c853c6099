"""The words for people and the keys of the mathematics, which knows no languages, are the same."""

from vision import choices
from vision.ml import colours, quality


def test_every_key_of_the_mathematics_has_a_word_and_no_word_is_without_a_key():
    assert tuple(choices.ColourName.values) == colours.NAMES
    assert tuple(choices.Issue.values) == ("unreadable", *quality.ISSUES)
    assert set(choices.ADVICE) == set(choices.Issue)
    assert choices.PLAIN == colours.PLAIN
