"""What each role may do. The product decides it here; groups in the database are a copy made after each migration.

An app adds the rights to its own tables with `core.extensions.role_permissions`. The owner has everything.
Taking rows out of the house (`core.export_data`) and giving money back (`catalog.refund_order`) are rights of their
own, apart from seeing.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet

from core.choices import Role
from core.extensions import role_permissions
from core.models import StaffUser


def rights(model: str, actions: str = "view") -> set[str]:
    """`rights("core.job", "view change")` is {"core.view_job", "core.change_job"}."""
    app, name = model.split(".")
    return {f"{app}.{action}_{name}" for action in actions.split()}


_MODELS_SEEN = rights("core.modelversion")
_JOBS_SEEN = rights("core.job")
_JOBS_STEERED = rights("core.job", "view change")
_WEBHOOKS = rights("core.webhook", "view add change delete") | rights("core.webhookdelivery")
_EXPERIMENTS_SEEN = rights("core.experiment")
_EXPERIMENTS = rights("core.experiment", "view add change delete") | {"core.run_experiment"}
# Which alerts somebody sees is up to the alert rules.
_ALERTS = rights("core.alert", "view change")

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.OWNER: set(),  # everything, see permissions_of
    Role.OPERATOR: _JOBS_STEERED
    | _MODELS_SEEN
    | {"core.activate_modelversion"}
    | rights("core.apikey")
    | rights("core.datarequest")
    | rights("core.ledgerentry")
    | rights("core.outgoingmail", "view change")
    | _ALERTS
    | _WEBHOOKS
    | rights("core.alertrule", "view change")
    | rights("core.shopprofile", "view change"),
    Role.DEVELOPER: _ALERTS
    | _WEBHOOKS
    | _JOBS_SEEN
    | _MODELS_SEEN
    | _EXPERIMENTS_SEEN
    | rights("core.apikey", "view add change")
    | rights("core.shopprofile"),
    Role.MERCHANDISER: _ALERTS | _JOBS_STEERED | _MODELS_SEEN | _EXPERIMENTS,
    Role.ANALYST: _ALERTS | _JOBS_STEERED | _MODELS_SEEN | _EXPERIMENTS_SEEN | {"core.export_data"},
    Role.MARKETER: _ALERTS | _MODELS_SEEN | _EXPERIMENTS,
    Role.SUPPORT: _ALERTS,
    Role.EDITOR: _ALERTS | _MODELS_SEEN,
    Role.AUDITOR: _JOBS_SEEN
    | rights("core.alert")
    | rights("core.alertrule")
    | _MODELS_SEEN
    | _EXPERIMENTS_SEEN
    | rights("core.apikey")
    | rights("core.shopprofile")
    | rights("core.staffuser")
    | rights("core.datarequest")
    | rights("core.ledgerentry")
    | rights("core.staffrole"),
}


def own_apps() -> set[str]:
    """Labels of the product's own apps: they lie beside `manage.py`, packages do not."""
    return {config.label for config in apps.get_app_configs() if Path(config.path).parent == settings.BASE_DIR}


def permissions_of(role: Role) -> set[str]:
    """Every "app.codename" of a role. The owner's are read from the database: all rights in the product's own apps."""
    if role is Role.OWNER:
        found = Permission.objects.filter(content_type__app_label__in=own_apps())
        return {f"{app}.{code}" for app, code in found.values_list("content_type__app_label", "codename")}
    wanted = set(ROLE_PERMISSIONS[role])
    for entry in role_permissions:
        more: Mapping[Role, set[str]] = entry.resolve()
        wanted |= more.get(role, set())
    return wanted


@transaction.atomic
def sync_roles() -> None:
    """Make one group for each role with exactly its rights. Running it again changes nothing."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission.pk
        for permission in Permission.objects.select_related("content_type")
    }
    for role in Role:
        group, _created = Group.objects.get_or_create(name=role.value)
        wanted = {known[name] for name in permissions_of(role) if name in known}
        has = set(group.permissions.values_list("pk", flat=True))
        if wanted != has:
            group.permissions.set(wanted)


def unknown_permissions() -> dict[Role, set[str]]:
    """Rights that a role names but no table has: a slip of the pen. Empty when all is well."""
    names = {f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")}
    found = {role: permissions_of(role) - names for role in Role}
    return {role: missing for role, missing in found.items() if missing}


def sync_after_migrate(sender: Any, **kwargs: Any) -> None:
    """Receiver of post_migrate: acts once, when the last app has its permissions."""
    with_tables = [config for config in apps.get_app_configs() if config.models_module is not None]
    if with_tables and sender == with_tables[-1] and kwargs.get("using", "default") == "default":
        sync_roles()


def roles_of(user: StaffUser) -> list[Role]:
    """In the order of the list of roles; groups made by hand are left out."""
    names = {group.name for group in user.groups.all()}
    return [role for role in Role if role.value in names]


def assignable_groups(giver: StaffUser) -> QuerySet[Group]:
    """Roles this person may give and take: with `core.manage_roles` those that hold no right the giver lacks."""
    if not giver.has_perm("core.manage_roles"):
        return Group.objects.none()
    groups = Group.objects.order_by("pk")
    if giver.is_superuser:
        return groups
    has = giver.get_all_permissions()
    lacking = [group.pk for group in groups.prefetch_related("permissions__content_type") if not _names(group) <= has]
    return groups.exclude(pk__in=lacking)


def outranks(other: StaffUser, person: StaffUser) -> bool:
    """True when `other` may do something that `person` may not: then `person` must not edit `other`."""
    if person.is_superuser or other.pk == person.pk:
        return False
    return other.is_superuser or not other.get_all_permissions() <= person.get_all_permissions()


def _names(group: Group) -> set[str]:
    return {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}


def describe(permissions: Iterable[Permission]) -> dict[str, list[str]]:
    """Rights of a role grouped by table, for people: {"products": ["view", "change"]}."""
    grouped: dict[str, list[str]] = {}
    for permission in permissions:
        model = permission.content_type.model_class()
        title = str(model._meta.verbose_name_plural) if model else permission.content_type.model
        action, _, rest = permission.codename.partition("_")
        plain = model is not None and rest == model._meta.model_name and action in ("view", "add", "change", "delete")
        grouped.setdefault(title, []).append(action if plain else permission.name)
    order = {"view": 0, "add": 1, "change": 2, "delete": 3}
    return {title: sorted(names, key=lambda name: order.get(name, 9)) for title, names in grouped.items()}
