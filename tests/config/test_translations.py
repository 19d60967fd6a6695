"""The catalogue tools, on a little tree of their own."""

import gettext

import pytest

from config import translations

CODE = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext
A = _("提交" "成功")
B = ngettext("一家企业", "%(n)s 家企业", 2)
C = pgettext("银行", "行")
D = not_marked("没有标记")
"""
TEMPLATE = """{% load i18n %}<html><body title="{% translate '标题' %}">
      {# 注释 #} don't {% if a %} ( [ {{ _("常量")|upper }}
{% blocktranslate trimmed with name=firm.name count n=total %}
    {{ name }} 有一件
    申报
{% plural %}{{ n }} 件{% endblocktranslate %}{% translate "他说'好'" context "引语" %}
"""
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


@pytest.fixture
def tree(tmp_path):
    for source in translations.SOURCES:
        (tmp_path / source).mkdir()
    (tmp_path / "locale" / "en" / "LC_MESSAGES").mkdir(parents=True)
    return tmp_path


def write_po(tree, body):
    path = tree / "locale" / "en" / "LC_MESSAGES" / "django.po"
    path.write_text(HEADER + body, encoding="utf-8")
    return path


def test_extract_reads_code_and_templates(tree):
    (tree / "projects" / "review.py").write_text(CODE, encoding="utf-8")
    (tree / "portal" / "templates").mkdir()
    (tree / "portal" / "templates" / "page.html").write_text(TEMPLATE, encoding="utf-8")

    found = {(message.context, message.id) for message in translations.extract(tree) if message.id}

    assert found == {
        (None, "提交成功"),
        (None, ("一家企业", "%(n)s 家企业")),
        ("银行", "行"),
        (None, "标题"),
        (None, "常量"),
        (None, ("%(name)s 有一件 申报", "%(n)s 件")),
        ("引语", "他说'好'"),
    }


def test_extract_tells_the_line_of_a_template(tree):
    (tree / "portal" / "templates").mkdir()
    (tree / "portal" / "templates" / "page.html").write_text(TEMPLATE, encoding="utf-8")

    places = {message.id: message.locations for message in translations.extract(tree) if message.id}

    assert places["常量"] == [("portal/templates/page.html", 2)]


def test_migrations_are_not_read(tree):
    (tree / "projects" / "migrations").mkdir()
    (tree / "projects" / "migrations" / "0001_initial.py").write_text('A = _("旧")', encoding="utf-8")

    assert [message.id for message in translations.extract(tree) if message.id] == []


def test_problems_name_each_kind_of_gap(tree):
    (tree / "projects" / "a.py").write_text('A = [_("甲"), _("乙"), _("丙 %(n)s"), _("丁")]', encoding="utf-8")
    write_po(
        tree, 'msgid "乙"\nmsgstr ""\n\nmsgid "丙 %(n)s"\nmsgstr "C"\n\n#, fuzzy\nmsgid "丁"\nmsgstr "D"\n\nmsgid "旧"\nmsgstr "Old"\n'
    )

    found = translations.problems(tree)

    assert found == [
        "locale/en/LC_MESSAGES/django.po: fuzzy: “丁”",
        "locale/en/LC_MESSAGES/django.po: not in the catalogue: “甲” (projects/a.py)",
        "locale/en/LC_MESSAGES/django.po: not translated: “乙”",
        "locale/en/LC_MESSAGES/django.po: placeholders differ (n): “丙 %(n)s”",
        "locale/en/LC_MESSAGES/django.po: said nowhere any more: “旧”",
    ]


def test_sentence_pasted_twice_is_told(tree):
    (tree / "projects" / "a.py").write_text('A = [_("甲"), _("乙")]', encoding="utf-8")
    write_po(tree, 'msgid "甲"\nmsgstr "A forecast says nothing.A forecast says nothing."\n\nmsgid "乙"\nmsgstr "tom-tom"\n')

    assert translations.problems(tree) == ["locale/en/LC_MESSAGES/django.po: says the same twice: “甲”"]


def test_update_adds_and_drops_and_keeps_translations(tree):
    (tree / "projects" / "a.py").write_text('A = [_("甲"), _("乙")]', encoding="utf-8")
    path = write_po(tree, 'msgid "乙"\nmsgstr "B"\n\nmsgid "旧"\nmsgstr "Old"\n')

    translations.update(tree)
    once = path.read_bytes()
    translations.update(tree)

    assert translations.problems(tree) == ["locale/en/LC_MESSAGES/django.po: not translated: “甲” (projects/a.py)"]
    assert path.read_bytes() == once


def test_compile_makes_what_gettext_reads(tree):
    path = write_po(tree, 'msgid "乙"\nmsgstr "B"\n')

    translations.compile_all(tree)

    with path.with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("乙") == "B"


def test_compile_leaves_what_is_up_to_date(tree):
    path = write_po(tree, 'msgid "乙"\nmsgstr "B"\n')
    translations.compile_all(tree)
    before = path.with_suffix(".mo").stat().st_mtime_ns

    translations.compile_all(tree)

    assert path.with_suffix(".mo").stat().st_mtime_ns == before
