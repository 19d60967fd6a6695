"""WHAT GOES IN AND OUT: exports and imports as jobs with a state each; notices and webhooks as rows sent until they arrive."""

from exchange.models.jobs import Export, Import, ImportedRow
from exchange.models.notices import Channel, GroupRobot, Notice, NoticeChoice
from exchange.models.outgoing import Outgoing, Reading
from exchange.models.webhooks import Delivery, Webhook

__all__ = [
    "Channel",
    "Delivery",
    "Export",
    "GroupRobot",
    "Import",
    "ImportedRow",
    "Notice",
    "NoticeChoice",
    "Outgoing",
    "Reading",
    "Webhook",
]
