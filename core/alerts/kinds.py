"""What one kind of trouble is: its title, who hears of it unless the shop decides otherwise, and what to do."""

from dataclasses import dataclass
from typing import Any

from core.choices import Role
from core.extensions import alert_rules
from core.models import Alert


@dataclass(frozen=True)
class AlertKind:
    """What `core.extensions.alert_rules` resolves to: title and defaults of one kind of trouble.

    `threshold` None: there is nothing to set. `unit` stands behind the threshold on the page. `help` is one or two
    sentences about what to do next; `page` the URL name, in the admin's namespace, of the page that mends it, shown
    to those with `permission` under the words `page_label`.
    """

    title: Any
    level: str
    roles: tuple[Role, ...] = (Role.OPERATOR,)
    threshold: float | None = None
    unit: Any = ""
    by_mail: bool = True
    help: Any = ""
    page: str = ""
    page_label: Any = ""
    permission: str = ""


def kind_of(rule: str) -> AlertKind:
    """The registered kind. One that is gone from the program keeps its name, so that its old alerts can be read."""
    if rule in alert_rules:
        found: AlertKind = alert_rules.get(rule).resolve()
        return found
    return AlertKind(title=rule, level=Alert.Level.WARNING)
