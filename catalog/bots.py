"""Crawlers that say who they are. Those that hide it are found by their speed (EVENT_BOT_PER_MINUTE)."""

import re
from functools import lru_cache

# Words with which crawlers, link previews and monitors name themselves. Programs such as curl do not pretend to be
# shoppers and need a key, so they are none.
WORDS = re.compile(
    r"bot\b|bot[/;_ -]|crawl|spider|slurp|mediapartners|adsbot|bingpreview|facebookexternalhit|meta-external"
    r"|bytespider|petalbot|baiduspider|sogou web|360spider|yisouspider|yandex(?:images|metrika|direct)|embedly"
    r"|whatsapp/|telegram|skypeuripreview|vkshare|pinterest/|archive\.org|ia_archiver|lighthouse|pagespeed|gtmetrix"
    r"|pingdom|uptime|statuscake|site24x7|monitor(?:ing)?[/ ]|scrap(?:y|er)|httrack|wget|gptbot|claude|perplexity"
    r"|ccbot|semrush|ahrefs|screaming frog",
    re.IGNORECASE,
)
NOT_BOTS = re.compile(r"cubot", re.IGNORECASE)
"""A maker of phones."""
LONGEST = 500


def is_bot(user_agent: str) -> bool:
    """Whether a browser with this name is a program that visits many shops."""
    return _is_bot(user_agent[:LONGEST])


@lru_cache(maxsize=2_000)
def _is_bot(user_agent: str) -> bool:
    return WORDS.search(NOT_BOTS.sub("", user_agent)) is not None
