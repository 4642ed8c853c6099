"""Two languages everywhere: what is extracted, what is refused, and what staff read."""

from datetime import UTC, datetime
from pathlib import Path

import polib
import pytest
from django.core.management import CommandError, call_command
from django.utils import formats, translation
from django.utils.translation import gettext, ngettext

from core.i18n.catalogues import OVERRIDE, Catalogue, update
from core.i18n.checks import problems
from core.i18n.project import Project, installed_project
from core.i18n.sources import Found, Message, UnreadableSource, collect, in_file, in_python, in_template
from core.i18n.wording import chinese_faults, english_faults, placeholders

TEMPLATE = """{% load i18n %}
<h1>{% translate "Stock" %}</h1>
    {% blocktranslate trimmed count counter=n with name=who %}
        {{ counter }} product of {{ name }}
    {% plural %}
        {{ counter }} products of {{ name }}
    {% endblocktranslate %}
  {% translate "Open" context "state of a shop" %}
{% include "x.html" with title=_("As of") note="x"|default:_("none") %}
{{ _("Total") }} {% blocktranslate %}100% of {{ total }}{% endblocktranslate %}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A small product with one app, one page and no packages."""
    app = tmp_path / "shop"
    (app / "templates").mkdir(parents=True)
    (app / "models.py").write_text(
        'from django.utils.translation import gettext_lazy as _\n\nname = _("price of %(sku)s")\n'
    )
    (app / "templates" / "page.html").write_text('{% load i18n %}{% translate "Stock" %}')
    return Project(base=tmp_path, apps={"shop": app}, packages={}, django=tmp_path / "none", theme=tmp_path / "theme")


def translate(project: Project, **texts: str) -> Catalogue:
    """Extract, write these translations and compile."""
    list(project.extract())
    catalogue = Catalogue(project.apps["shop"] / "locale", "zh_Hans")
    po = catalogue.read()
    for entry in po:
        entry.msgstr = texts.get(entry.msgid.split()[0], "")
    catalogue.write(po)
    list(project.compile())
    return catalogue


def test_templates_give_singulars_plurals_contexts_and_filter_arguments():
    found = {item.key: item for item in in_template(TEMPLATE)}

    assert set(found) == {
        (None, "Stock"),
        (None, "%(counter)s product of %(name)s"),
        ("state of a shop", "Open"),
        (None, "As of"),
        (None, "none"),
        (None, "Total"),
        (None, "100%% of %(total)s"),
    }
    assert found[None, "%(counter)s product of %(name)s"].plural == "%(counter)s products of %(name)s"


def test_python_gives_lazy_plural_and_context_strings():
    source = (
        b"_('one')\ngettext_lazy('two ' 'words')\nngettext_lazy('%(n)d row', '%(n)d rows', 'n')\n"
        b"pgettext('verb', 'open')\nnpgettext_lazy('queue', 'job', 'jobs', 'n')\n_(variable)\nprint('not marked')\n"
    )

    assert list(in_python(source)) == [
        Found("one"),
        Found("two words"),
        Found("%(n)d row", "%(n)d rows"),
        Found("open", context="verb"),
        Found("job", "jobs", "queue"),
    ]


def test_strings_inside_format_strings_are_found(tmp_path):
    code = tmp_path / "table.py"
    code.write_text("""_("rows")\nhead = f"{_('section'):<24}" + f'{ngettext("%(n)d row", "%(n)d rows", n)}'\n""")

    assert in_file(code) == [Found("rows"), Found("section"), Found("%(n)d row", "%(n)d rows")]


def test_a_template_that_does_not_parse_is_named(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("{% blocktranslate %}a{% if x %}b{% endif %}{% endblocktranslate %}")

    with pytest.raises(UnreadableSource, match=r"page\.html"):
        in_file(page)


def test_the_same_string_in_two_files_is_one_message_with_both_names(tmp_path):
    for name in ("b.py", "a.py"):
        (tmp_path / name).write_text('_("price")\n')

    assert collect([tmp_path], base=tmp_path) == {(None, "price"): Message("price", files=["a.py", "b.py"])}


def test_extraction_keeps_translations_drops_what_is_gone_and_sorts():
    po = polib.POFile()
    po.append(polib.POEntry(msgid="stock", msgstr="库存"))
    po.append(polib.POEntry(msgid="gone", msgstr="没有了"))
    po.append(polib.POEntry(msgid="History", msgstr="历史", tcomment=OVERRIDE))
    messages = {(None, text): Message(text, files=["b.py", "a.py"]) for text in ("stock", "price")}

    fresh = update(po, messages, locale="zh_Hans", memory={(None, "price"): ["价格"]})

    assert [(entry.msgid, entry.msgstr) for entry in fresh] == [
        ("History", "历史"),
        ("price", "价格"),
        ("stock", "库存"),
    ]
    assert fresh[1].occurrences == [("a.py", ""), ("b.py", "")]


def test_extracting_twice_changes_nothing(project):
    catalogue = translate(project, price="%(sku)s 的价格", Stock="库存")
    before = catalogue.po_path.read_bytes(), catalogue.mo_path.read_bytes()

    list(project.extract())
    written = dict(project.compile())

    assert (catalogue.po_path.read_bytes(), catalogue.mo_path.read_bytes()) == before
    assert written == {"shop": False}


def test_complete_catalogues_have_no_problems(project):
    translate(project, price="%(sku)s 的价格", Stock="库存")

    assert list(problems(project)) == []


def test_every_kind_of_fault_is_named(project):
    catalogue = translate(project, price="价格", Stock="请看库存！")
    po = catalogue.read()
    po.append(polib.POEntry(msgid="gone", msgstr="没有了"))
    catalogue.write(po)
    (project.apps["shop"] / "new.py").write_text('_("Please pay")\n_("colour")\n')

    fresh = Project(project.base, project.apps, project.packages, project.django, project.theme)
    found = "\n".join(problems(fresh))

    assert "“colour” (shop/new.py) is missing" in found
    assert "“price of %(sku)s” has no placeholder where the source has %(sku)s" in found
    assert "“Stock” uses “请”" in found
    assert "“gone” is in no source any more" in found
    assert "django.mo is not what its django.po gives" in found


def test_an_untranslated_or_fuzzy_string_is_a_fault(project):
    catalogue = translate(project, price="%(sku)s 的价格")
    po = catalogue.read()
    po.find("price of %(sku)s").flags.append("fuzzy")
    catalogue.write(po)
    catalogue.compile()

    assert list(problems(project)) == [
        "shop: “price of %(sku)s” (shop/models.py) is fuzzy",
        "shop: “Stock” (shop/templates/page.html) is not translated",
    ]


def test_two_wordings_for_one_string_are_a_fault(project, tmp_path):
    translate(project, price="%(sku)s 的价格", Stock="库存")
    other = tmp_path / "desk"
    other.mkdir()
    (other / "models.py").write_text('_("Stock")\n')
    both = Project(project.base, {**project.apps, "desk": other}, {}, project.django, project.theme)
    list(both.extract())
    catalogue = Catalogue(other / "locale", "zh_Hans")
    po = catalogue.read()
    po.find("Stock").msgstr = "存货"
    catalogue.write(po)
    list(both.compile())

    assert list(problems(both)) == ["desk: “Stock” is “存货” here and “库存” in shop"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("请保存", "uses “请”"),
        ("共1,204 位顾客", "needs a space in “共1”"),
        ("共%(count)d 位", "needs a space in “共1”"),
        ("占比 4.1 %", "has a space before % or °"),
        ("已保存,继续", "has half-width punctuation in “存,”"),
        ("库存 ，商品", "has a space too many near “库存 ，”"),
    ],
)
def test_chinese_that_breaks_a_house_rule_is_described(text, fault):
    assert list(chinese_faults(text)) == [fault]


@pytest.mark.parametrize(
    "text",
    [
        "共 1,204 位顾客",
        "11月20日至2026年11月23日",
        "%(count)d 个%(items)s",
        "申请已提交（SKU 缺失）",
        "邀请同事",
        "约占 4.1%",
    ],
)
def test_chinese_in_the_house_style_passes(text):
    assert list(chinese_faults(text)) == []


def test_english_voice_is_checked_on_whole_words():
    assert list(english_faults("Please save")) == ["uses “Please”"]
    assert list(english_faults("Saved!")) == ["uses “!”"]
    assert list(english_faults("Pleased customers")) == []


def test_placeholders_ignore_order_and_escaped_percent_signs():
    assert placeholders("%(b)d of %(a)s, 5%% {name}") == {"%(a)s", "%(b)d", "{name}"}


def test_the_catalogues_of_the_product_are_complete():
    assert list(problems(installed_project())) == []


def test_the_command_wants_to_know_what_to_do():
    with pytest.raises(CommandError, match="--extract, --compile or --check"):
        call_command("translations")


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("Type to search", "输入以搜索"),
        ("Filters", "筛选"),
        ("Dark", "深色"),
        ("Recent searches", "最近搜索"),
        ("Log out", "退出登录"),
        ("Save and add another", "保存并继续添加"),
        ("Delete selected %(verbose_name_plural)s", "删除所选%(verbose_name_plural)s"),
        ("This field is required.", "此项必填。"),
    ],
)
def test_the_theme_speaks_chinese(text, chinese):
    with translation.override("zh-hans"):
        assert gettext(text) == chinese


def test_the_theme_speaks_english_in_the_house_voice():
    with translation.override("en"):
        assert gettext("The {name} “{obj}” was changed successfully.") == "The {name} “{obj}” was changed."
        assert ngettext("Please correct the error below.", "Please correct the errors below.", 2) == (
            "Correct the errors below."
        )


@pytest.mark.parametrize(
    ("language", "moment", "day", "figure"),
    [
        ("en", "23 Nov 2026, 14:05", "23 Nov 2026", "1,234,567.5"),
        ("zh-hans", "2026年11月23日 14:05", "2026年11月23日", "1,234,567.5"),
    ],
)
def test_dates_and_numbers_have_the_form_of_the_language(language, moment, day, figure):
    at = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)

    with translation.override(language):
        assert formats.date_format(at, "DATETIME_FORMAT") == moment
        assert formats.date_format(at.date(), "DATE_FORMAT") == day
        assert formats.number_format(1234567.5, use_l10n=True, force_grouping=True) == figure


@pytest.mark.parametrize("catalogue", sorted(Path(__file__).parents[2].glob("*/locale/zh_Hans/LC_MESSAGES/django.po")))
def test_a_photo_has_one_word_in_chinese(catalogue):
    said = {entry.msgid: [entry.msgstr, *entry.msgstr_plural.values()] for entry in polib.pofile(str(catalogue))}

    other = [text for text, ours in said.items() if "photo" in text.lower() and any("图片" in one for one in ours)]
    assert other == []
