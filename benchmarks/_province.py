"""A province of any size in a throw-away database: places, banks and rules of `seeds/data`, firms and filings as invented there.

Whatever a seed draws, every filing is listed and open, and every branch declares an appetite, so that the round takes them all.
"""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

PROVINCE = "420000"
SINCE = dt.date(2024, 1, 1)
FILINGS_PER_NEED, FIRMS_PER_FILING = 0.95, 0.85
TIGHTNESS = Decimal("0.8")  # what the branches declare together, against what is asked for
TICKET_SHARE = Decimal("0.6")  # the largest loan to one firm, of a branch's limit
CASE_LOAD = 60
OPEN_SHARE = 0.9  # of the needs: shown to other banks than those named
WAN = Decimal(10_000)


@contextmanager
def database(address: str, *, kept: str = "", of: str = "province") -> Iterator[tuple[str, bool]]:
    """(address, whether it is filled) of a database that ends with the block: a clone of the one kept under that name, else empty. `of`: what it holds, where a run has several."""
    name = f"bench_{of}_{os.getpid()}"
    with psycopg.connect(address, autocommit=True) as server:
        is_filled = bool(kept and server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [kept]).fetchone())
        template = sql.SQL("TEMPLATE {}").format(sql.Identifier(kept)) if is_filled else sql.SQL("")
        server.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), template))
        try:
            yield urlsplit(address)._replace(path=f"/{name}").geturl(), is_filled
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def keep(address: str, name: str) -> None:
    """Keep a filled database under a name of its own. Nobody may be connected to it."""
    parts = urlsplit(address)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as server:
        filled = sql.Identifier(parts.path.lstrip("/"))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), filled))


def fill(*, needs: int, branches: int, lenders_per_need: int, seed: int, at: dt.datetime) -> None:
    """Migrate, load the reference data and insert that many open needs; two signers of the provincial office besides."""
    from django.core.management import call_command  # noqa: PLC0415 -- the address must be known before settings are read
    from django.db import connection, transaction  # noqa: PLC0415 -- as above

    from organisations.models import PolicyParameter  # noqa: PLC0415 -- as above
    from seeds.load import load_all  # noqa: PLC0415 -- as above

    call_command("migrate", verbosity=0)
    load_all()
    with transaction.atomic():
        PolicyParameter.objects.filter(key="max_options_per_need").update(value=lenders_per_need)
        asked = _ask(needs, seed, at)
        _declare(branches, asked)
        _seat_signers()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def signers(at: dt.datetime) -> list[Any]:
    from organisations.actors import person  # noqa: PLC0415 -- as in fill
    from organisations.models import User  # noqa: PLC0415 -- as in fill

    return [person(user, at=at) for user in User.objects.filter(username__in=["signer-1", "signer-2"]).order_by("username")]


def _seat_signers() -> None:
    from organisations.models import Membership, Role, Unit, User  # noqa: PLC0415 -- as in fill

    office = Unit.objects.get(code=f"IND-{PROVINCE}")
    for name in ("signer-1", "signer-2"):
        user = User.objects.create(username=name)
        Membership.objects.create(user=user, organisation=office.organisation, role=Role.SIGNER, valid_from=SINCE, province=PROVINCE)


def _ask(needs: int, seed: int, at: dt.datetime) -> Decimal:
    """Firms, projects, listed filings and their needs; the yuan they ask for."""
    import random  # noqa: PLC0415 -- beside the others

    from common.steps import insert_rows  # noqa: PLC0415 -- as in fill
    from lenders.models import Branch  # noqa: PLC0415 -- as in fill
    from organisations.models import Industry, Programme  # noqa: PLC0415 -- as in fill
    from projects.models import Filing, IntendedBank, Need, Project  # noqa: PLC0415 -- as in fill
    from seeds import generator  # noqa: PLC0415 -- as in fill
    from seeds.demo.firms import load_firms  # noqa: PLC0415 -- as in fill
    from seeds.load.places import regions  # noqa: PLC0415 -- as in fill
    from seeds.reference import branches_serving  # noqa: PLC0415 -- as in fill

    rng = random.Random(seed)
    wanted = int(needs * FILINGS_PER_NEED)
    drawn = generator.firms(int(wanted * FIRMS_PER_FILING), seed)
    firms = dict(zip([row.uscc for row in drawn], load_firms(drawn), strict=True))
    rows, left, codes = [], needs, set()
    for row in generator.filings(drawn, wanted, seed):
        if left > 0 and row.project_code not in codes:  # some are filed a second time
            codes.add(row.project_code)
            rows.append((row, row.needs[:left]))
            left -= len(rows[-1][1])
    programme, places = Programme.objects.get(), regions()
    trades = {row.code: row for row in Industry.objects.order_by("edition")}
    offices = {row.code: row for row in Branch.objects.order_by("pk")}
    projects = [
        Project(
            firm=firms[row.firm_uscc], name=row.name, code=row.project_code, region=places[row.region], industry=trades[row.industry],
            action=row.action, content=row.content, loan_purpose=row.content, starts_on=row.start_on, completes_on=row.finish_on,
            total_investment=row.total_investment_yuan, equipment_investment=row.equipment_investment_yuan,
            own_capital=row.own_capital_yuan, invested=row.invested_yuan, province=PROVINCE,
        )
        for row, _needs in rows
    ]  # fmt: skip
    insert_rows(projects)
    filings = [
        Filing(
            firm=project.firm, project=project, programme=programme, track=row.track, state=Filing.State.LISTED, title=row.name,
            submitted_at=at - dt.timedelta(days=40), list_number="2026-09", listed_on=at.date() - dt.timedelta(days=10), version=9,
            province=PROVINCE,
        )
        for project, (row, _needs) in zip(projects, rows, strict=True)
    ]  # fmt: skip
    insert_rows(filings)
    made, named = [], []
    for filing, (row, parts) in zip(filings, rows, strict=True):
        near = [branch["code"] for branch in branches_serving(row.region)]
        for part in parts:
            need = Need(
                filing=filing, project=filing.project, firm=filing.firm, year=part.year, amount=part.amount_yuan, term_months=row.term_months,
                rate_cap_bp=row.rate_cap_bp, securities=sorted({row.security, "mortgage", "guarantee"}),
                open_to_other_banks=rng.random() < OPEN_SHARE, province=PROVINCE,
            )  # fmt: skip
            made.append(need)
            named += [(need, code, rank) for rank, code in enumerate(rng.sample(near, min(len(near), rng.randrange(4))), start=1)]
    insert_rows(made)
    insert_rows([IntendedBank(need=need, branch=offices[code], rank=rank, province=PROVINCE) for need, code, rank in named])
    return sum((need.amount for need in made), Decimal(0))


def _declare(branches: int, asked: Decimal) -> None:
    """Appetite for that many branches, by the size of what the reference data let some declare, `TIGHTNESS` of what is asked in all."""
    from common.steps import insert_rows, update_rows  # noqa: PLC0415 -- as in fill
    from ledger.models import LedgerAccount  # noqa: PLC0415 -- as in fill
    from lenders.models import Appetite, Branch  # noqa: PLC0415 -- as in fill

    pattern = Appetite.objects.exclude(branch=None).order_by("pk").first()
    above = {row.bank_id: row.account for row in Appetite.objects.filter(branch=None).select_related("account")}
    has = set(Appetite.objects.exclude(branch=None).values_list("branch_id", flat=True))
    fresh = [row for row in Branch.objects.order_by("pk") if row.pk not in has and row.bank_id in above][: branches - len(has)]
    accounts = [
        LedgerAccount(kind="appetite", code=f"bench:{row.code}", name=row.code, parent=above[row.bank_id], limit=0, province=PROVINCE)
        for row in fresh
    ]
    insert_rows(accounts)
    common = {"programme": pattern.programme, "period": pattern.period, "valid_from": pattern.valid_from, "valid_to": pattern.valid_to}
    insert_rows(
        [
            Appetite(bank_id=row.bank_id, branch=row, account=account, province=PROVINCE, **common)
            for row, account in zip(fresh, accounts, strict=True)
        ]
    )
    declared = list(Appetite.objects.exclude(branch=None).select_related("account").order_by("pk"))
    weights = [max(row.account.limit, 5000 * WAN) for row in declared]
    whole: dict[int, Decimal] = {}
    for row, weight in zip(declared, weights, strict=True):
        row.account.limit = asked * TIGHTNESS * weight / sum(weights) // WAN * WAN
        row.max_ticket, row.case_load = (row.account.limit * TICKET_SHARE).quantize(WAN), CASE_LOAD
        whole[row.bank_id] = whole.get(row.bank_id, Decimal(0)) + row.account.limit
    for bank, limit in whole.items():
        above[bank].limit = limit * 9 // 10
    update_rows([*[row.account for row in declared], *above.values()], ["limit"])
    update_rows(declared, ["max_ticket", "case_load"])
