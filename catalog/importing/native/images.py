"""Pictures of products, copied into the media of this installation."""

import hashlib
import uuid
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.pictures import MAX_BYTES, PictureRefused, clean_picture
from catalog.importing.sections import Load, Section
from catalog.importing.staging import Stage, copy, execute, stream
from catalog.models import ProductImage
from core.said import Said

BATCH = 200
MOST_SHARED = 20_000
"""Pictures of one import that are remembered, for products that show the same one; about 6 MB."""
TABLE = "catalog_productimage"


class Images(Section):
    """A picture is known by product and file name; its content by the SHA-256 of the file that was sent."""

    name = "images"
    key = ("product", "file")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("product", required=True, blank=False),
            c.key("file", 300, required=True, blank=False),
            c.integer("position"),
            c.text("alt", 300),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse(
            "NOT EXISTS (SELECT 1 FROM catalog_product p WHERE p.external_id = s.product)",
            column="product", value="s.product", reason=gettext_noop("product %(value)s is unknown"),
        )  # fmt: skip
        _Copier(load, stage).run()


class _Copier:
    def __init__(self, load: Load, stage: Stage) -> None:
        self.load, self.stage = load, stage
        self.count = load.report.section("images")
        self.folder = load.folder.resolve()
        self.refused: list[tuple[int, str]] = []
        self.saved: dict[str, tuple[str, int, int]] = {}

    def run(self) -> None:
        statement = (
            "SELECT s.line, p.id, s.file, coalesce(s.position, 0), coalesce(s.alt, ''), i.id, i.content_sha256,"  # noqa: S608
            f" i.position, i.alt, i.file FROM {self.stage.table} s JOIN catalog_product p ON p.external_id = s.product"
            " LEFT JOIN catalog_productimage i ON i.product_id = p.id AND i.source_name = s.file ORDER BY s.line"
        )
        total, made = self.stage.count(), []
        for done, row in enumerate(stream(statement, BATCH), 1):
            if image := self._take(*row):
                made.append(image)
            if done % BATCH == 0 or done == total:
                changes.note_new(TABLE, [image.pk for image in ProductImage.objects.bulk_create(made)])
                made.clear()
            if done % 20 == 0:
                self.load.advance(
                    0, Said(gettext_noop("pictures: %(done)d of %(total)d"), {"done": done, "total": total})
                )
        self._refuse()

    def _take(
        self, line: int, product: int, file: str, position: int, alt: str,
        known: int | None, known_hash: str, known_position: int, known_alt: str, known_file: str,
    ) -> ProductImage | None:  # fmt: skip
        """A new row to insert, or None when the row is there (changed here when it differs) or refused."""
        try:
            data = self._read(file)
            digest = hashlib.sha256(data).hexdigest()
            if known and digest == known_hash and default_storage.exists(known_file):
                self._describe(known, (position, alt), (known_position, known_alt))
                return None
            name, width, height = self._stored(digest, data)
        except PictureRefused as refusal:
            self.refused.append((line, str(refusal)))
            return None
        if known:
            self.count.changed += 1
            changes.note_before(TABLE, [known])  # whose file stays until the import can no longer be undone
            execute(
                "UPDATE catalog_productimage SET file = %s, width = %s, height = %s, content_sha256 = %s,"
                " position = %s, alt = %s, updated_at = now() WHERE id = %s",
                [name, width, height, digest, position, alt, known],
            )
            return None
        self.count.new += 1
        image = ProductImage(product_id=product, source_name=file, position=position, alt=alt, content_sha256=digest)
        image.width, image.height = width, height
        # Set beside the descriptor: assigning to it would open the file again to measure it.
        image.__dict__["file"] = name
        return image

    def _stored(self, digest: str, data: bytes) -> tuple[str, int, int]:
        """Name and size of the stored picture. Products that show the same picture share one file."""
        found = self.saved.get(digest)
        if found is None:
            picture = clean_picture(data)
            found = self._save(picture.content, picture.extension), picture.width, picture.height
            if len(self.saved) < MOST_SHARED:
                self.saved[digest] = found
        return found

    def _read(self, file: str) -> bytes:
        path = self._inside(file)
        if path is None:
            raise PictureRefused(_("leads out of the folder"))
        try:
            if not path.is_file():
                raise PictureRefused(_("there is no such file in the folder"))
            if path.stat().st_size > MAX_BYTES:
                raise PictureRefused(_("is larger than 10 MB"))
            return path.read_bytes()
        except OSError as error:
            raise PictureRefused(_("cannot be read: %(error)s") % {"error": error.strerror}) from error

    def _inside(self, file: str) -> Path | None:
        path = Path(file.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            return None
        try:
            resolved = (self.folder / path).resolve()
        except OSError:
            return None
        return resolved if resolved.is_relative_to(self.folder) else None

    def _save(self, content: bytes, extension: str) -> str:
        name = uuid.uuid4().hex
        target = f"products/{name[:2]}/{name}.{extension}"
        if self.load.is_dry_run:
            return target
        if self.load.journal is not None:
            self.load.journal.add(target)
        saved = default_storage.save(target, ContentFile(content))
        self.load.on_failure(lambda: default_storage.delete(saved))
        return saved

    def _describe(self, known: int, given: tuple[int, str], there: tuple[int, str]) -> None:
        """The same picture: only its place and words can differ, and only when the file has them."""
        position = given[0] if "position" in self.stage.present else there[0]
        alt = given[1] if "alt" in self.stage.present else there[1]
        if (position, alt) == there:
            self.count.same += 1
            return
        self.count.changed += 1
        changes.note_before(TABLE, [known])
        execute(
            "UPDATE catalog_productimage SET position = %s, alt = %s, updated_at = now() WHERE id = %s",
            [position, alt, known],
        )

    def _refuse(self) -> None:
        if not self.refused:
            return
        execute("CREATE TEMPORARY TABLE import_bad_images (line integer, reason text) ON COMMIT DROP")
        copy("import_bad_images", "line, reason", (f"{line}\t{_one_line(why)}\n" for line, why in self.refused))
        self.stage.refuse(
            "b.line = s.line", using="import_bad_images b", column="file", value="b.reason", reason="%(value)s"
        )
        execute("DROP TABLE import_bad_images")


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("\\", "/")
