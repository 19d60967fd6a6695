"""Buttons in the admin: the steps of a state table, and other acts a domain function offers.

Each opens a form of its params with the version that was looked at; the function alone changes rows. What a stale page had typed
stays on it, beside what has changed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from common.errors import DomainError, NotAllowed, Stale
from common.steps import Param, Step, allowed_verbs
from organisations.acting import acting
from organisations.actors import Person
from organisations.desk import Desk
from organisations.entering import NOTE, read

ROWS_AT_ONCE = 200
ID_DIGITS = 18
REFUSING = frozenset({"refuse", "not_accept", "decline", "void", "cancel", "remove", "withdraw", "leave_out"})
WIDGETS: dict[str, Callable[[], forms.Widget]] = {
    "long_text": UnfoldAdminTextareaWidget,
    "integer": UnfoldAdminIntegerFieldWidget,
    "date": lambda: UnfoldAdminTextInputWidget({"type": "date"}),
    "boolean": UnfoldBooleanWidget,
}
UNITS = {"wan": _("单位：万元"), "percent": _("年利率，百分数，例如 3.45")}


@dataclass(frozen=True)
class Act:
    """Something a domain function does to one row, or (on a list) without one: `do(obj, by, values)`.

    `takes` tells a step: its function compares the version itself, `do(obj, by, values, seen)`.
    """

    label: Any
    params: tuple[Param, ...]
    allow: Callable[[Any, Person], bool]
    do: Callable[..., Any]
    takes: bool = False


class ParamForm(forms.Form):
    """Params as inputs; reading and refusing them is `organisations.entering`'s, worded once for page, admin and API."""

    def __init__(self, params: Iterable[Param], data: Any = None) -> None:
        super().__init__(data)
        self.params = tuple(params)
        for param in self.params:
            self.fields[param.name] = _field_of(param)

    def values(self) -> dict[str, Any]:
        return read(self.params, self.data)

    def show(self, error: DomainError) -> None:
        """Each problem beside its field, the others on top."""
        self.full_clean()
        for problem in error.problems:
            name = problem.field.split(".")[0]
            self.add_error(name if name in self.fields else None, str(problem))


def _field_of(param: Param) -> forms.Field:
    words = " ".join(str(part) for part in (param.help, UNITS.get(param.kind, "")) if part)
    common: dict[str, Any] = {"label": param.label, "required": False, "help_text": words}
    choices = [(str(value), label) for value, label in param.choices()] if param.choices else []
    if param.kind == "fields" and choices:
        return forms.MultipleChoiceField(choices=choices, widget=UnfoldAdminCheckboxSelectMultipleWidget, **common)
    if choices:
        return forms.ChoiceField(choices=[("", _("请选择")), *choices], widget=UnfoldAdminSelectWidget, **common)
    return forms.CharField(widget=WIDGETS.get(param.kind, UnfoldAdminTextInputWidget)(), **common)


class ActDesk(Desk):
    """`acts` on one row, `list_acts` on the list."""

    acts: ClassVar[Mapping[str, Act]] = {}
    list_acts: ClassVar[Mapping[str, Act]] = {}
    list_before_template = "admin/desk/list_acts.html"

    def loaded(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """With what `allow` and `missing` read."""
        return rows

    def acts_of(self, _obj: Any) -> Mapping[str, Act]:
        return self.acts

    def seen_of(self, obj: Any) -> str:
        """What the page remembers of the row: an act from an older one is refused."""
        return self.token_of(obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("do/<slug:name>/", view(self.list_act_view), name=self.address("do_list")),
            path("<int:object_id>/do/<slug:name>/", view(self.act_view), name=self.address("do")),
        ]
        return own + super().get_urls()

    def address(self, what: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{what}"

    def url(self, what: str, *args: Any) -> str:
        return reverse(f"{self.admin_site.name}:{self.address(what)}", args=args)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        by = acting(request)
        offered = [(act.label, self.url("do_list", name)) for name, act in self.list_acts.items() if act.allow(None, by)]
        return super().changelist_view(request, {"list_acts": offered} | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and (full := self.loaded(self.get_queryset(request)).filter(pk=obj.pk).first()) is not None:
            context["actions_detail"] = self.buttons(full, acting(request))
        return super().render_change_form(request, context, **kwargs)

    def buttons(self, obj: Any, by: Person) -> list[dict[str, Any]]:
        return [
            {
                "title": act.label,
                "path": f"{self.url('do', obj.pk, name)}?seen={self.seen_of(obj)}",
                "variant": ActionVariant.DANGER if name in REFUSING else ActionVariant.PRIMARY,
                "attrs": {},
            }
            for name, act in self.acts_of(obj).items()
            if act.allow(obj, by)
        ]

    def act_view(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        obj = self.loaded(self.get_queryset(request)).filter(pk=object_id).first()
        if obj is None or not self.has_view_permission(request, obj) or name not in self.acts_of(obj):
            raise PermissionDenied
        seen = request.POST.get("seen") or request.GET.get("seen") or self.seen_of(obj)
        back = self.url("change", obj.pk)
        return self._act(request, self.acts_of(obj)[name], obj, seen=seen, back=back, is_refusal=name in REFUSING)

    def list_act_view(self, request: HttpRequest, name: str) -> HttpResponse:
        if name not in self.list_acts or not self.has_view_permission(request):
            raise PermissionDenied
        return self._act(request, self.list_acts[name], None, seen="new", back=self.url("changelist"), is_refusal=False)

    def _act(self, request: HttpRequest, act: Act, obj: Any, *, seen: str, back: str, is_refusal: bool) -> HttpResponse:
        if request.method != "POST" and not act.allow(obj, acting(request)):
            messages.error(request, _("当前不能由您办理“%(step)s”。") % {"step": act.label})
            return HttpResponseRedirect(back)
        form = ParamForm(act.params, request.POST or None)
        changed: tuple[Any, ...] = ()
        if request.method == "POST":
            try:
                with transaction.atomic():
                    self.perform(act, obj, acting(request), form.values(), seen=seen)
            except DomainError as error:
                form.show(error)
                if isinstance(error, Stale):
                    changed, seen = error.changed, self.seen_of(type(obj)._base_manager.get(pk=obj.pk))  # noqa: SLF001 -- Django's name
            else:
                messages.success(request, _("已办理“%(step)s”：%(object)s") % {"step": act.label, "object": obj or self.opts.verbose_name})
                return HttpResponseRedirect(back)
        context = {"form": form, "object": obj, "step": act, "seen": seen, "changed": changed, "is_refusal": is_refusal, "back": back}
        return self.page(request, "step", title=f"{act.label} · {obj or self.opts.verbose_name}", **context)

    def perform(self, act: Act, obj: Any, by: Person, values: dict[str, Any], *, seen: str) -> None:
        """Do it, unless the row has changed since the page was made."""
        if act.takes:
            act.do(obj, by, values, _number(seen, obj.version))
            return
        if not act.allow(obj, by):
            raise NotAllowed
        if obj is not None and seen != self.seen_of(obj):
            raise Stale
        act.do(obj, by, values)

    def page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        return TemplateResponse(request, f"admin/desk/{name}.html", self.admin_site.each_context(request) | {"opts": self.opts} | context)


class StepDesk(ActDesk):
    """The steps of a state table as acts, on one row and on many. The state itself is never edited."""

    steps: ClassVar[Mapping[str, Step]] = {}
    step_functions: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    bulk_verbs: ClassVar[tuple[str, ...]] = ()

    def steps_of(self, _obj: Any) -> Mapping[str, Step]:
        return self.steps

    def acts_of(self, obj: Any) -> Mapping[str, Act]:
        steps = {verb: step for verb, step in self.steps_of(obj).items() if verb in self.step_functions}
        return {verb: self._as_act(verb, steps) for verb in steps} | dict(self.acts)

    def _as_act(self, verb: str, steps: Mapping[str, Step]) -> Act:
        step = steps[verb]

        def do(obj: Any, by: Person, values: dict[str, Any], seen: int) -> None:
            self.take(verb, obj, by=by, values=values, seen=seen)

        return Act(step.label, (*step.params, NOTE), lambda obj, by: verb in allowed_verbs(steps, obj, by), do, takes=True)

    def verb_labels(self) -> Mapping[str, Any]:
        return {**super().verb_labels(), **{verb: step.label for verb, step in self.steps.items()}}

    def seen_of(self, obj: Any) -> str:
        return str(obj.version)

    def take(self, verb: str, obj: Any, *, by: Person, values: dict[str, Any], seen: int) -> None:
        values = dict(values)
        note = values.pop("note", "")
        self.step_functions[verb](obj, by=by, at=by.at, seen=seen, note=note, **values)

    def get_urls(self) -> list[URLPattern]:
        own = [path("many/<slug:verb>/", self.admin_site.admin_view(self.many_view), name=self.address("many"))]
        return own + super().get_urls()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The steps that may be taken for several rows at once; each row answers for itself."""
        if not self.has_view_permission(request):
            return {}
        known = [verb for verb in self.bulk_verbs if verb in self.step_functions]
        return {f"take_{verb}": (_begin(verb), f"take_{verb}", self.steps[verb].label) for verb in known}

    def many_view(self, request: HttpRequest, verb: str) -> HttpResponse:
        """The same step for the rows chosen in the list: the form first, then what became of each."""
        if verb not in self.bulk_verbs or verb not in self.step_functions or not self.has_view_permission(request):
            raise PermissionDenied
        chosen = dict(value.split(":", 1) for value in request.POST.getlist("row") if ":" in value)
        known = self.loaded(self.get_queryset(request)).filter(pk__in=[pk for pk in chosen if pk.isdecimal() and len(pk) <= ID_DIGITS])
        rows = [(row, _number(chosen[str(row.pk)], row.version)) for row in known.order_by("pk")[:ROWS_AT_ONCE]]
        form = ParamForm((*self.steps[verb].params, NOTE), request.POST)
        try:
            values = form.values()
        except DomainError as error:
            form.show(error)
            return self.confirm(request, verb, rows, form)
        results = [(row, self._attempt(verb, row, by=acting(request), values=values, seen=seen)) for row, seen in rows]
        done = sum(error is None for _row, error in results)
        told = gettext("%(step)s：%(done)d 件已办理，%(left)d 件未办理") % {
            "step": self.steps[verb].label,
            "done": done,
            "left": len(results) - done,
        }
        return self.page(request, "results", title=told, back=self.url("changelist"), results=results)

    def _attempt(self, verb: str, row: Any, *, by: Person, values: dict[str, Any], seen: int) -> DomainError | None:
        try:
            with transaction.atomic():
                self.take(verb, row, by=by, values=values, seen=seen)
        except DomainError as error:
            return error
        return None

    def confirm(self, request: HttpRequest, verb: str, rows: list[tuple[Any, int]], form: ParamForm) -> HttpResponse:
        step = self.steps[verb]
        title = gettext("%(step)s：%(n)d 件") % {"step": step.label, "n": len(rows)}
        context = {"form": form, "step": step, "rows": rows, "action": self.url("many", verb), "is_refusal": verb in REFUSING}
        return self.page(request, "many", title=title, back=self.url("changelist"), **context)


def _begin(verb: str) -> Callable[..., HttpResponse]:
    def begin(desk: StepDesk, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse:
        rows = [(row, row.version) for row in queryset.order_by("pk")[:ROWS_AT_ONCE]]
        return desk.confirm(request, verb, rows, ParamForm((*desk.steps[verb].params, NOTE)))

    return begin


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else otherwise
