"""The admin, read like the domain: what every page shares.

`Desk` shows rows within the reach of the person's seats and writes each edit with its audit event, refusing one made from an older
page. `ReadOnly` is for what nobody edits. `organisations.step_desk` adds the buttons of a state table.
"""

# ruff: noqa: SLF001 -- Django's _meta and base manager have no public names

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from common.models import NATION, AuditEvent, Versioned
from common.money import format_wan, format_yuan
from common.steps import amend, record, subject_of
from organisations.acting import acting
from organisations.paging import BoundedPaginator

EVENTS_SHOWN = 200
UNBROKEN_MAX = 24  # dates and amounts stay on one line, sentences break


def in_reach(rows: models.QuerySet[Any], request: HttpRequest) -> models.QuerySet[Any]:
    """What this person's seats let them see; the whole only for a superuser, who can read everything and decide nothing."""
    if request.user.is_superuser:  # type: ignore[union-attr]  # the admin admits users only
        return rows
    by = acting(request)
    if hasattr(rows, "visible_to"):
        return rows.visible_to(by)
    if any(field.name == "province" for field in rows.model._meta.concrete_fields):
        return rows.filter(province__in={NATION, *(seat.province for seat in by.seats)})
    return rows


class TokenForm(forms.ModelForm):
    """Refuses an edit that was begun before somebody else's; what was typed stays on the page, beside what has changed."""

    desk: ClassVar["Desk"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.instance.pk and self.data.get("seen", "") != self.desk.token_of(self.instance, lock=True):
            raise forms.ValidationError(_changed_meanwhile(self.instance), code="stale")
        return cleaned


def _changed_meanwhile(obj: models.Model) -> list[Any]:
    told: list[Any] = [_("您打开之后，此件已被他人更新。您填写的内容已保留，请核对变化后再次保存。")]
    last = AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk).order_by("-id").first()
    if last is not None:
        differences = "；".join(f"{_label_of(obj, name)}：{old} → {new}" for name, (old, new) in _pairs(last.changes))
        told.append(
            _("最近一次更新：%(by)s，%(at)s。%(changes)s")
            % {"by": last.by_label, "at": f"{last.at:%Y-%m-%d %H:%M}", "changes": differences}
        )
    return told


def _pairs(changes: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, pair in changes.items():
        if isinstance(pair, list) and len(pair) == 2:
            yield name, (pair[0], pair[1])


def _label_of(obj: models.Model, name: str) -> Any:
    return next((field.verbose_name for field in obj._meta.concrete_fields if name in (field.name, field.attname)), name)


class Desk(ModelAdmin):
    form = TokenForm
    change_form_before_template = "admin/desk/seen.html"
    object_history_template = "admin/desk/history.html"
    warn_unsaved_form = True
    compressed_fields = True
    list_filter_submit = True
    list_filter_sheet = True
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False
    may_delete = False
    array_choices: ClassVar[Mapping[str, Any]] = {}
    formfield_overrides: ClassVar[Mapping[Any, Any]] = {models.URLField: {"assume_scheme": "https"}}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return in_reach(super().get_queryset(request), request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if "queryset" not in kwargs and db_field.name not in self.get_autocomplete_fields(request):
            kwargs["queryset"] = in_reach(db_field.remote_field.model._default_manager.order_by("pk"), request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A list of codes is ticked where the codes are known, else typed on one line."""
        if not isinstance(db_field, ArrayField):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        choices = self.array_choices.get(db_field.name) or db_field.base_field.choices
        if choices:
            widget = UnfoldAdminCheckboxSelectMultipleWidget
            return forms.MultipleChoiceField(choices=choices, widget=widget, required=not db_field.blank, label=db_field.verbose_name)
        return super().formfield_for_dbfield(db_field, request, widget=UnfoldAdminTextInputWidget, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and super().has_delete_permission(request, obj) and self._is_own(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A row of the nation, or of another province, is read here and changed elsewhere."""
        return super().has_change_permission(request, obj) and self._is_own(request, obj)

    def _is_own(self, request: HttpRequest, obj: Any) -> bool:
        if obj is None or not hasattr(obj, "province") or request.user.is_superuser:  # type: ignore[union-attr]  # the admin admits users only
            return True
        return obj.province in {seat.province for seat in acting(request).seats}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The province of a row is its writer's own."""
        fields = tuple(super().get_readonly_fields(request, obj))
        own = _is_column(self.model, "province") and not request.user.is_superuser  # type: ignore[union-attr]  # the admin admits users only
        return (*fields, "province") if own and "province" not in fields else fields

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.desk = self
        return form

    def token_of(self, obj: models.Model, *, lock: bool = False) -> str:
        """Names the row as it stands in the database, with the rows edited on its page."""
        rows = type(obj)._base_manager.filter(pk=obj.pk)
        if lock:
            rows = rows.select_for_update(no_key=True)
        parts = [rows.values_list().get()]
        parts += [sorted(getattr(obj, field.name).values_list("pk", flat=True)) for field in obj._meta.many_to_many]
        for inline in self.inlines:
            key = inline.model._meta.get_field(inline.fk_name).name if inline.fk_name else _key_to(inline.model, type(obj))
            parts.append(list(inline.model._base_manager.filter(**{key: obj.pk}).order_by("pk").values_list()))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        context["seen"] = self.token_of(obj) if obj is not None else ""
        return super().render_change_form(request, context, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        by = acting(request)
        changes = {name: form.cleaned_data[name] for name in form.changed_data if _is_column(obj, name)}
        if not change:
            if "province" not in form.fields and _is_column(obj, "province"):
                obj.province = next((seat.province for seat in by.seats), NATION)
            obj.save(force_insert=True)
            record(obj, "admin.add", by=by, at=by.at, changes={name: [None, _plain(value)] for name, value in changes.items()})
        elif changes and isinstance(obj, Versioned):
            stored = type(obj)._base_manager.get(pk=obj.pk)
            amend(stored, "admin.edit", by=by, at=by.at, seen=stored.version, changes=changes, allow=lambda _row, _by: True)
            obj.version = stored.version
        elif changes:
            stored = type(obj)._base_manager.get(pk=obj.pk)
            pairs = {name: [_plain(getattr(stored, name)), _plain(value)] for name, value in changes.items()}
            obj.save(update_fields=list(changes))
            record(obj, "admin.edit", by=by, at=by.at, changes=pairs)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        for row in formset.forms:
            if _is_column(row.instance, "province") and not row.instance.province:
                row.instance.province = getattr(form.instance, "province", "") or next(
                    (seat.province for seat in acting(request).seats), NATION
                )
        super().save_formset(request, form, formset, change)
        by = acting(request)
        for made in formset.new_objects:
            record(made, "admin.add", by=by, at=by.at)
        for changed, names in formset.changed_objects:
            record(changed, "admin.edit", by=by, at=by.at, changes={name: [None, _plain(getattr(changed, name))] for name in names})
        for gone in formset.deleted_objects:
            record(gone, "admin.delete", by=by, at=by.at)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        by = acting(request)
        record(obj, "admin.delete", by=by, at=by.at, note=str(obj))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def verb_labels(self) -> Mapping[str, Any]:
        """What each audited verb is called on this page."""
        return PLAIN_VERBS

    def log_addition(self, *_args: Any) -> None:
        """The audit trail is the only history; Django's own log would be a second, weaker one."""

    log_change = log_addition

    def log_deletions(self, *_args: Any) -> None:
        pass

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What happened to the row, from the audit trail."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        events = AuditEvent.objects.filter(subject=subject_of(obj), subject_id=obj.pk).order_by("-id")[:EVENTS_SHOWN]
        rows = [(event, told(event, self), [(_label_of(obj, name), *pair) for name, pair in _pairs(event.changes)]) for event in events]
        context = self.admin_site.each_context(request) | {
            "title": _("办理记录：%(object)s") % {"object": obj},
            "object": obj,
            "opts": self.opts,
            "rows": rows,
        }
        return TemplateResponse(request, self.object_history_template, context | (extra_context or {}))


PLAIN_VERBS: Mapping[str, Any] = {
    "admin.add": _("新增"),
    "admin.edit": _("编辑"),
    "admin.delete": _("删除"),
    "admin.import": _("导入"),
    "start": _("开始填写"),
    "save": _("保存"),
    "declare": _("登记申报额度"),
    "declare_interest": _("申报利益关系"),
    "enter": _("录入"),
    "register": _("登记"),
    "open": _("开立"),
    "plan": _("安排"),
    "draft": _("草拟"),
    "set": _("设置"),
    "approve": _("审定"),
    "end": _("解除"),
    "forecast": _("测算"),
    "reckon": _("重新测算"),
    "accrue": _("计提"),
    "receive": _("登记凭证"),
    "disclose": _("向银行披露"),
    "doubt": _("提出存疑"),
    "carry_in": _("期初导入"),
    "check_invoice": _("登记发票查验"),
    "dock": _("列入二次对接"),
    "offer_rest": _("企业将余额另行对接"),
    "flag": _("核查提示"),
    "enter_batch": _("编入资金安排方案"),
    "leave_batch": _("移出资金安排方案"),
    "withdraw_disclosure": _("撤回披露"),
}


def told(event: AuditEvent, desk: Desk | None) -> tuple[str, str]:
    """An event in words: what was done, and from which state to which."""
    verb = str((desk.verb_labels() if desk else PLAIN_VERBS).get(event.verb, event.verb))
    states = dict(getattr(getattr(desk.model, "State", None), "choices", ())) if desk else {}
    source, target = (str(states.get(code, code)) for code in (event.source, event.target))
    return verb, f"{source} → {target}" if source and source != target else target


def _key_to(model: type[models.Model], parent: type[models.Model]) -> str:
    return next(field.name for field in model._meta.concrete_fields if field.remote_field and field.remote_field.model is parent)


def _is_column(obj: Any, name: str) -> bool:
    return any(field.name == name for field in obj._meta.concrete_fields)


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


class ReadOnly(Desk):
    """Nobody adds, edits or deletes these here, whatever their permissions."""

    warn_unsaved_form = False

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


class EditableRows(TabularInline):
    """Rows edited with their parent, in its province."""

    extra = 0
    tab = True
    exclude = ("province",)


class Rows(TabularInline):
    """Read-only rows under their parent."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True
    tab = True

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_view_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return True


def table(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Any:
    """A small read-only table on a detail page."""
    cell = "px-3 py-2 text-left border-t border-base-200 dark:border-base-800"
    line = format_html("{}", "")
    for row in rows:
        cells = format_html("{}", "")
        for value in row:
            whole = "whitespace-nowrap" if len(str(value)) <= UNBROKEN_MAX else ""
            cells = format_html('{}<td class="{} {}">{}</td>', cells, cell, whole, value)
        line = format_html("{}<tr>{}</tr>", line, cells)
    heads = format_html("{}", "")
    for title in head:
        heads = format_html('{}<th class="px-3 py-2 text-left font-semibold">{}</th>', heads, title)
    return format_html(
        '<div class="overflow-x-auto"><table class="w-full"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>', heads, line
    )


TONES: dict[str, str] = defaultdict(str) | {
    **dict.fromkeys(("in_pool", "listed", "published", "accepted", "approved", "settled", "signed", "completed", "repaid"), "success"),
    **dict.fromkeys(("in_review", "solving", "solved", "open", "viewed", "drawing", "filed", "evidenced", "reviewed", "recorded"), "info"),
    **dict.fromkeys(("returned", "planned", "frozen", "awaiting_consent", "intent", "confirmed", "diligence", "forecast"), "warning"),
    **dict.fromkeys(("refused", "not_accepted", "failed", "declined", "removed", "void"), "danger"),
}


@display(description=_("状态"), ordering="state", label=TONES)
def state(obj: Any) -> tuple[str, str]:
    """A state as a coloured word."""
    return obj.state, obj.get_state_display()


def in_wan(name: str, label: Any) -> Callable[[Any], str]:
    """A column of an amount in 万元; the row keeps yuan."""

    @display(description=label, ordering=name.replace(".", "__"))
    def shown(obj: Any) -> str:
        value = obj
        for part in name.split("."):
            value = getattr(value, part)
        return "—" if value is None else format_wan(value)

    return shown


def in_yuan(name: str, label: Any) -> Callable[[Any], str]:
    """A column of an amount in yuan, grouped by thousands."""

    @display(description=label, ordering=name)
    def shown(obj: Any) -> str:
        value = getattr(obj, name)
        return "—" if value is None else format_yuan(value)

    return shown


def in_percent(name: str, label: Any) -> Callable[[Any], str]:
    """A column of a rate kept in basis points."""

    @display(description=label, ordering=name)
    def shown(obj: Any) -> str:
        value = getattr(obj, name)
        return "—" if value is None else f"{value / 100:.2f}%"

    return shown
