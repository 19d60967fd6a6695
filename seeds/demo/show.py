"""Runs the course stage by stage and tells what happens; goes on where an earlier run stopped."""

import datetime as dt
import gc
import json
import os
from collections.abc import Callable
from time import monotonic

from django.conf import settings
from django.core.management import call_command

from matching.models import Round
from seeds.demo import account, site
from seeds.demo.course import Course
from seeds.demo.people import password
from seeds.demo.stages import Stage, done, moment
from seeds.demo.workers import workers
from seeds.stories import AS_OF

NOW = moment(AS_OF, "18:00")
LEASE_S = "10"  # a dead worker is noticed soon: the demonstration watches it
Say = Callable[[str], None]


def fix_clock() -> None:
    """Pages, workers and this process stand at the demonstration's today."""
    os.environ["FULCRUM_FIXED_NOW"] = settings.FIXED_NOW = NOW.isoformat()
    os.environ.setdefault("ROUND_LEASE_S", LEASE_S)


def run(course: Course, *, say: Say) -> None:
    """Migrate, then every stage that is not done yet."""
    say("准备数据库 / preparing the database")
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    finished = done()
    known = len(finished)
    for stage in course.setting():
        if stage.once(finished):
            say(f"{TITLES[stage.name][0]} / {TITLES[stage.name][1]}")
    gc.freeze()  # what is loaded by now stays; the rest is short-lived, and looking through it again and again takes a tenth of the time
    gc.set_threshold(200_000, 20, 20)
    with workers(("rounds",)) as crew:
        _happen(course.events(crew, _progress(say)), finished, crew.stand_at, say=say)
    if known == len(finished):
        say("已有完整的演示数据，直接使用 / reusing the demonstration that is here")


def tell(*, say: Say) -> None:
    for chinese, english in account.told():
        say(f"  {chinese}")
        say(f"    {english}")


def tell_logins(port: int, *, say: Say) -> None:
    say("")
    say(f"演示站点 / pages: http://{site.HOST}:{port}/      管理端 / admin: http://{site.HOST}:{port}/admin/")
    say(f"密码 / password: {password()}      时间停在 / the clock stands at {NOW:%Y-%m-%d %H:%M}")
    for username, title, title_en, home in site.logins():
        say(f"  {username:<8}{title}（{home}） / {title_en}")
    say("Ctrl-C 结束 / ends it")


def line() -> str:
    return json.dumps(account.figures(), ensure_ascii=False)


def _happen(stages: list[Stage], finished: set[str], prepare: Callable[[dt.datetime], None], *, say: Say) -> None:
    """Month by month one line; what matters more than a month gets its own."""
    left = [stage for stage in stages if stage.name not in finished]
    solves = [stage.at for stage in left if "solve" in stage.name]
    if solves:
        prepare(solves[0])  # workers take a while to start
    began, month, steps = monotonic(), "", 0
    for stage in left:
        if month and f"{stage.at:%Y-%m}" != month:
            say(f"  {month}：{steps} 个环节 / {steps} stages   [{monotonic() - began:.0f} s]")
            steps = 0
        month = f"{stage.at:%Y-%m}"
        stage.once(finished)
        steps += 1
        told = next((words for name, words in TITLES.items() if stage.name.endswith(f" {name}")), None)
        if told:
            say(f"  {stage.at:%Y-%m-%d} {told[0]} / {told[1]}")
    if steps:
        say(f"  {month}：{steps} 个环节 / {steps} stages   [{monotonic() - began:.0f} s]")


def _progress(say: Say) -> Callable[[Round], None]:
    last: list[str] = []

    def told(found: Round) -> None:
        phase = str(found.progress.get("phase", found.state))
        if last[-1:] != [phase]:
            last.append(phase)
            gap = found.progress.get("gap")
            say(f"    轮次 / round {found.number}: {phase}" + (f", gap {gap:.4%}" if isinstance(gap, float) else ""))

    return told


TITLES = {
    "seed": ("装入基础数据", "reference data loaded"),
    "people": ("建立企业和人员账户", "firms and people"),
    "round-freeze": ("推荐轮次冻结", "round frozen"),
    "round-solve": ("工作进程计算完成并核验", "solved in the worker and checked"),
    "round-propose": ("一人提请发布", "proposed by one person"),
    "round-publish": ("另一人审定发布，预留意向额度", "published by another, appetite held"),
    "round-rematch-freeze": ("补充轮次冻结（谢绝和未获推荐的需求）", "child round frozen"),
    "round-rematch-publish": ("补充轮次按上级轮次授权发布", "child round published under its parent's approval"),
    "subsidy-accrue": ("结息，贴息计提", "interest day, subsidy booked"),
    "subsidy-approve": ("财政部门批准", "claims approved by the office that may"),
    "subsidy-settle": ("拨付、结清", "claims settled"),
}
