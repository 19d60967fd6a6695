"""Ten thousand applications in one workbook: handed in, checked whole, written in batches; the last line is JSON.

    ./dev bench imports                 # 10,000 rows with as many pieces of equipment
    ./dev bench imports --rows 2000

`ratio_to_openpyxl` compares our dry run (reading, every field and rule, the digest of the content) with openpyxl reading the same file
and doing nothing with it, its fastest way (`read_only`, `values_only`), in the same process, both by the processor's time of that
process, which other work on the machine stretches less than the clock's. `peak_mib_small` is the peak of memory
after a tenth of the rows has gone all the way, `peak_mib` after all of them: memory does not grow with the file but for what the file
itself repeats (its shared strings).
"""

import argparse
import datetime as dt
import json
import os
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from benchmarks import _province
from config.embedded import services

AT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def main() -> None:
    asked = arguments()
    with services(durable=False) as running, tempfile.TemporaryDirectory() as folder:
        os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url, DJANGO_SETTINGS_MODULE="config.settings")
        os.environ.update(MEDIA_ROOT=folder)
        os.environ.setdefault("SECRET_KEY", "none")
        with _province.database(running.database_url) as (address, _is_filled):
            os.environ["DATABASE_URL"] = address
            print(json.dumps(measured(asked, Path(folder))))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    return parser.parse_args()


def measured(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    import django  # noqa: PLC0415 -- the address of the database had to be known

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 -- as above

    from projects.models import Filing  # noqa: PLC0415 -- as above
    from seeds.load import load_all  # noqa: PLC0415 -- as above

    call_command("migrate", verbosity=0)
    load_all()
    by = clerk()
    small, large = folder / "small.xlsx", folder / "large.xlsx"
    write(small, rows=asked.rows // 10, first=0)
    write(large, rows=asked.rows, first=asked.rows)
    course(small, by)
    peak_small = peak_mib()
    before = timed(lambda: read_alone(large))
    check, write_s, heard = course(large, by)
    peak = peak_mib()
    after = timed(lambda: read_alone(large))
    assert Filing.objects.count() == asked.rows + asked.rows // 10
    return {
        "rows": asked.rows,
        "file_kib": large.stat().st_size // 1024,
        "openpyxl_s": round(min(before.seconds, after.seconds), 2),
        "openpyxl_cpu_s": round(min(before.cpu, after.cpu), 2),
        "dry_run_s": round(check.seconds, 2),
        "dry_run_cpu_s": round(check.cpu, 2),
        "ratio_to_openpyxl": round(check.cpu / min(before.cpu, after.cpu), 2),
        "commit_s": round(write_s.seconds, 2),
        "progress_told": heard,
        "peak_mib_small": peak_small,
        "peak_mib": peak,
    }


def clerk() -> Any:
    """Who fills in all of these: the clerk of one firm with very many projects."""
    from organisations.actors import person  # noqa: PLC0415 -- as in measured
    from organisations.identifiers import make_uscc  # noqa: PLC0415 -- as in measured
    from organisations.models import FirmProfile, Industry, Membership, Organisation, Region, Role, User  # noqa: PLC0415 -- as in measured

    place = Region.objects.get(code="420111")
    firm = Organisation.objects.create(
        kind=Organisation.Kind.FIRM, name="湖北测算设备有限公司", region=place, province=_province.PROVINCE, uscc=make_uscc("420111", 1)
    )
    FirmProfile.objects.create(
        organisation=firm, size="medium", ownership="private", industry=Industry.objects.get(code="36"), province=_province.PROVINCE
    )
    user = User.objects.create(username="clerk", display_name="测算经办")
    Membership.objects.create(
        user=user, organisation=firm, role=Role.FIRM_CLERK, valid_from=dt.date(2024, 1, 1), province=_province.PROVINCE
    )
    return person(user, at=AT)


def write(path: Path, *, rows: int, first: int) -> None:
    """The template's own columns, filled in by a spreadsheet's hand: numbers as numbers, days as days, chosen values with their names."""
    from openpyxl import Workbook  # noqa: PLC0415 -- as in measured

    from exchange.importers import IMPORTERS  # noqa: PLC0415 -- as in measured
    from exchange.listings.projects import equipment_columns  # noqa: PLC0415 -- as in measured
    from projects.identifiers import make_project_code  # noqa: PLC0415 -- as in measured

    columns, inner = IMPORTERS["filings"].shown(), equipment_columns()
    book = Workbook(write_only=True)
    sheets = [book.create_sheet("申报"), book.create_sheet("设备清单")]
    for sheet, own in zip(sheets, (columns, inner), strict=True):
        sheet.append([str(column.label) for column in own])
    for number in range(first, first + rows):
        code = make_project_code(given_on=dt.date(2026, 1, 1 + number // 90_000), region_code="420111", serial=number % 100_000)
        cells = application(number, code)
        sheets[0].append([cells.get(column.name) for column in columns])
        equipment = {"project": cells["name"], "name": "数控加工中心", "model": "VMC850", "unit_price": 75, "quantity": 40, "amount": 3000}
        sheets[1].append([equipment.get(column.name) for column in inner])
    book.save(path)


def application(number: int, code: str) -> dict[str, Any]:
    return {
        "name": f"智能化产线改造项目{number}号",
        "project_code": code,
        "region": "420111 洪山区",
        "industry": "36 汽车制造业",
        "action": "数字化转型",
        "content": f"购置数控加工中心四十台，改造{number}号产线。",
        "loan_purpose": "购置数控加工中心四十台",
        "starts_on": dt.date(2026, 3, 1),
        "completes_on": "2027年6月",
        "total_investment": 4000 + number % 100,
        "equipment_investment": 3000,
        "own_capital": 1200.5,
        "invested": 200,
        "amount": 2000,
        "year": 2026,
        "term_months": 60,
        "rate_cap": 3.5,
        "securities": "抵押、保证",
        "open_to_other_banks": "是",
        "asks_for_suggestions": "否",
        "benefits.energy_saved_tce": 120,
    }


def course(path: Path, by: Any) -> tuple["Took", "Took", int]:
    """Through the functions that pages and workers call: the dry run, the writing, and how often progress was told."""
    from django.core.files import File  # noqa: PLC0415 -- as in measured
    from django.utils import timezone  # noqa: PLC0415 -- as in measured

    from exchange import checking, committing, importing  # noqa: PLC0415 -- as in measured

    told = []

    def clock() -> dt.datetime:
        told.append(1)
        return timezone.now()

    with path.open("rb") as opened:
        job = importing.hand_in("filings", File(opened, name=path.name), by=by, at=AT)
    check = timed(lambda: checking.check(job, at=AT, clock=clock))
    job.refresh_from_db()
    if job.state != "ready":
        raise SystemExit(f"{job.state}: {job.failure} {job.faults[:3]}")
    print(f"{job.rows} rows checked in {check.seconds:.1f} s", flush=True)
    importing.commit(job, by=by, at=AT, seen=job.version)
    writing = timed(lambda: committing.write(job, at=AT, clock=clock))
    job.refresh_from_db()
    if (job.state, job.rows_done) != ("done", job.rows):
        raise SystemExit(f"{job.state}: {job.failure}")
    print(f"{job.rows} rows written in {writing.seconds:.1f} s", flush=True)
    return check, writing, len(told)


def read_alone(path: Path) -> int:
    from openpyxl import load_workbook  # noqa: PLC0415 -- as in measured

    book = load_workbook(path, read_only=True, data_only=True)
    cells = sum(len(row) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
    book.close()
    return cells


class Took(NamedTuple):
    """By the clock, and by the processor."""

    seconds: float
    cpu: float


def timed(act: Callable[[], Any]) -> Took:
    began, began_cpu = perf_counter(), process_time()
    act()
    return Took(perf_counter() - began, process_time() - began_cpu)


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
