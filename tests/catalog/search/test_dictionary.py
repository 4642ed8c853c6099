"""Chinese text is cut as jieba cuts it."""

import logging
import random
import re

import jieba
import pytest

from catalog.search.dictionary import UNKNOWN, Dictionary, of_jieba


@pytest.fixture(scope="module")
def ours() -> Dictionary:
    return of_jieba()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> jieba.Tokenizer:
    jieba.setLogLevel(logging.WARNING)
    made = jieba.Tokenizer()
    made.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    made.initialize()
    return made


@pytest.fixture(scope="module")
def texts(theirs: jieba.Tokenizer) -> list[str]:
    """Words side by side, and characters without sense."""
    chance = random.Random(7)
    words = [word for word, count in theirs.FREQ.items() if count and re.fullmatch("[\u4e00-\u9fd5]+", word)]
    return [
        *("".join(chance.choices(words, k=6)) for _ in range(500)),
        *("".join(chr(chance.randrange(0x4E00, 0x9FD5)) for _ in range(20)) for _ in range(100)),
        "女士亚麻连衣裙夏季新款修身显瘦", "中华人民共和国国务院总理", "的", "了了了",
    ]  # fmt: skip


def test_it_knows_every_word_and_every_beginning_of_jieba(ours, theirs):
    assert [part for part, count in theirs.FREQ.items() if ours.count(part) != count] == []
    assert ours.count("裙裙") == UNKNOWN
    assert ours.count("\u30ab") == UNKNOWN


def test_it_cuts_as_jieba_does(ours, theirs, texts):
    for text in texts:
        assert ours.cut(text) == list(theirs.cut(text, HMM=False))


def test_longer_words_are_those_of_jieba_for_search(ours, theirs, texts):
    for text in texts:
        wanted = [word for word in theirs.cut_for_search(text, HMM=False) if len(word) > 2]
        assert ours.longer_words(text) == wanted


def test_the_likelier_of_two_cuts_is_taken_and_what_is_unknown_stands_alone(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("甲乙 100 n\n甲 5 n\n乙丙 90 n\n丙 50 n\n乙 1 n\n甲乙 1 n\n甲乙 80 n\n", "utf-8")

    made = Dictionary.read(file)

    # Of 327: 80 × 50 of 甲乙|丙 are more than 5 × 90 of 甲|乙丙.
    assert made.cut("甲乙丙") == ["甲乙", "丙"]
    assert made.cut("丙丁甲") == ["丙", "丁", "甲"]
    assert made.count("甲乙") == 80
    assert made.cut("") == []
