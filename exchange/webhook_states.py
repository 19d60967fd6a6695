"""The life of a webhook."""

from django.utils.translation import gettext_lazy as _

from common.steps import Step
from exchange.models import Webhook
from organisations.actors import Person

W = Webhook.State


def by_administrator(webhook: Webhook, by: Person) -> bool:
    return webhook.organisation_id in by.administers


def by_system(_webhook: Webhook, by: Person) -> bool:
    return by.is_system


WEBHOOK_STEPS: dict[str, Step] = {
    "stop": Step(frozenset({W.ACTIVE}), W.STOPPED, by_system, _("停用")),
    "resume": Step(frozenset({W.STOPPED}), W.ACTIVE, by_administrator, _("恢复推送")),
    "end": Step(frozenset({W.ACTIVE, W.STOPPED}), W.ENDED, by_administrator, _("取消推送")),
}
