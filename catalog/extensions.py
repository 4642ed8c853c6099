"""Registries of the shop's facts: what upper apps show on product and customer pages and read from imports."""

from core.extensions import Registry

product_panels = Registry("product_panels")
"""Callables `(request, product) -> core.panels.Panel | None`."""

customer_panels = Registry("customer_panels")
"""Callables `(request, customer) -> core.panels.Panel | None`."""

customer_timeline = Registry("customer_timeline")
"""What apps tell on the timeline of a customer: callables `(customer, before, limit) -> list[catalog.timeline.Moment]`;
meta: `title`, `permission`."""

portrait_parts = Registry("portrait_parts")
"""What upper apps add to the portrait of a customer for programs: callables `(customer) -> value`. Key: the name of the
part; meta: `permission`, `serializer` (dotted: the class that describes the value) and `many` where it is a list."""

customer_links = Registry("customer_links")
"""Tables that point at customers and do not simply follow when two records are merged (catalog.merging). Key:
`app.Model.field`; dotted: the model, or for the rule "handled" a class with `merge`, `undo` and `told`
(catalog.merging.tables.Handler); meta `rule`: "counted" (follows from other rows; its owner counts it anew), "handled",
or "stays"."""

customer_filters = Registry("customer_filters")
"""Filters of the list of customers: classes as in `list_filter`. Key: the parameter in the address; meta: `permission`,
the right that whoever filters by it needs, and `are_many` where it is a callable `(request) -> list of classes`."""

customer_columns = Registry("customer_columns")
"""Columns that the list of customers and its file have for the asking: callables `(request) -> core.lists.MoreColumns`;
meta: `permission`."""

customer_import_columns = Registry("customer_import_columns")
"""More columns of the customers of an import: classes `catalog.importing.sections.MoreCustomerColumns`; meta: `told`,
the rule that the report counts what they wrote under."""

customer_list_links = Registry("customer_list_links")
"""What can be done with the list of customers as it is filtered: callables
`(request) -> (label, address, symbol) | None`."""

import_panels = Registry("import_panels")
"""Callables `(request, batch) -> core.panels.Panel | None`: what upper apps say about an import on its page."""

import_sections = Registry("import_sections")
"""Sections of the native format, key = file name without .csv: classes of catalog.importing.sections; meta: `title`."""

demo_sections = Registry("demo_sections")
"""More files of a demo shop that is made in memory: callables `(Shop) -> [(name of the file, header, rows)]`."""

personal_rankers = Registry("personal_rankers")
"""Personal order in search: callables `(*, customer, visitor, product_ids) -> catalog.search.answers.Taste | None`.
They are asked in the web process, and only for people who allow it."""

tag_kinds = Registry("tag_kinds")
"""What groups of tags are called: callables `() -> {kind in small letters: {language: name}}`, asked at most every half
minute by a process that serves."""

trait_words = Registry("trait_words")
"""How traits of customers are shown. Key: the kind of trait; dotted: a callable `(trait) -> core.components.Score`;
meta: `title`. A kind without one is shown as it is stored."""

order_coupons = Registry("order_coupons")
"""Who takes codes that an order names: dotted names of `catalog.coupons.CouponDoor`. The first that knows the code
decides."""
