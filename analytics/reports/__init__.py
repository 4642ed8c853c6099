"""Reports of what was sold: reads of the counted tables, and the staff pages that show them."""

from django.utils.translation import gettext_lazy as _

TITLE_OF_MAIL = _("Sales report")
"""What the mail of this package is called in the list of mails."""
