"""Which bank may be recommended for which need: the hard rules, in a fixed order, as masks over the columns of a snapshot.

Each rule is one function; its result is true where the rule refuses. The first that refuses is what an explanation quotes. A product
rule refuses a bank only if none of the bank's products gets past it. Among the products that pass, the cheapest is offered.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from matching.snapshot import NONE, IntArray, Snapshot, below

Mask = NDArray[np.bool_]

GoingOn = Callable[[int, int], object]  # done, of how many; it may raise to stop what goes on

BLOCK = 1024  # needs screened at a time: bounds memory at national size
NO_LIMIT = np.iinfo(np.int64).max
PASSED = np.iinfo(np.int64).max


def silent(_done: int, _of: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A snapshot with what all its rows share worked out once."""

    snapshot: Snapshot

    @cached_property
    def serves(self) -> Mask:
        """[region, branch]: the branch serves the region or one above it."""
        s = self.snapshot
        served = np.zeros((len(s["region_id"]), s.branches), dtype=bool)
        served[s["serves_region"], s["serves_branch"]] = True
        return below(s["region_parent"], served)

    @cached_property
    def bars(self) -> Mask:
        """[industry, product]: the product's bank does not enter the industry or one above it."""
        s = self.snapshot
        barred = np.zeros((len(s["industry_id"]), len(s["product_id"])), dtype=bool)
        barred[s["bars_industry"], s["bars_product"]] = True
        return below(s["industry_parent"], barred)

    @cached_property
    def line_free(self) -> IntArray:
        """The least free amount on each branch's account and those above it; an ancestor without a limit does not bind."""
        s = self.snapshot
        free = np.full(s.branches, NO_LIMIT, dtype=np.int64)
        at = s["branch_account"].copy()
        while np.any(at != NONE):
            known = at != NONE
            own = s["account_free"][at[known]]
            free[known] = np.minimum(free[known], np.where(own == NONE, NO_LIMIT, own))
            at[known] = s["account_parent"][at[known]]
        return free

    @cached_property
    def is_declared(self) -> Mask:
        account = self.snapshot["branch_account"]
        if len(self.snapshot["account_free"]) == 0:
            return np.zeros(len(account), dtype=bool)
        return (account != NONE) & (self.snapshot["account_free"][account] != NONE)

    @cached_property
    def exposure(self) -> tuple[IntArray, IntArray, IntArray]:
        """(need, bank, amount): what the need's firm already has at the bank."""
        s = self.snapshot
        by_firm = np.argsort(s["need_firm"], kind="stable")
        firms = s["need_firm"][by_firm]
        first, last = (np.searchsorted(firms, s["exposure_firm"], side) for side in ("left", "right"))
        which = np.repeat(np.arange(len(first)), last - first)
        within = np.arange(len(which)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
        return by_firm[first[which] + within], s["exposure_bank"][which], s["exposure_amount"][which]

    @cached_property
    def pairs(self) -> dict[str, tuple[IntArray, IntArray]]:
        s = self.snapshot
        pins = {kind: [(pin["need"], pin["branch"]) for pin in s.header["pins"] if pin["kind"] == kind] for kind in ("pin", "ban")}
        known = {kind: self._known(rows) for kind, rows in pins.items()}
        return known | {name: (s[f"{name}_need"], s[f"{name}_branch"]) for name in ("named", "refused", "busy", "previous")}

    def _known(self, rows: list[tuple[int, int]]) -> tuple[IntArray, IntArray]:
        s = self.snapshot
        needs, branches = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
        known = np.isin(needs, s["need_id"]) & np.isin(branches, s["branch_id"])
        return np.searchsorted(s["need_id"], needs[known]), np.searchsorted(s["branch_id"], branches[known])

    @cached_property
    def rate_bp(self) -> IntArray:
        """What a product is expected to cost before subsidy: the middle of its range, half a point up."""
        return (self.snapshot["product_rate_min"] + self.snapshot["product_rate_max"] + 1) // 2


@dataclass(frozen=True, eq=False)
class View:
    """Some needs of a snapshot against all branches and products."""

    ground: Ground
    rows: IntArray

    def need(self, name: str) -> IntArray:
        column: IntArray = self.ground.snapshot[f"need_{name}"][self.rows]
        return column[:, None]

    def branch(self, name: str) -> IntArray:
        column: IntArray = self.ground.snapshot[f"branch_{name}"]
        return column[None, :]

    def product(self, name: str) -> IntArray:
        column: IntArray = self.ground.snapshot[f"product_{name}"]
        return column[None, :]

    def pairs(self, name: str) -> Mask:
        """[need, branch] of a list of pairs."""
        need, branch = self.ground.pairs[name]
        mask = np.zeros((len(self.rows), self.ground.snapshot.branches), dtype=bool)
        row = self._row_of(need)
        mask[row[row != NONE], branch[row != NONE]] = True
        return mask

    @cached_property
    def exposure(self) -> IntArray:
        """[need, branch]: what the firm already has at the branch's bank."""
        s = self.ground.snapshot
        need, bank, amount = self.ground.exposure
        row = self._row_of(need)
        table = np.zeros((len(self.rows), len(s["bank_id"])), dtype=np.int64)
        table[row[row != NONE], bank[row != NONE]] = amount[row != NONE]
        return table[:, s["branch_bank"]]

    def _row_of(self, need: IntArray) -> IntArray:
        place = self._places
        return place[need] if len(need) else need

    @cached_property
    def _places(self) -> IntArray:
        place = np.full(self.ground.snapshot.needs, NONE, dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows))
        return place


def firm_barred(v: View) -> Mask:
    return v.need("barred") == 1


def project_doubled(v: View) -> Mask:
    return v.need("doubled") == 1


def bank_not_admitted(v: View) -> Mask:
    return v.ground.snapshot["bank_admitted"][v.branch("bank")] == 0


def region_not_served(v: View) -> Mask:
    region = v.need("region")[:, 0]
    if len(v.ground.serves) == 0:
        return np.ones((len(region), 1), dtype=bool)
    return ~v.ground.serves[region] | (region == NONE)[:, None]


def not_named(v: View) -> Mask:
    return (v.need("open") == 0) & ~v.pairs("named")


def appetite_undeclared(v: View) -> Mask:
    return ~v.ground.is_declared[None, :]


def amount_outside(v: View) -> Mask:
    return (v.need("amount") < v.product("amount_min")) | (v.need("amount") > v.product("amount_max"))


def term_outside(v: View) -> Mask:
    return (v.need("term") < v.product("term_min")) | (v.need("term") > v.product("term_max"))


def security_not_accepted(v: View) -> Mask:
    return (v.need("securities") & v.product("securities")) == 0


def industry_barred(v: View) -> Mask:
    industry = v.need("industry")[:, 0]
    if len(v.ground.bars) == 0:
        return np.zeros((len(industry), 1), dtype=bool)
    return v.ground.bars[industry] & (industry != NONE)[:, None]


def size_not_accepted(v: View) -> Mask:
    size = v.need("size")
    return (v.product("sizes") != 0) & (size != NONE) & ((v.product("sizes") >> np.maximum(size, 0)) & 1 == 0)


def rate_above_cap(v: View) -> Mask:
    return (v.need("rate_cap") != NONE) & (v.product("rate_min") > v.need("rate_cap"))


def above_ticket(v: View) -> Mask:
    return (v.branch("ticket") != NONE) & (v.need("amount") + v.exposure > v.branch("ticket"))


def appetite_short(v: View) -> Mask:
    return v.need("amount") > v.ground.line_free[None, :]


def case_load_full(v: View) -> Mask:
    return v.branch("case_load") == 0


def pair_refused(v: View) -> Mask:
    return v.pairs("refused")


def pair_banned(v: View) -> Mask:
    return v.pairs("ban")


def pair_busy(v: View) -> Mask:
    return v.pairs("busy")


@dataclass(frozen=True)
class Rule:
    """`sentence` says why a bank is not a candidate, `clause` on what ground."""

    code: str
    fails: Callable[[View], Mask] | None
    of_product: bool
    sentence: Any
    clause: Any


BEYOND_LIMIT, NO_PRODUCT = "beyond_limit", "no_product"

# The fixed order. Rules of products stand together: they are weighed product by product.
RULES: tuple[Rule, ...] = (
    Rule("firm_barred", firm_barred, False, _("企业在限制名单有效期内，暂不推荐"), _("失信与追回限制名单")),
    Rule(
        "project_doubled",
        project_doubled,
        False,
        _("同一项目同一年度的资金需求已由另一渠道的申报参加推荐或对接，设备资金不重复推荐"),
        _("同一项目（项目代码和统一社会信用代码相同）不重复支持"),
    ),
    Rule("bank_not_admitted", bank_not_admitted, False, _("不在经办银行名单，也不是本地法人银行"), _("经办银行名单（按政策版本）")),
    Rule("region_not_served", region_not_served, False, _("不服务项目所在地"), _("银行申报的服务区域")),
    Rule("not_named", not_named, False, _("企业未填为意向银行，也未同意向其他银行公开"), _("企业授权范围")),
    Rule("appetite_undeclared", appetite_undeclared, False, _("本期未申报意向额度，不参加轮次推荐"), _("银行意向额度申报")),
    Rule(NO_PRODUCT, None, True, _("没有在售的对应信贷产品"), _("银行产品登记")),
    Rule("amount_outside", amount_outside, True, _("金额不在产品可贷范围内"), _("产品金额")),
    Rule("term_outside", term_outside, True, _("期限不在产品可贷范围内"), _("产品期限")),
    Rule("security_not_accepted", security_not_accepted, True, _("不接受所提供的担保方式"), _("产品担保方式")),
    Rule("industry_barred", industry_barred, True, _("产品不进入该行业"), _("产品行业范围")),
    Rule("size_not_accepted", size_not_accepted, True, _("产品不面向该规模企业"), _("产品客群")),
    Rule("rate_above_cap", rate_above_cap, True, _("最低利率高于企业期望的利率上限"), _("企业利率上限")),
    Rule("above_ticket", above_ticket, False, _("加上已有业务将超过银行申报的单户上限"), _("银行申报的单户上限")),
    Rule("appetite_short", appetite_short, False, _("剩余意向额度不足以满足该金额"), _("银行意向额度余额")),
    Rule("case_load_full", case_load_full, False, _("在办件数已达银行申报的上限"), _("银行申报的受理能力")),
    Rule("pair_refused", pair_refused, False, _("该行已谢绝此需求，情况未变不再重复推荐"), _("谢绝记录")),
    Rule("pair_banned", pair_banned, False, _("经两人审定，本配对不予推荐"), _("锁定与排除")),
    Rule("pair_busy", pair_busy, False, _("该行正在对接此需求"), _("在办邀请与对接")),
    Rule(BEYOND_LIMIT, None, False, _("符合条件，但每项需求的备选银行数已满，排序在后"), _("备选银行数上限")),
)
PLACE = {rule.code: place for place, rule in enumerate(RULES)}
_PRODUCT_PLACES = [place for place, rule in enumerate(RULES) if rule.of_product]


@dataclass(frozen=True, eq=False)
class Screened:
    """[need, branch] place of the first rule that refuses (PASSED where none does), and [need, bank] the product offered."""

    rows: IntArray
    refused_by: IntArray
    product: IntArray


def screen(ground: Ground, rows: IntArray) -> Screened:
    """Hold some needs against every branch."""
    view = View(ground, rows)
    s = ground.snapshot
    refused_by = np.full((len(rows), s.branches), PASSED, dtype=np.int64)
    by_bank, product = _weigh_products(view)
    for place, rule in enumerate(RULES):
        if place == _PRODUCT_PLACES[0]:
            stuck = by_bank[:, s["branch_bank"]]
            np.copyto(refused_by, stuck, where=(refused_by == PASSED))
        if rule.fails is not None and not rule.of_product:
            np.copyto(refused_by, place, where=(refused_by > place) & rule.fails(view))
    return Screened(rows, refused_by, product)


def blocks(needs: int) -> Iterator[IntArray]:
    return (np.arange(first, min(first + BLOCK, needs)) for first in range(0, needs, BLOCK))


@dataclass(frozen=True, eq=False)
class Candidates:
    """Every admitted pair in order of (need, branch), with the product offered and its expected rate."""

    need: IntArray
    branch: IntArray
    product: IntArray
    rate_bp: IntArray

    def __len__(self) -> int:
        return len(self.need)

    def take(self, kept: Any) -> "Candidates":
        return Candidates(self.need[kept], self.branch[kept], self.product[kept], self.rate_bp[kept])


def find(ground: Ground, needs: IntArray | None = None, *, going_on: GoingOn = silent) -> Candidates:
    """The candidates of all needs, or of those asked for. `going_on` hears how many needs are screened, of how many."""
    s = ground.snapshot
    parts = []
    asked = np.arange(s.needs) if needs is None else needs
    for rows in (asked[block] for block in blocks(len(asked))):
        screened = screen(ground, rows)
        row, branch = np.nonzero(screened.refused_by == PASSED)
        parts.append((rows[row], branch, screened.product[row, s["branch_bank"][branch]]))
        going_on(len(rows) + (len(parts) - 1) * BLOCK, len(asked))
    need, branch, product = (
        np.concatenate([np.empty(0, dtype=np.int64), *columns]) for columns in (zip(*parts, strict=True) if parts else [()] * 3)
    )
    rate = ground.rate_bp[product]
    cap = s["need_rate_cap"][need]
    return Candidates(need, branch, product, np.where(cap == NONE, rate, np.minimum(rate, cap)))


def _weigh_products(view: View) -> tuple[IntArray, IntArray]:
    """[need, bank] the rule that its most willing product fails (PASSED if one passes), and the cheapest product that passes."""
    s = view.ground.snapshot
    shape = (len(view.rows), len(s["product_id"]))
    stuck = np.full(shape, PASSED, dtype=np.int64)
    for place in _PRODUCT_PLACES:
        rule = RULES[place]
        if rule.fails is not None:
            np.copyto(stuck, place, where=(stuck > place) & rule.fails(view))
    by_bank = np.full((len(view.rows), len(s["bank_id"])), PLACE[NO_PRODUCT], dtype=np.int64)
    cheapest = np.full_like(by_bank, NONE)
    rate = np.full_like(by_bank, NO_LIMIT)
    for product, bank in enumerate(s["product_bank"].tolist()):
        by_bank[:, bank] = np.maximum(by_bank[:, bank], stuck[:, product])
        better = (stuck[:, product] == PASSED) & (view.ground.rate_bp[product] < rate[:, bank])
        cheapest[better, bank] = product
        rate[better, bank] = view.ground.rate_bp[product]
    return by_bank, cheapest
