"""The ministry's list as an Excel file: read row by row into what `projects.answers` matches with the cases that were reported."""

import datetime as dt
import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from exchange.tables import Column, Row, column, find_table
from exchange.workbooks import opened
from organisations import scanning
from organisations.actors import Person
from organisations.models import Programme
from projects.answers import steps
from projects.answers.matching import Told
from projects.models import AnswerRow, MinistryAnswer

V = AnswerRow.Verdict
COLUMNS: tuple[Column, ...] = (
    column("project_code", _("项目代码"), needed=False, also=("项目编码", "投资项目代码", "国家代码")),
    column("uscc", _("统一社会信用代码"), needed=False, also=("信用代码", "社会信用代码")),
    column("firm_name", _("企业名称"), also=("申报单位", "项目单位", "单位名称")),
    column("project_name", _("项目名称"), also=("申报项目名称",)),
    column("verdict", _("是否列入"), needed=False, also=("审核结果", "结论", "是否通过")),
    column("list_number", _("清单批次"), needed=False, also=("批次", "列入批次")),
    column("reason", _("未列入原因"), needed=False, also=("原因", "备注", "未通过原因")),
)
WORDS: Mapping[str, str] = {
    **dict.fromkeys(("列入", "是", "通过", "入选", "已列入", "√", "✓", "yes", "y", "listed"), V.LISTED),
    **dict.fromkeys(("未列入", "否", "不列入", "未通过", "不通过", "未入选", "×", "✗", "no", "n", "notlisted"), V.NOT_LISTED),
}


def enter(
    upload: Any,
    *,
    programme: Programme,
    track: str,
    number: str,
    list_number: str,
    listed_on: dt.date,
    province: str,
    by: Person,
    at: dt.datetime,
) -> MinistryAnswer:
    """Read the file and keep what it says. Raises Invalid for a file that cannot be read, with what to do."""
    with opened(upload) as book:
        rows = [_told(row) for row in find_table(book, COLUMNS).rows()]
    upload.seek(0)
    scanning.check(upload.read())
    return steps.enter(
        rows,
        programme=programme,
        track=track,
        province=province,
        number=number,
        list_number=list_number,
        listed_on=listed_on,
        file_name=upload.name or "",
        sha256=_digest(upload),
        by=by,
        at=at,
    )


def _told(row: Row) -> Told:
    said = {name: str(value) for name, value in row.cells.items()}
    texts = {name: said.get(name, "") for name in ("project_code", "uscc", "firm_name", "project_name", "list_number", "reason")}
    problem = " ".join(str(problem.message) for problem in row.problems)
    return Told(line=row.number, verdict=_verdict(said), problem=problem, cells=said, **texts)


def _verdict(said: Mapping[str, str]) -> str:
    """What is written; where nothing is, a list number alone means listed, a reason alone not listed."""
    word = "".join(unicodedata.normalize("NFKC", said.get("verdict", "")).split()).lower()
    if word:
        return WORDS.get(word, V.UNKNOWN)
    has_number, has_reason = (bool(said.get(name)) for name in ("list_number", "reason"))
    if has_number == has_reason:
        return V.UNKNOWN
    return V.LISTED if has_number else V.NOT_LISTED


def _digest(upload: Any) -> str:
    upload.seek(0)
    return hashlib.file_digest(upload, "sha256").hexdigest()
