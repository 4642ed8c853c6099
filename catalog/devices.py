"""What kind of device a browser runs on, as far as its name says it. Nothing else of the name is kept."""

import re
from functools import lru_cache

PHONE, TABLET, COMPUTER = "phone", "tablet", "computer"
DEVICES = (PHONE, TABLET, COMPUTER)
"""Models know them by their place here."""
LONGEST = 500
# Browsers on tablets of Android leave out the word Mobile; those on an iPad may claim to be a computer.
TABLETS = re.compile(r"ipad|tablet|kindle|silk/|playbook|android(?!.*mobile)", re.IGNORECASE)
PHONES = re.compile(r"iphone|ipod|mobi|android", re.IGNORECASE)
BROWSERS = re.compile(r"mozilla/|opera/", re.IGNORECASE)


def device_of(user_agent: str) -> str:
    """One of DEVICES; empty for programs that are no browsers."""
    return _device_of(user_agent[:LONGEST])


@lru_cache(maxsize=2_000)
def _device_of(user_agent: str) -> str:
    if not BROWSERS.search(user_agent):
        return ""
    if TABLETS.search(user_agent):
        return TABLET
    return PHONE if PHONES.search(user_agent) else COMPUTER
