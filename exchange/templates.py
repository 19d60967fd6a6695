"""Templates of imports: the columns that may be filled in, with validation lists, and what already may be brought up to date."""

from typing import Any

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.errors import NotAllowed, NotFound
from exchange.columns import Shown
from exchange.importers import IMPORTERS, Importer
from exchange.writing import Writer
from organisations.actors import Person

HELP = (
    (_("填写"), _("黄色表头为可填写的列；有下拉箭头的请从列表中选择。不要改动表头，可以增加自己的列。")),
    (_("编号和版本"), _("修改已有的行时保留不动；新增的行留空。他人已更新的行会被拒绝并指明。")),
    (_("金额和利率"), _("金额以万元填写，最多六位小数；利率以百分数填写，例如 3.45。")),
    (_("代码"), _("统一社会信用代码、项目代码、发票号码须为文本格式，否则十五位之后的数字会丢失。")),
    (_("日期"), _("例如 2026-03-01、2026年3月1日；只写到月的按当月一日登记。")),
    (_("多项"), _("担保方式等可多选的，以顿号分开。")),
)


def find(kind: str, by: Person) -> type[Importer]:
    """The importer of this kind, for whoever may use it."""
    importer = IMPORTERS.get(kind)
    if importer is None:
        raise NotFound(_("没有名为“%(kind)s”的导入。") % {"kind": kind})
    if not importer.may(by):
        raise NotAllowed
    return importer


def write(kind: str, to: Any, *, by: Person) -> None:
    """The template for this person, in the reader's language, written to a file."""
    importer = find(kind, by)
    columns = importer.shown()
    with Writer() as writer:
        sheet = writer.sheet(str(importer.label), columns, validated=True)
        parts = [(part, inner := part.columns(), writer.sheet(str(part.title), inner, validated=True)) for part in importer.parts()]
        for row in importer.rows_shown(by):
            writer.append(sheet, columns, row)
            for part, inner, there in parts:
                for item in part.rows(row):
                    writer.append(there, inner, item)
        inners = [line for _part, inner, _there in parts for line in _fields(inner)]
        writer.note(now("填写说明"), [*HELP, *dict.fromkeys([*_fields(columns), *inners])])
        writer.save(to)


def _fields(columns: tuple[Shown, ...]) -> list[tuple[Any, Any]]:
    """What each column wants, in the words of the form."""
    return [(one.label, one.entered.help) for one in columns if one.entered and one.entered.help]
