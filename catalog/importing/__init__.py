"""Bringing a shop in from files: read and check row by row, stage with COPY, write with set-based SQL.

What a page or a command needs:

1. Files lie in a folder, named like their section: `products.csv`, `customers.csv.gz`, `orders.xlsx`, or one
   spreadsheet with a sheet per section. One file of one section is enough. Uploads go to
   `uploads.folder_of(batch)`, which is below VAR_DIR/imports/<batch>, under `uploads.name_for(section, file name)`.
2. `inspection.inspect(path, format, mappings)` looks at them without writing: per file its encoding, separator, header,
   guessed columns, required columns that are missing, first rows and how many there are, or the sentence why it cannot
   be read. `inspection.columns_of(section)` lists what the format knows.
3. `mappings` is `{section: {title in the file: column of the format, or "" to leave it}}`. Titles that are not named
   are found by their names. It is stored as ImportBatch.mapping, and the import honours it.
4. A batch with `is_dry_run` rehearses: the same job does everything in one transaction and takes it back. Its report
   has the exact counts and the refused rows. `catalog.services.uploads` leads staff through these steps.
5. The job `catalog.tasks.import_files(batch_id=…)` (queue bulk) does the import of an ImportBatch (`format`, `source`,
   `mapping`, `is_dry_run`): progress, cancelling, resuming after a kill and waiting for another import are its affair.
   `uploads.start(batch, by)` queues it.
6. `undo.expect(batch)` counts what undoing would do, `undo.request(batch, by)` queues `catalog.tasks.undo_import`.

What cannot be read at all raises `errors.ImportRefused`; its text is one sentence for people, as is that of
`errors.ImportBroken` for what breaks off in the middle.
"""
