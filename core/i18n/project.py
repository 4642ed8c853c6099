"""Which folders feed which catalogue: one per app of this product, one for the packages it is built on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polib

from core.i18n.catalogues import OVERRIDE, Catalogue, forms_of, key_of, update
from core.i18n.sources import Key, Message, collect

# Packages whose pages staff see and which ship no Chinese of their own.
THEME_PACKAGES = ("unfold", "unfold.contrib.filters", "treebeard", "django_filters")
# Rooms of the theme that stand inside its folder, but are used only when installed as apps.
_THEME_SKIPPED = ("contrib", "management")


@dataclass(frozen=True)
class Part:
    """One catalogue and the strings that belong into it."""

    name: str
    catalogue: Catalogue
    messages: dict[Key, Message]
    is_theme: bool = False


@dataclass(frozen=True)
class Project:
    """The product's folders as the translation tools see them.

    ``apps`` are the folders of this product's apps, ``packages`` those of the apps it is built on, by
    dotted name; ``theme`` is the folder of ``LOCALE_PATHS``, which wins over every app.
    """

    base: Path
    apps: dict[str, Path]
    packages: dict[str, Path]
    django: Path
    theme: Path
    locale: str = "zh_Hans"

    def parts(self) -> Iterator[Part]:
        """Every catalogue with its messages; English has only replacements of other packages' wording."""
        for name, folder in self.apps.items():
            folders = [folder]
            if name == "core":
                folders += [self.base / "config", self.base / "templates"]
            yield Part(name, Catalogue(folder / "locale", self.locale), collect(folders, base=self.base))
        yield Part("theme", Catalogue(self.theme, self.locale), self.theme_messages, is_theme=True)
        yield Part("theme, English", Catalogue(self.theme, "en"), {}, is_theme=True)

    @cached_property
    def _package_messages(self) -> dict[Key, Message]:
        messages: dict[Key, Message] = {}
        for name in THEME_PACKAGES:
            folder = self.packages.get(name)
            if folder is None:
                continue
            root = folder.parents[name.count(".")]
            for key, message in collect([folder], base=root, skipped=_THEME_SKIPPED).items():
                known = messages.setdefault(key, message)
                known.files += [file for file in message.files if file not in known.files]
                known.plural = known.plural or message.plural
        return messages

    @cached_property
    def theme_messages(self) -> dict[Key, Message]:
        """What the packages and Django itself show, and no installed catalogue has in Chinese."""
        covered: set[Key] = set()
        for folder in [self.django / "conf", *self.packages.values()]:
            covered |= _keys(folder / "locale" / self.locale / "LC_MESSAGES" / "django.po")
        messages = dict(self._package_messages)
        for folder in self._django_folders():
            name = folder.relative_to(self.django.parent).as_posix()
            for entry in _entries(folder / "locale" / "en" / "LC_MESSAGES" / "django.po"):
                message = Message(entry.msgid, entry.msgid_plural or None, entry.msgctxt, files=[name])
                messages.setdefault(key_of(entry), message)
        return {key: message for key, message in messages.items() if key not in covered}

    @cached_property
    def replaceable(self) -> set[Key]:
        """Every string that an override in the theme's catalogues may replace."""
        keys = set(self._package_messages)
        for folder in [*self._django_folders(), *self.packages.values()]:
            for locale in ("en", self.locale):
                keys |= {key_of(entry) for entry in _entries(folder / "locale" / locale / "LC_MESSAGES" / "django.po")}
        return keys

    def _django_folders(self) -> list[Path]:
        return [self.django / "conf", *(path for name, path in self.packages.items() if name.startswith("django."))]

    def extract(self) -> Iterator[tuple[str, int, int]]:
        """Bring every catalogue up to date; yields its name, the count of strings and of untranslated ones."""
        parts = list(self.parts())
        memory = self._memory(parts)
        for part in parts:
            po = update(part.catalogue.read(), part.messages, locale=part.catalogue.locale, memory=memory)
            if part.catalogue.locale == "en":
                memory = {}
            if len(po) or part.catalogue.po_path.exists():
                part.catalogue.write(po)
            yield part.name, len(po), sum(not entry.translated() for entry in po)

    def _memory(self, parts: Iterable[Part]) -> dict[Key, list[str]]:
        """Chinese from everywhere: a string that moves keeps its own, one that a package has agrees with it."""
        memory: dict[Key, list[str]] = {}
        chinese = [part.catalogue.po_path for part in parts if part.catalogue.locale == self.locale]
        for folder in self.packages.values():
            chinese.append(folder / "locale" / self.locale / "LC_MESSAGES" / "django.po")
        for path in chinese:
            for entry in _entries(path):
                if entry.translated():
                    memory.setdefault(key_of(entry), forms_of(entry))
        return memory

    def compile(self) -> Iterator[tuple[str, bool]]:
        """Write compiled files that are missing or old; yields the catalogue's name and whether it was written."""
        for part in self.parts():
            if part.catalogue.po_path.exists():
                yield part.name, part.catalogue.compile()


def _entries(path: Path) -> list[polib.POEntry]:
    return [entry for entry in polib.pofile(str(path)) if not entry.obsolete] if path.exists() else []


def _keys(path: Path) -> set[Key]:
    return {key_of(entry) for entry in _entries(path) if entry.translated()}


def installed_project() -> Project:
    """The project of the current settings; reads the app registry, not the database."""
    import django
    from django.apps import apps
    from django.conf import settings

    base = Path(settings.BASE_DIR)
    folders = {config.name: Path(config.path) for config in apps.get_app_configs()}
    own = {name: path for name, path in folders.items() if path.parent == base}
    packages = {name: path for name, path in folders.items() if name not in own}
    return Project(
        base=base,
        apps=own,
        packages=packages,
        django=Path(django.__file__).parent,
        theme=Path(settings.LOCALE_PATHS[0]),
    )


__all__ = ["OVERRIDE", "Part", "Project", "installed_project"]
