"""Ids of answers are signed quickly, and as Django signs."""

import pytest
from django.core import signing

from core import attribution


@pytest.mark.parametrize("secret", ["one", "another"])
def test_an_id_is_what_djangos_signer_makes_with_the_secret_of_the_moment(settings, secret):
    settings.SECRET_KEY = secret
    for parts in (["home", "1f", "0", "personal"], ["名", "", ""], ["a.b", "c"]):
        token = attribution.make(parts, salt="some.salt")

        assert signing.Signer(salt="some.salt").unsign(token).rsplit(".", 1)[0] == ".".join(parts)
        assert attribution.read(token, salt="some.salt", parts=len(parts))[0] == parts
        assert attribution.read(token, salt="other", parts=len(parts)) is None


def test_a_new_secret_does_not_read_what_the_old_one_signed_unless_it_is_kept_as_a_fallback(settings):
    settings.SECRET_KEY = "old"
    token = attribution.make(["home"], salt="s")
    settings.SECRET_KEY = "new"

    assert attribution.read(token, salt="s", parts=1) is None
    settings.SECRET_KEY_FALLBACKS = ["old"]
    assert attribution.read(token, salt="s", parts=1)[0] == ["home"]
