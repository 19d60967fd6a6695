"""How many notices wait to be read, for the bell of every page."""

from django import template

from exchange.models import Notice
from organisations.actors import Person

register = template.Library()
MOST = 99


@register.simple_tag
def unread(by: Person) -> str:
    """Counted no further than anybody would read: "", "7", "99+"."""
    number = Notice.objects.of(by).unread().order_by()[: MOST + 1].count()
    return f"{MOST}+" if number > MOST else str(number or "")
