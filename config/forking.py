"""What the processes of the shop share: memory that a parent filled before it forked and that nobody writes to."""

import gc

STAFF_PARTS = ("admin/*.html", "core/**/*.html", "unfold/**/*.html")
"""Templates that stand around nearly every staff page."""


def ready_to_fork() -> None:
    """Call once everything that children need is loaded. The collector of a child would otherwise write into every
    object it looks at, and so make a copy of its page for this child."""
    gc.collect()
    gc.freeze()


def load_for_requests() -> None:
    """What the first requests would load in every web process by itself: addresses with their views, the words of both
    languages, the parts of staff pages, and the dictionaries of search."""
    from django.conf import settings
    from django.template.loader import get_template
    from django.urls import get_resolver, reverse
    from django.utils import formats, translation

    from catalog.search import tokens

    assert get_resolver().url_patterns
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse("admin:index")  # addresses are kept by language
            translation.gettext("Home")
            formats.number_format(1)
    folder = settings.BASE_DIR / "templates"
    for pattern in STAFF_PARTS:
        for path in sorted(folder.glob(pattern)):
            get_template(str(path.relative_to(folder)))
    tokens.warm_up()
