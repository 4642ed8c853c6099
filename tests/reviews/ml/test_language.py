import socket

import pytest

from reviews.ml.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "und"),
        ("😀👍 123 !!!", "und"),
        ("好", "zh"),
        ("iPhone 很好用", "zh"),
        ("とても良い商品です", "ja"),
        ("배송이 빨라요", "ko"),
        ("สินค้าดีมาก", "th"),
        ("המוצר מצוין", "he"),
        ("very good", "en"),
        ("nike", "und"),
        ("The fabric is soft and the dress fits well.", "en"),
        ("Muy buen producto, lo recomiendo a todos", "es"),
        ("Отличный товар, всем советую", "ru"),
        ("هذا المنتج رائع جدا وأنصح به الجميع", "ar"),
    ],
)
def test_the_script_tells_first_and_short_texts_stay_unknown(text, language):
    assert detect(text) == language


def test_nothing_is_fetched_to_tell_a_language(monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("The network was asked.")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    assert detect("La livraison était rapide et le produit est parfait") == "fr"
