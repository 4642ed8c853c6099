"""A shop on the internet does not start with what is fit for a desk only."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from config.production import refusals

SECRET = "4mQ8xV2nR7tK1wZ5yB9cD3fG6hJ0lP-sUaEiOoXq"
GOOD = {
    "DEBUG": False,
    "SECRET_KEY": SECRET,
    "SECRET_KEY_FALLBACKS": [],
    "ALLOWED_HOSTS": ["shop.example"],
    "CSRF_TRUSTED_ORIGINS": ["https://shop.example"],
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "EMAIL_HOST": "mail.example",
    "EMAIL_HOST_USER": "shop",
    "EMAIL_USE_TLS": True,
    "EMAIL_USE_SSL": False,
    "METRICS_NETWORKS": ["127.0.0.0/8", "10.7.0.0/16", "::1/128"],
}
ENVIRONMENT = {"SECRET_KEY": SECRET, "ALLOWED_HOSTS": "shop.example"}


def test_good_settings_are_taken():
    assert list(refusals(GOOD, ENVIRONMENT)) == []


@pytest.mark.parametrize("change", [{"EMAIL_HOST": "localhost"}, {"EMAIL_HOST_USER": ""}, {"EMAIL_USE_SSL": True}])
def test_mail_without_encryption_is_taken_on_this_machine_and_without_a_password(change):
    assert list(refusals({**GOOD, "EMAIL_USE_TLS": False, **change}, ENVIRONMENT)) == []


@pytest.mark.parametrize(
    ("change", "environment", "words"),
    [
        ({"DEBUG": True}, {}, "with DEBUG shows internals"),
        ({}, {"SECRET_KEY": ""}, "needs SECRET_KEY in the environment"),
        ({"SECRET_KEY": "short"}, {}, "that nobody guesses"),
        ({"SECRET_KEY": "a" * 60}, {}, "that nobody guesses"),
        ({"SECRET_KEY": f"django-insecure-{SECRET}"}, {}, "that nobody guesses"),
        ({"SECRET_KEY_FALLBACKS": ["old"]}, {}, "SECRET_KEY_FALLBACKS that nobody guesses"),
        ({"ALLOWED_HOSTS": ["*"]}, {}, "needs ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ["shop.example", "*"]}, {}, "needs ALLOWED_HOSTS"),
        ({}, {"ALLOWED_HOSTS": ""}, "needs ALLOWED_HOSTS"),
        ({"CSRF_TRUSTED_ORIGINS": []}, {}, "needs CSRF_TRUSTED_ORIGINS"),
        ({"CSRF_TRUSTED_ORIGINS": ["http://shop.example"]}, {}, "with http://shop.example in CSRF_TRUSTED_ORIGINS"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://*.example"]}, {}, "trusts strangers"),
        ({"SESSION_COOKIE_SECURE": False}, {}, "needs SESSION_COOKIE_SECURE"),
        ({"CSRF_COOKIE_SECURE": False}, {}, "needs CSRF_COOKIE_SECURE"),
        ({"SESSION_COOKIE_HTTPONLY": False}, {}, "needs SESSION_COOKIE_HTTPONLY"),
        ({"EMAIL_USE_TLS": False}, {}, "a mail password and no encryption"),
        ({}, {"LOCAL_SERVICES_VOLATILE": "1"}, "loses orders"),
        ({"METRICS_NETWORKS": ["0.0.0.0/0"]}, {}, "with 0.0.0.0/0 in METRICS_NETWORKS"),
        ({"METRICS_NETWORKS": ["::/0"]}, {}, "with ::/0 in METRICS_NETWORKS"),
    ],
)
def test_what_is_not_fit_is_refused_with_one_sentence(change, environment, words):
    [sentence] = refusals({**GOOD, **change}, {**ENVIRONMENT, **environment})

    assert sentence.startswith("PRODUCTION ")
    assert words in sentence


def start(tmp_path, **environment):
    """`manage.py check` in a process of its own."""
    values = {
        **os.environ, "TESTS_VAR_DIR": "", "VAR_DIR": str(tmp_path), "PRODUCTION": "1", "LOCAL_SERVICES_VOLATILE": "",
        "CSRF_TRUSTED_ORIGINS": "https://shop.example", **ENVIRONMENT, **environment,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=settings.BASE_DIR, env=values, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


def test_the_program_itself_does_not_start(tmp_path):
    (tmp_path / "static").mkdir()
    refused = start(tmp_path, ALLOWED_HOSTS="*")

    assert refused.returncode != 0
    assert "PRODUCTION needs ALLOWED_HOSTS" in refused.stderr
    assert start(tmp_path).returncode == 0
