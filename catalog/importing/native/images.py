"""Pictures of products: copied into the media of this installation, or fetched from their addresses by a job."""

import hashlib
import uuid
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.pictures import MAX_BYTES, TOO_LARGE, PictureRefused, clean_picture
from catalog.importing.sections import Load, Section
from catalog.importing.staging import Stage, copy, execute, stream
from catalog.models import ArrivingPicture, ProductImage
from catalog.models.products import LONGEST_ADDRESS
from catalog.services import pictures
from core import jobs
from core.safe_fetch import FetchError
from core.said import Said

BATCH = 200
MOST_SHARED = 20_000
"""Pictures of one import that are remembered, for products that show the same one; about 6 MB."""
TABLE = "catalog_productimage"


class Images(Section):
    """A picture is known by product and file name, or address; the content of a file by its SHA-256. What an address
    holds is fetched once: the same address again is the picture that is there or still arrives."""

    name = "images"
    key = ("product", "file")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("product", required=True, blank=False),
            c.key("file", LONGEST_ADDRESS, required=True, blank=False),
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
        self.asked: list[ArrivingPicture] = []
        self.asked_count = 0
        self.policy = pictures.policy()

    def run(self) -> None:
        statement = (
            "SELECT s.line, p.id, s.file, coalesce(s.position, 0), coalesce(s.alt, ''), i.id, i.content_sha256,"  # noqa: S608
            f" i.position, i.alt, i.file, a.id FROM {self.stage.table} s"
            " JOIN catalog_product p ON p.external_id = s.product"
            " LEFT JOIN catalog_productimage i ON i.product_id = p.id AND i.source_name = s.file"
            " LEFT JOIN catalog_arrivingpicture a ON a.product_id = p.id AND a.address = s.file ORDER BY s.line"
        )
        total, made = self.stage.count(), []
        for done, row in enumerate(stream(statement, BATCH), 1):
            taken = self._ask(*row) if is_address(row[2]) else self._take(*row[:-1])
            if isinstance(taken, ProductImage):
                made.append(taken)
            elif taken is not None:
                self.asked.append(taken)
            if done % BATCH == 0 or done == total:
                changes.note_new(TABLE, [image.pk for image in ProductImage.objects.bulk_create(made)])
                made.clear()
                self._ask_all()
            if done % 20 == 0:
                self.load.advance(
                    0, Said(gettext_noop("pictures: %(done)d of %(total)d"), {"done": done, "total": total})
                )
        self._refuse()
        if self.asked_count and not self.load.is_dry_run:
            jobs.enqueue(pictures.JOB, dedupe_key=pictures.JOB_KEY)
            self.load.report.note(
                gettext_noop("Pictures that are fetched from their addresses now: %(count)d."), count=self.asked_count
            )

    # --- by address -------------------------------------------------------------------------------------------------

    def _ask(
        self, line: int, product: int, address: str, position: int, alt: str, known: int | None, known_hash: str,
        known_position: int, known_alt: str, known_file: str, arriving: int | None,
    ) -> ArrivingPicture | None:  # fmt: skip
        """A row for the job that fetches, or None when the picture is there, arrives already, or may not be fetched."""
        if known:
            self._describe(known, (position, alt), (known_position, known_alt))
            return None
        if arriving:
            self._ask_again(arriving, line)
            return None
        try:
            host = pictures.host_of(address, self.policy)
        except FetchError as error:
            self.refused.append((line, error.reason))
            return None
        if not address.isascii():
            self.refused.append((line, _("write letters other than ASCII percent-encoded, as browsers copy them")))
            return None
        self.count.new += 1
        self.asked_count += 1
        return ArrivingPicture(
            product_id=product, address=address, host=host, alt=alt, batch_id=self.load.batch_id, line=line,
            position=position if "position" in self.stage.present else None, file=self.stage.file[:200],
        )  # fmt: skip

    def _ask_again(self, arriving: int, line: int) -> None:
        """One that failed is fetched once more and is of this import from now on; one that waits goes on waiting."""
        again = ArrivingPicture.objects.failed().filter(pk=arriving).update(
            state=ArrivingPicture.State.WAITING, attempts=0, next_attempt_at=timezone.now(), reason={},
            batch_id=self.load.batch_id, line=line, file=self.stage.file[:200],
        )  # fmt: skip
        self.count.changed += again
        self.count.same += not again
        self.asked_count += again

    def _ask_all(self) -> None:
        ArrivingPicture.objects.bulk_create(self.asked)
        self.asked.clear()

    # --- by file ----------------------------------------------------------------------------------------------------

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
            raise PictureRefused(gettext_noop("leads out of the folder"))
        try:
            if not path.is_file():
                raise PictureRefused(gettext_noop("there is no such file in the folder"))
            if path.stat().st_size > MAX_BYTES:
                raise PictureRefused(TOO_LARGE)
            return path.read_bytes()
        except OSError as error:
            raise PictureRefused(gettext_noop("cannot be read: %(error)s"), error=error.strerror) from error

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


def is_address(file: str) -> bool:
    """Whether a cell names a web address and no file of the folder."""
    return file[:8].lower().startswith(("http://", "https://"))


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("\\", "/")
