"""What leaves the service, for whoever runs it: what was sent, what is being tried, what was given up. Never what it says, nor of which case."""

from django.contrib import admin

from exchange.models import Delivery, Notice
from organisations.desk import ReadOnly

TRIED = ("state", "attempts", "made_at", "next_attempt_at", "sent_at", "error")


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("kind", "channel", "recipient", "robot", *TRIED)
    list_filter = ("state", "channel", "kind", "made_at")
    list_select_related = ("recipient", "robot__organisation")
    ordering = ("-id",)
    exclude = ("event", "facts", "link")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("kind", "webhook", *TRIED, "status", "duration_ms")
    list_filter = ("state", "kind", "made_at")
    list_select_related = ("webhook",)
    ordering = ("-id",)
    exclude = ("event", "payload", "answer")
