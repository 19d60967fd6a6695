"""A firm writes its application: started, saved exactly as typed, reopened in part when it comes back."""

import datetime as dt
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import Actor, amend, record_many
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Organisation, Programme
from projects.form_fields import FIELDS, opened_by
from projects.models import Filing
from projects.states import by_firm

FORM_BYTES_MAX = 500_000
TITLE_MAX = 200


def start_filing(
    firm: Organisation, *, programme: Programme, track: str, by: Person, at: dt.datetime, form: Mapping[str, Any] | None = None
) -> Filing:
    """A new draft of the firm, empty or with what was typed before."""
    (filing,) = start_many([(firm, form or {})], programme=programme, track=track, by=by, at=at)
    return filing


def start_many(
    forms: Sequence[tuple[Organisation, Mapping[str, Any]]],
    *,
    programme: Programme,
    track: str,
    by: Person | Mapping[int, Person],
    at: dt.datetime,
) -> list[Filing]:
    """Drafts for many firms in two inserts. `by` is one person or firm id → person."""
    for firm, form in forms:
        writer = by[firm.pk] if isinstance(by, Mapping) else by
        if firm.kind != Organisation.Kind.FIRM or writer.seat(firm.pk, *FIRM_ROLES) is None:
            raise NotAllowed(_("只有本企业的人员可以填写本企业的申报。"))
        if problems := list(unstorable(form)):
            raise Invalid(problems)
    filings = [
        Filing(firm=firm, programme=programme, track=track, form=dict(form), form_saved_at=at, title=_title(form), province=firm.province)
        for firm, form in forms
    ]
    with transaction.atomic():
        Filing.objects.bulk_create(filings, batch_size=1000)
        writers: Mapping[int, Actor] = {f.pk: by[f.firm_id] if isinstance(by, Mapping) else by for f in filings}
        record_many(filings, "start", by=writers, at=at)
    return filings


def save_form(filing: Filing, *, form: Mapping[str, Any], by: Person, at: dt.datetime, seen: int) -> Filing:
    """Keep what was typed, whole and unjudged; a returned case takes changes only in the fields it was opened for.

    The audit event names the fields that changed; what they said stands in the version kept at each submission.
    """
    kept = dict(form)

    def unfit(current: Filing) -> Iterable[Problem]:
        yield from unstorable(kept)
        if current.state == Filing.State.RETURNED:
            yield from _locked(current, kept)

    def changes(current: Filing) -> dict[str, Any]:
        touched[:] = changed_fields(current.form, kept)
        return {"form": kept, "form_saved_at": at, "title": _title(kept)}

    touched: list[str] = []
    return amend(
        filing,
        "save",
        by=by,
        at=at,
        seen=seen,
        changes=changes,
        allow=by_firm,
        source=frozenset({Filing.State.DRAFT, Filing.State.RETURNED}),
        also=unfit,
        told=lambda _changed: {"fields": touched},
    )


def editable_fields(filing: Filing) -> frozenset[str]:
    """What the firm may change now: all of a draft, of a returned case the named fields and those tied to them."""
    if filing.state == Filing.State.DRAFT:
        return frozenset(FIELDS)
    return opened_by(filing.open_fields) & FIELDS.keys() if filing.state == Filing.State.RETURNED else frozenset()


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in old.keys() | new.keys() if _as_kept(old.get(name)) != _as_kept(new.get(name)))


def unstorable(form: Mapping[str, Any]) -> Iterable[Problem]:
    """What the database or a reader of JSON could not take: the only thing refused of a draft."""
    if not isinstance(form, Mapping):
        yield Problem("form", "not_a_form", _("申报表无法识别。"), _("请按填报项提交。"))
        return
    bad = [str(name) for name, value in form.items() if not (_is_storable(name) and _is_storable(value))]
    for name in bad:
        remedy = _("请删去不可见字符后重新填写。")
        yield Problem(name[:TITLE_MAX].encode(errors="replace").decode(), "unstorable", _("此项含有无法保存的内容。"), remedy)
    if not bad and len(json.dumps(form, cls=DjangoJSONEncoder).encode()) > FORM_BYTES_MAX:
        yield Problem("form", "too_large", _("申报表内容过多。"), _("请精简文字，附件请另行上传。"))


def _locked(filing: Filing, form: Mapping[str, Any]) -> Iterable[Problem]:
    for name in changed_fields(filing.form, form):
        if name not in editable_fields(filing):
            label = FIELDS[name].label if name in FIELDS else name
            yield Problem(
                name,
                "field_locked",
                _("“%(label)s”不在退回修改的范围内。") % {"label": label},
                _("请恢复原内容；确需修改的，请联系退回单位开放此项。"),
            )


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_storable(name) and _is_storable(inner) for name, inner in value.items())
    return all(map(_is_storable, value)) if isinstance(value, list | tuple) else True


def _as_kept(value: Any) -> Any:
    """As the database gives it back, so that an unchanged date or decimal compares as unchanged; nothing and empty are the same."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder)) or None


def _title(form: Mapping[str, Any]) -> str:
    name = form.get("name")
    return name.strip()[:TITLE_MAX] if isinstance(name, str) else ""
