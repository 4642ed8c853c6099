"""The product's settings with the addresses of the load benchmark."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.load_urls"
