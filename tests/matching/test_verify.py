"""A published round proved again from its bytes; and each way of tampering found."""

import json
from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from matching import canonical, result, verify
from matching.models import NonMatch, Recommendation, Round, RoundData
from matching.snapshot import ARRAYS
from tests.matching import provinces

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(world, cast):
    provinces.needs(world, 6, branches=("ICBC-WH", "CCB-WH"))
    provinces.needs(world, branches=(), open_to_other_banks=False)
    provinces.limit("ICBC-WH", 7000)
    round_, _published = provinces.published(world, cast)
    return round_


def tamper(table, column, value, where, *params):
    """Change a stored row behind the back of triggers, as somebody with the database in hand could."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", [value, *params])  # noqa: S608 -- names from the tests below
        assert cursor.rowcount == 1
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_published_round_verifies_and_replays(published):
    found = verify.verify(published)

    assert found.breaches == []
    assert found.facts["value"] == published.value
    assert found.facts["bound"] == published.bound
    assert found.facts["coverage_outranks"] is True
    assert verify.replay(published).breaches == []


def test_commands_print_one_json_line(published):
    for command in ("verify_round", "replay_round"):
        out = StringIO()
        call_command(command, published.number, stdout=out)
        assert json.loads(out.getvalue())["ok"] is True
    call_command("verify_round", str(published.pk), stdout=StringIO())


def test_command_tells_an_unknown_round():
    with pytest.raises(CommandError, match="no round is called 2031-07"):
        call_command("verify_round", "2031-07")


def test_round_without_result_does_not_verify(world, cast):
    provinces.needs(world)

    assert verify.verify(provinces.frozen(world, cast)).breaches == ["the round has no stored snapshot and result"]


def test_changed_snapshot_is_found(published):
    data = RoundData.objects.get(round=published)
    arrays = bytearray(bytes(data.arrays))
    arrays[8 * published.needs * ARRAYS.index("need_amount")] ^= 1
    tamper("matching_rounddata", "arrays", bytes(arrays), "round_id = %s", published.pk)

    breaches = verify.verify(published).breaches

    assert any("snapshot_sha256" in breach for breach in breaches)
    assert any("problem" in breach for breach in breaches)


def test_changed_choice_is_found_even_with_a_new_digest(published):
    data = RoundData.objects.get(round=published)
    header, arrays = canonical.unpack(*canonical.split(bytes(data.result)))
    arrays = {name: array.copy() for name, array in arrays.items()}
    arrays["choice"][0] = -1
    forged = canonical.join(*canonical.pack(header, arrays))
    tamper("matching_rounddata", "result", forged, "round_id = %s", published.pk)
    Round.objects.filter(pk=published.pk).update(result_sha256=sha256(forged).hexdigest())
    published.refresh_from_db()

    assert any("value" in breach for breach in verify.verify(published).breaches)
    assert verify.replay(published).breaches == ["the search chose differently for 1 needs"]


def test_changed_recommendation_is_found(published):
    row = Recommendation.objects.filter(round=published, rank=0).order_by("need").first()
    Recommendation.objects.filter(pk=row.pk).update(amount=row.amount - 1)

    assert verify.verify(published).breaches == [f"recommendation of need {row.need_id}, rank 0, is not what the result says"]


def test_removed_explanation_is_found(published):
    row = NonMatch.objects.get(round=published)
    row.delete()

    assert verify.verify(published).breaches == [f"the explanation of unmatched need {row.need_id} is not what the result says"]


def test_changed_value_on_the_round_is_found(published):
    Round.objects.filter(pk=published.pk).update(value=published.value + 1)
    published.refresh_from_db()

    with pytest.raises(CommandError):
        call_command("verify_round", published.number, stdout=StringIO(), stderr=StringIO())


def test_garbage_is_a_breach_not_a_crash(published):
    tamper("matching_rounddata", "result", b"\x00" * 40, "round_id = %s", published.pk)

    assert any("cannot be read" in breach for breach in verify.verify(published).breaches)


def test_result_reads_back_whole(published):
    stored = bytes(RoundData.objects.get(round=published).result)

    solution, written_for = result.read(stored)

    assert result.write(solution, **written_for) == stored
