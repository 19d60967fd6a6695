"""POST: take one step on one object, as its state table allows."""

from collections.abc import Mapping, Sequence

from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Conflict
from common.steps import Step
from organisations.entering import read
from organisations.resources.description import StepSchema
from organisations.resources.requests import body_of, note_of, once, seen_of
from organisations.resources.resource import Acting, Resource, present


class StepView(Acting):
    """POST: take one step on one object, as the state table allows."""

    resource: type[Resource] = Resource
    verb = ""
    schema = StepSchema()

    @property
    def step(self) -> Step:
        return step_tables(self.resource)[self.verb]

    def post(self, request: Request, pk: int) -> Response:
        return once(request, lambda: self._take(request, pk))

    def _take(self, request: Request, pk: int) -> Response:
        resource, actor = self.resource, self.actor
        obj = resource.find(actor, pk)
        step = resource.steps_of(obj).get(self.verb)
        if step is None:
            raise Conflict
        entries = read(step.params, body_of(request))
        resource.actions[self.verb](obj, by=actor, at=actor.at, seen=seen_of(request), note=note_of(request), **entries)
        return present(resource, resource.shown_to(resource.model.objects.filter(pk=pk), actor).get(), actor)


def step_tables(resource: type[Resource]) -> Mapping[str, Step]:
    """Every step the resource knows, whatever the object; claims have a table for each channel."""
    return resource.steps


def step_paths(resource: type[Resource]) -> Sequence[URLPattern]:
    """One address for each verb that has both a row in the state table and a step function."""
    return [
        path(
            f"{resource.kind}/<int:pk>/{verb}/",
            StepView.as_view(resource=resource, verb=verb, kind=resource.kind),
            name=f"{resource.kind}-{verb}",
        )
        for verb in step_tables(resource)
        if verb in resource.actions
    ]
