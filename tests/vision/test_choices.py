"""The words for people and the keys of the mathematics, which knows no languages, are the same."""

from django.utils import translation

from vision import choices
from vision.ml import colours, quality


def test_every_key_of_the_mathematics_has_a_word_and_no_word_is_without_a_key():
    assert tuple(choices.ColourName.values) == colours.NAMES
    assert tuple(choices.Issue.values) == ("unreadable", *quality.ISSUES)
    assert set(choices.ADVICE) == set(choices.Issue)
    assert choices.PLAIN == colours.PLAIN


def test_two_chinese_sentences_stand_without_a_space_between_them():
    assert choices.in_a_row("One.", "Two.") == "One. Two."
    with translation.override("zh-hans"):
        assert choices.in_a_row("一句。", "两句。") == "一句。两句。"
