"""Words found anywhere in a name, at the speed of an index: by their pairs of characters.

Trigrams are of no use to Chinese, whose words have two characters; a full-text dictionary of it is in no plain PostgreSQL.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Func, Lookup, TextField
from django.db.models.functions import Upper

FUNCTION = "name_pairs"  # made by the migrations


class Pairs(Func):
    """Every two characters that stand side by side in a text; indexed by GIN."""

    function = FUNCTION
    arity = 1
    output_field = ArrayField(TextField())


def pairs_of(field: str) -> Pairs:
    """What an index for `field__has_words` is made of."""
    return Pairs(Upper(field))


@CharField.register_lookup
class HasWords(Lookup):  # type: ignore[type-arg]  # generic to the checker alone
    """`name__has_words="改造"`: as `icontains`. The pairs let an index find the rows; what they find is then looked at itself."""

    lookup_name = "has_words"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        words = str(self.rhs)
        has = f"UPPER({left}) LIKE UPPER(%s)"
        like = (*left_params, f"%{connection.ops.prep_for_like_query(words)}%")
        if len(words) < 2:
            return has, like
        return f"({FUNCTION}(UPPER({left})) @> {FUNCTION}(UPPER(%s)) AND {has})", (*left_params, words, *like)
