from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisionConfig(AppConfig):
    name = "vision"
    verbose_name = _("Photos")

    def ready(self) -> None:
        from django.db.models.signals import pre_delete

        from catalog.extensions import demo_sections, import_sections, product_panels, tag_kinds
        from catalog.signals import pictures_leaving
        from core.extensions import evaluators, first_models, model_kinds, role_permissions, staff_pages
        from core.panels import MAIN
        from vision.choices import METRICS
        from vision.receivers import group_anew, keep_decisions
        from vision.roles import DECIDE, READINGS_SEEN, REVIEW_TAGS, SEEN, TAGS_SEEN

        pictures_leaving.connect(group_anew, dispatch_uid="vision.group_anew")
        pre_delete.connect(keep_decisions, sender="catalog.Category", dispatch_uid="vision.keep_decisions")

        import_sections.register("tags", "vision.importing.Tags", order=25, title=_("Tags"))
        demo_sections.register("tags", "vision.demo.files", order=20)
        evaluators.register("vision", "vision.evaluators.VisionEvaluator")
        role_permissions.register("vision", "vision.roles.ROLE_PERMISSIONS")
        staff_pages.register(
            "vision_duplicates", "vision.admin.duplicates.page", path="vision/duplicates/", permission=DECIDE,
            title=_("Duplicate photos"), icon="content_copy", group="photos", order=20,
        )  # fmt: skip
        staff_pages.register(
            "vision_search", "vision.admin.photo_search.page", path="vision/search/", permission=SEEN,
            title=_("Search by photo"), icon="image_search", group="photos", order=30,
        )  # fmt: skip
        product_panels.register(
            "vision.similar", "vision.panels.similar_looking", order=16, is_lazy=True, title=_("Similar looking"),
            permission=SEEN, styles=("vision/vision.css", "catalog/catalog.css"),
        )  # fmt: skip
        product_panels.register(
            "vision.tags", "vision.admin.product_tags.panel", order=15, is_lazy=True, title=_("Tags"), place=MAIN,
            permission=TAGS_SEEN, styles=("vision/vision.css",),
        )  # fmt: skip
        tag_kinds.register("vision", "vision.label_sets.kind_names")
        staff_pages.register(
            "vision_queue", "vision.admin.tag_queue.page", path="vision/queue/", permission=REVIEW_TAGS,
            title=_("Suggested tags"), icon="new_label", group="photos", order=10,
        )  # fmt: skip
        staff_pages.register(
            "vision_labelling", "vision.admin.labelling.page", path="vision/labelling/", permission=REVIEW_TAGS,
            title=_("Label photos"), icon="label", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "vision_label_errors", "vision.admin.label_errors.page", path="vision/label-errors/",
            permission=REVIEW_TAGS, title=_("Probable errors"), icon="report", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "vision_tag_effects", "vision.admin.tag_effects.page", path="vision/tag-effects/", permission=TAGS_SEEN,
            title=_("What tags do"), icon="insights", group="photos", order=30,
        )  # fmt: skip
        staff_pages.register(
            "vision_quality", "vision.quality.views.page", path="vision/quality/", permission=READINGS_SEEN,
            title=_("Learning from photos"), icon="model_training", group="photos", order=60,
            table="vision.quality.views.table",
        )  # fmt: skip
        model_kinds.register(
            "vision", "vision.choices.VISION", title=_("Categories and tags of photos"), metrics=METRICS, order=330,
            train="vision.tasks.train", pages={"vision_quality": _("Learning from photos")},
            judged=_("Measured on photos that never teach. Higher is better, except for how far confidence was off."),
        )  # fmt: skip
        first_models.register("vision", "vision.first.ask", order=290)
        product_panels.register(
            "vision.product", "vision.panels.photos_of_product", order=14, is_lazy=True, title=_("Photos"),
            permission=SEEN, styles=("vision/vision.css",),
        )  # fmt: skip
