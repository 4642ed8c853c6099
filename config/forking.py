"""What the processes of the shop share: memory that a parent filled before it forked and that nobody writes to."""

import gc


def ready_to_fork() -> None:
    """Call once everything that children need is loaded. The collector of a child would otherwise write into every
    object it looks at, and so make a copy of its page for this child."""
    gc.collect()
    gc.freeze()


def load_for_requests() -> None:
    """What the first requests would load in every web process by itself: addresses with their views, and the
    dictionaries of search."""
    from django.urls import get_resolver

    from catalog.search import tokens

    assert get_resolver().url_patterns
    tokens.warm_up()
