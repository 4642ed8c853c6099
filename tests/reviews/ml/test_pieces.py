import numpy as np

from reviews.ml.pieces import UNKNOWN, Encoder, padded


def learned(texts, **changes):
    settings = {"runs": 2, "in_texts": 1, "most": 100, "by_words": False, "longest": 10} | changes
    return Encoder.of(texts, **settings)


def test_pieces_are_chinese_characters_words_and_signs():
    encoder = learned([], longest=20)

    assert len(encoder.hashed("很好 don't worry!👍")) == 6
    assert len(encoder.hashed("")) == 0


def test_chinese_words_are_pieces_where_wanted():
    assert len(learned([], by_words=True).hashed("质量很好")) < len(learned([]).hashed("质量很好"))


def test_a_known_run_has_a_number_of_its_own_and_an_unknown_one_is_told():
    encoder = learned(["好 坏", "好 坏 好"])

    numbers = encoder.encode(["坏 好 新"])[0]

    assert numbers.shape == (3, 2)
    assert set(numbers[:2, 0]) == {2, 3}
    assert numbers[2, 0] == UNKNOWN
    assert numbers[0, 1] > UNKNOWN
    assert numbers[1, 1] == UNKNOWN
    assert numbers[2, 1] == 0, "no run of two begins at the last piece"


def test_what_stands_in_too_few_texts_is_unknown_and_the_commonest_are_kept():
    assert learned(["a b", "a c", "a a a"], in_texts=2).sizes == (3, 2)
    assert learned(["a b", "a b", "a c"], runs=1, most=1).encode(["a b"])[0][:, 0].tolist() == [2, UNKNOWN]


def test_of_long_texts_the_first_and_the_last_half_are_read():
    encoder = learned(["a b c d e f"], runs=1, longest=4)

    assert np.array_equal(encoder.hashed("a b c d e f"), encoder.hashed("a b e f"))


def test_a_text_without_pieces_is_one_unknown():
    assert learned(["a"]).encode([""])[0].tolist() == [[UNKNOWN, 0]]
    assert Encoder((np.empty(0, np.uint64),), False, 5).encode(["a"])[0].tolist() == [[UNKNOWN]]


def test_shorter_texts_are_filled_behind_their_end():
    encoder = learned(["a b c"], runs=1)

    assert padded(encoder.encode(["a", "a b c"]))[0, :, 0].tolist() == [2 + int(np.searchsorted(
        encoder.keys[0], encoder.hashed("a")[0])), 0, 0]  # fmt: skip
    assert padded(encoder.encode(["a"]), least=4).shape == (1, 4, 1)
