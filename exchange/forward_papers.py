"""What a unit prints of a frozen forward batch: the letter to be stamped (docx), the list (xlsx, and pdf with version and digest).

Written from the frozen list alone, so the same list gives the same bytes, whoever asks and whenever. Official papers are in Chinese
whatever language the reader uses.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.utils import translation
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, TableStyle

from common.errors import Conflict
from common.money import format_wan
from exchange.columns import Shown
from exchange.packing import steady
from exchange.workbooks import EXCEL
from exchange.writing import Writer
from projects.models import ForwardBatch

BODY, TITLE = "仿宋", "方正小标宋简体"  # named for the reader's own machine, never carried in the file
PRINTED = "STSong-Light"  # one of the fonts every PDF reader supplies by itself
COLUMNS: tuple[Shown, ...] = (
    Shown("project_name", "项目名称", lambda row: row["project_name"]),
    Shown("project_code", "项目代码", lambda row: row["project_code"], "code"),
    Shown("firm_name", "企业名称", lambda row: row["firm_name"]),
    Shown("uscc", "统一社会信用代码", lambda row: row["uscc"], "code"),
    Shown("region", "建设地点", lambda row: row["region"]),
    Shown("total_investment", "总投资（万元）", lambda row: Decimal(row["total_investment"]), "wan"),
    Shown("equipment_investment", "设备投资（万元）", lambda row: Decimal(row["equipment_investment"]), "wan"),
    Shown("need", "融资需求（万元）", lambda row: Decimal(row["need"]), "wan"),
    Shown("filing", "申报编号", lambda row: row["filing"], "integer"),
    Shown("form_version", "申报表版次", lambda row: row["form_version"], "integer"),
)
WIDTHS_MM = (52, 46, 46, 38, 18, 20, 20, 20, 14)  # of the printed list; the version of the form stands in the workbook only
MARGIN = 10 * mm
RULES = (
    ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
    ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#E7ECF2")),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("LEFTPADDING", (0, 0), (-1, -1), 2),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2),
)


def letter(forward: ForwardBatch) -> bytes:
    """The letter, with room for number and stamp."""
    _printable(forward)
    rows = forward.content
    paper = Document()
    section = paper.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = Cm(3.7), Cm(3.5), Cm(2.8), Cm(2.6)
    paper.core_properties.author = forward.unit.organisation.name
    _line(paper, forward.unit.organisation.name, size=26, font=TITLE, centred=True)
    _line(paper, forward.number or "（文号）", size=16, centred=True)
    _line(paper, f"关于上报{forward.batch.name}的函", size=22, font=TITLE, centred=True)
    _line(paper, f"{forward.receiver}：")
    amount = format_wan(_sum(rows, "need"))
    said = f"经审核，现将{forward.batch.name}符合条件的{len(rows)}个项目报上，融资需求合计{amount}万元。项目清单附后，请予审核。"
    _line(paper, said, indent=True)
    _line(paper, f"附件：{forward.batch.name}项目清单（第{forward.list_version}版，{len(rows)}个项目）", indent=True)
    _line(paper, f"清单摘要（SHA-256）：{forward.sha256}", size=10.5, indent=True)
    _line(paper, forward.unit.organisation.name, right=True)
    _line(paper, _dated(forward), right=True)
    kept = io.BytesIO()
    paper.save(kept)
    return steady(kept.getvalue())


def workbook(forward: ForwardBatch) -> bytes:
    """The list for the receiving office to go on with."""
    _printable(forward)
    kept = io.BytesIO()
    with translation.override("zh-hans"), Writer() as writer:
        sheet = writer.sheet("项目清单", COLUMNS)
        for row in forward.content:
            writer.append(sheet, COLUMNS, row)
        writer.note("说明", _facts(forward))
        writer.save(kept)
    return steady(kept.getvalue())


def printed(forward: ForwardBatch) -> bytes:
    """The list as it is stapled to the letter: version and digest on every page."""
    _printable(forward)
    pdfmetrics.registerFont(UnicodeCIDFont(PRINTED))
    title = f"{forward.batch.name}项目清单"
    kept = io.BytesIO()
    paper = SimpleDocTemplate(
        kept,
        pagesize=landscape(A4),
        invariant=1,
        title=title,
        author=forward.unit.organisation.name,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=14 * mm,
        bottomMargin=16 * mm,
    )
    head = ParagraphStyle("head", fontName=PRINTED, fontSize=15, leading=20, alignment=TA_CENTER, spaceAfter=4 * mm)
    foot = partial(_foot, forward)
    paper.build([Paragraph(_escaped(title), head), _table(forward.content)], onFirstPage=foot, onLaterPages=foot)
    return kept.getvalue()


def _table(content: Sequence[Mapping[str, Any]]) -> LongTable:
    columns = COLUMNS[: len(WIDTHS_MM)]
    total = {name: format_wan(_sum(content, name)) for name in ("total_investment", "equipment_investment", "need")}
    rows = [
        [_cell(str(column.label)) for column in columns],
        *([_cell(_text(column, row), is_number=column.kind == "wan") for column in columns] for row in content),
        [_cell("合计"), *(_cell(total.get(column.name, ""), is_number=True) for column in columns[1:])],
    ]
    table = LongTable(rows, colWidths=[width * mm for width in WIDTHS_MM], repeatRows=1)
    table.setStyle(TableStyle(RULES))
    return table


def _cell(text: str, *, is_number: bool = False) -> Paragraph:
    alignment = TA_RIGHT if is_number else TA_LEFT
    style = ParagraphStyle(f"cell{alignment}", fontName=PRINTED, fontSize=8, leading=10, wordWrap="CJK", alignment=alignment)
    return Paragraph(_escaped(text), style)


def _foot(forward: ForwardBatch, canvas: Any, page: Any) -> None:
    canvas.setFont(PRINTED, 8)
    canvas.drawString(MARGIN, 9 * mm, f"{forward.unit.organisation.name}　第{forward.list_version}版　SHA-256 {forward.sha256}")
    canvas.drawRightString(landscape(A4)[0] - MARGIN, 9 * mm, f"第{page.page}页")


PAPERS: Mapping[str, tuple[str, str, Callable[[ForwardBatch], bytes]]] = {
    "letter": ("公文.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", letter),
    "list": ("项目清单.xlsx", EXCEL, workbook),
    "printed": ("项目清单.pdf", "application/pdf", printed),
}


def file_name(forward: ForwardBatch, name: str) -> str:
    return f"{forward.batch.code}-{forward.unit.organisation.name}-第{forward.list_version}版-{PAPERS[name][0]}"


def _printable(forward: ForwardBatch) -> None:
    if not forward.content:
        raise Conflict("清单尚未定稿，没有可打印的公文。", remedy="请先定稿。")


def _facts(forward: ForwardBatch) -> list[tuple[str, str]]:
    return [
        ("上报单位", forward.unit.organisation.name),
        ("主送单位", forward.receiver),
        ("批次", forward.batch.name),
        ("清单版次", f"第{forward.list_version}版"),
        ("项目数", str(len(forward.content))),
        ("融资需求合计", f"{format_wan(_sum(forward.content, 'need'))} 万元"),
        ("摘要（SHA-256）", forward.sha256),
    ]


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def _text(column: Shown, row: Mapping[str, Any]) -> str:
    value = column.value(row)
    return format_wan(value) if column.kind == "wan" else str(value)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _dated(forward: ForwardBatch) -> str:
    day = forward.dated_on or forward.frozen_on
    return f"{day.year}年{day.month}月{day.day}日"


def _line(
    paper: Any, text: str, *, size: float = 16, font: str = BODY, centred: bool = False, right: bool = False, indent: bool = False
) -> None:
    """One paragraph as official letters set it: 仿宋 at 三号, two characters indented, 28 points a line."""
    paragraph = paper.add_paragraph()
    if centred or right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.paragraph_format.line_spacing = Pt(max(28, size * 1.4))
    paragraph.paragraph_format.space_after = Pt(0)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    run = paragraph.add_run(text)
    run.font.size, run.font.name = Pt(size), font
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)  # noqa: SLF001 -- python-docx has no public name for the East Asian font
