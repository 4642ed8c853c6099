"""Every field that could hold something about a person is either in the registry or named here as harmless."""

from django.apps import apps
from django.db import models

from core.extensions import data_subjects, personal_data
from core.rights.holdings import holding
from core.roles import own_apps

FREE = (models.CharField, models.TextField, models.JSONField, models.DateField, models.GenericIPAddressField)
HOLDS_ANYTHING = (*FREE, models.BinaryField, models.FileField)

# Texts in which somebody may be quoted by accident: core.rights empties them (see test_rights).
QUOTING = {
    "catalog.DeadEvent": "error payload",
    "catalog.ImportBatch": "error report",
    "core.Alert": "text_values",
    "core.DataRequest": "reason",
    "core.Export": "query",
    "core.IdempotencyKey": "body",
    "core.Job": "checkpoint error message message_values result",
    "core.SavedView": "name query",
    "core.WebhookDelivery": "error log response_excerpt",
}

# What these hold says nothing about a customer or a member of staff. A new field has to be put here or in the registry.
HARMLESS = {
    "analytics.Anomaly": "day decision drivers measure note",  # of the shop; parts are categories, products, channels
    "analytics.CohortCell": "cohort",
    "analytics.CustomerMonth": "first_day last_day month",  # follows from orders, which stay when a customer is erased
    "analytics.CustomerScore": "rfm_as_of rfm_segment",  # the row goes with an erasure; the copy has the traits
    "analytics.CustomerStats": "first_day last_day",
    "analytics.DailySales": "day",
    "analytics.DataQualityReport": "columns",
    "analytics.FactsCheck": "differences",
    "analytics.FactsState": "currency time_zone",
    "analytics.LiveSnapshot": "figures",  # numbers of the last hour, and words that three people or more looked for
    "analytics.FunnelCustomer": "day",  # the row goes with an erasure
    "analytics.FunnelDay": "day device",
    "analytics.Forecast": "as_of high low measure method scope tried values week",
    "analytics.ProductDay": "day",
    "analytics.ReportSubscription": "done_until",
    "analytics.QualityFinding": "check_name examples",  # examples are numbers of rows and days
    "analytics.SalesPart": "day part",
    "analytics.Segment": "description key kind name name_translations public_id",
    "analytics.SegmentSize": "day",
    "analytics.SegmentSnapshot": "public_id purpose source",  # days and steps, nobody's name
    "analytics.SegmentVersion": "fingerprint note profile refers_to rule",
    "analytics.ScoreCheck": "day kind",
    "analytics.ScoreRun": "as_of figures kind refusal",  # counts of customers, nobody's own score
    # Written by staff and shipped; examples out of conversations are masked, and names go (reviews.rights).
    "reviews.Article": (
        "body_en body_zh category key questions_en questions_zh title_en title_zh valid_from valid_until"
    ),
    "reviews.ArticleVersion": "source texts",
    "reviews.ArticleHelp": "language",  # counts, nobody's own
    "reviews.Intent": (
        "answers_with belongs_en belongs_zh description_en description_zh elsewhere_en elsewhere_zh key title_en"
        " title_zh words_en words_zh"
    ),
    "reviews.IntentExample": "language normal source text",
    "reviews.ShopFact": "key value_en value_zh",
    "reviews.StarterItem": "key",
    "reviews.Aspect": "key title_en title_zh",
    "reviews.AspectTerm": "language term",  # words that several customers use; examples are keys of reviews
    "reviews.QualitySample": "week",
    "reviews.ReadingSettings": "engine",
    "reviews.ReplyTemplate": "language text title",
    "reviews.Topic": "key language name words",  # words that several customers use, without masked data
    "reviews.TopicWeek": "week",
    "reviews.ReviewSummary": "aspects quotes",  # counts, and places in reviews without their words
    "crm.AnswerProposal": "language message_ids",  # numbers of messages, whose words go with an erasure
    "crm.LookupTry": "subject",  # a keyed hash, gone after a quarter of an hour
    "crm.BusinessHours": "name",
    "crm.CannedReply": "shortcut text_en text_zh title",
    "crm.Conversation": "language",
    "crm.DeskSettings": "signature",
    "crm.CustomField": "choices key title_en title_zh",
    "crm.CustomerTag": "name",  # a word that staff put on several; goes with its last customer
    "crm.Worklist": "month name",
    "crm.CareProgramme": "conditions instructions name template_public_id",
    "crm.ServiceGroup": "evidence key profile reasons",  # of many customers together
    "crm.ServiceRun": "overall refusal",
    "crm.ServiceStrategy": "reason withdrawn_because",  # of a group
    "crm.EarnRule": "ends_on name_en name_zh starts_on",
    "crm.Holiday": "day name",
    "crm.LoyaltyCheck": "differences",  # kinds and numbers of rows
    "crm.LoyaltyTier": "name_en name_zh",
    "crm.LoyaltyTierChange": "basis",
    "crm.LoyaltyTransaction": "key public_id",  # numbers of rows and codes
    "crm.Macro": "add_tags text_en text_zh title",
    "crm.PastGrant": "since",
    "crm.Reward": "ends_on name_en name_zh public_id starts_on",
    "crm.SlaPolicy": "channels name skills",
    "crm.Team": "languages name skills",
    "crm.Ticket": "priority_reasons skill tags",  # keys of reasons, words of the shop
    "crm.TicketEvent": "after before",  # states and numbers of rows
    "marketing.Audience": "counts definition name public_id",  # keys of segments and rules; uploads are members
    "marketing.BatchChoice": "shares versions",  # results of many
    "marketing.Campaign": "counts name pause_reason public_id salt timing trigger_settings",  # counts of many
    "marketing.CampaignEvent": "note",
    "marketing.CampaignStep": "arms",
    "marketing.EffectLook": "results",  # sums and ranges of groups
    "marketing.MarketingSettings": "postal_address sender_name",  # of the shop
    "marketing.MessageEvent": "message_id provider provider_event",  # made from numbers of rows
    "marketing.Offer": "name public_id title",
    "marketing.OfferAllocation": "offers results",  # keys of offers, sums of many
    "marketing.PrivacyBudget": "report",
    "marketing.PrivacyRelease": "reason weights",  # weights have noise in them
    "marketing.Recipient": "arm key language message_id provider",  # numbers of rows
    "marketing.StrategyProposal": "answers why",  # means of groups, and what staff say of a group
    "marketing.Suppression": "address_hash",  # a keyed hash, which outlives an erasure on purpose
    "marketing.Template": "body name preheader public_id subject",
    "marketing.TemplateVersion": "body html preheader subject text",
    "marketing.TrackedLink": "url",
    "vision.ImageAnalysis": "colours content_sha256 issues look main_colour",
    "vision.ImageReading": "category content_sha256",
    "vision.ImageVector": "content_sha256 vector",
    "vision.Label": "key name_en name_zh",
    "vision.LabelSet": "key kind name_en name_zh",
    "vision.NotDuplicates": "one_sha256 other_sha256",
    "vision.ReviewDecision": "came_from content_sha256 undo",
    "vision.TagSuggestion": "reasons source state",
    "catalog.ArrivingPicture": "address alt file host name public_id reason staged",
    "catalog.RemovedPicture": "file kept",
    "vision.VisionSettings": "architecture",
    "catalog.Brand": "external_id name name_translations public_id",
    "catalog.BulkChange": "arguments",
    "catalog.BulkChangeRow": "after before reason",
    "catalog.Category": "external_id name name_translations path public_id",
    "catalog.Customer": "country language",
    "catalog.DeadEvent": "entry",
    "catalog.CustomerMerge": "kept_fingerprint gone_fingerprint",
    "catalog.CustomerMergeRows": "link",
    "catalog.CustomerTrait": "kind",
    "catalog.ImportBatch": "checkpoint format mapping refused_file source title",
    "catalog.ImportChange": "outcome table_name",
    "catalog.Order": "country currency public_id",
    "catalog.OrderLine": "name sku",
    "catalog.Payment": "currency method",
    "catalog.Product": "attributes description description_translations external_id name name_translations public_id",
    "catalog.ProductImage": "alt content_sha256 file public_id source_name",
    "catalog.ProductTag": "kind value value_translations",
    "catalog.ProductVector": "kind vector",
    "catalog.Refund": "currency",
    "catalog.SearchDocument": "fields tokens",
    "catalog.SearchQuery": "matched",
    "catalog.SearchSynonym": "words",
    "catalog.SearchTerm": "term token",
    "catalog.Variant": "barcode external_id options options_translations public_id sku",
    "core.Alert": "key link rule text",
    "core.AlertRule": "key",
    "core.ApiKey": "key_hash name prefix publishable_value",
    "core.StaffToken": "name prefix token_hash",
    "core.DefaultView": "source",
    "core.RowChange": "actor after before subject",  # values about people are left out
    "core.SavedView": "source",
    "core.DataRequest": "channel file public_id result subject_model",
    "core.Experiment": "decision_reason guardrails hypothesis key kind name primary_metric salt target",
    "core.ExperimentArm": "key name settings",
    "core.ExperimentLook": "exposed results",
    "core.Export": "file public_id source",
    "core.Heartbeat": "name",
    "core.IdempotencyKey": "caller fingerprint headers key",
    "core.Job": "arguments dedupe_key kind queue request_id task",
    "core.LedgerEntry": "actor body hash subject",
    "core.LedgerRoot": "hash mac",
    "core.ModelVersion": "activation_reason folder gate kind manifest_sha256 metrics report",
    "core.OutboxMessage": "event payload",
    "core.OutgoingMail": "error history kind language message_id",
    "core.ShopProfile": "base_currency holdout_salt languages logo name opening_hours second_factor_roles sender_email"
    " time_zone",
    "core.StaffUser": "password",
    "recommender.Placement": "key name name_translations",
    "recommender.PlacementRule": "note",
    "recommender.PlacementVersion": "note settings",
    "recommender.DriftCheck": "day",
    "recommender.RecommendationDay": "day placement source",
    "recommender.RefusedCredit": "day",
    "recommender.ServedEvaluation": "day measures",
    "recommender.ShownProduct": "day placement",
    "recommender.ItemDay": "day",
    "recommender.ServedList": "kind key",
    "core.Webhook": "name old_secret secret url",
    "core.WebhookDelivery": "public_id",
}


def free_fields():
    """Fields that take any text, date or document: "app.Model" → names. Choices and moments cannot hold a name."""
    found: dict[str, set[str]] = {}
    for model in apps.get_models():
        if model._meta.app_label not in own_apps() or model._meta.proxy:
            continue
        names = {
            field.name
            for field in model._meta.local_fields
            if isinstance(field, HOLDS_ANYTHING) and not field.choices and not isinstance(field, models.DateTimeField)
        }
        found[model._meta.label] = names
    return found


def registered():
    return {entry.key: set(entry.meta["fields"]) for entry in personal_data}


def words(listed):
    return {label: set(names.split()) for label, names in listed.items()}


def test_every_field_that_could_hold_something_about_a_person_is_accounted_for():
    known = [registered(), words(QUOTING), words(HARMLESS)]

    unknown = {
        f"{label}.{name}" for label, names in free_fields().items() for name in names
        if not any(name in one.get(label, set()) for one in known)
    }  # fmt: skip

    assert unknown == set(), "register each with core.extensions.personal_data, or name it in HARMLESS or QUOTING"


def test_what_is_listed_exists():
    for listed in (registered(), words(QUOTING), words(HARMLESS)):
        for label, names in listed.items():
            assert names <= {field.name for field in apps.get_model(label)._meta.get_fields()}, label


def test_each_table_about_customers_says_whose_row_it_is_and_what_an_erasure_does():
    about_customers = [entry for entry in personal_data if entry.key.startswith(("catalog.", "core.Exposure"))]

    assert about_customers
    for entry in about_customers:
        one = holding(entry)
        assert one.subject in data_subjects
        assert bool(one.path) != bool(one.find)
        assert one.find or str(one.model._default_manager.filter(**{one.path: 1}).query)
        assert set(one.keeps) <= set(one.fields)


def test_quoting_texts_are_those_that_an_erasure_empties():
    from core.rights.erasing import QUOTES

    emptied = {table: set(columns) for table, columns in QUOTES.items()} | {
        "catalog_deadevent": {"error", "payload"},
        "catalog_importbatch": {"error", "report"},
        "core_idempotencykey": {"body"},
        "core_savedview": {"name", "query"},  # goes as a whole
    }

    assert {apps.get_model(label)._meta.db_table: names for label, names in words(QUOTING).items()} == emptied
