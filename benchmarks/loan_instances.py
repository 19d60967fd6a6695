#!/usr/bin/env python3
"""Seeded loan-matching instances in the form of `matching.optimizer.Problem` (see design.md, 4.2).

    python loan_instances.py provincial 7 out.npz        # sizes: small, provincial, national, continental

Writes option_start, value, use_start, use_resource, use_amount, capacity (int64, use_resource int32), all in yuan.
The instances are synthetic: loans are lognormal (median 8 million yuan, up to 500 million), total need is `--tight` times
the branches' quota, an option is a branch and a stack of municipal / provincial / national subsidies, and it uses branch quota,
bank quota, a bank-industry limit and each scheme's budget of up to three years. Needs numpy only.
"""

# ruff: noqa: N806, PLR0915 -- a generator in the letters of its mathematics
from __future__ import annotations

import argparse

import numpy as np

SIZES = {  # projects, branches, banks, provinces, cities, industries, mean branches tried per project
    "small": (500, 50, 12, 1, 6, 8, 8.0),
    "provincial": (5_000, 400, 51, 1, 17, 12, 14.6),
    "national": (100_000, 3_000, 201, 31, 340, 20, 18.5),
    "continental": (1_000_000, 10_000, 401, 60, 900, 20, 11.2),
}
YEARS = 3
STACKS_BP = np.array(  # municipal, provincial, national; basis points a year
    [(0, 0, 0), (50, 0, 0), (0, 100, 0), (0, 0, 150), (50, 100, 0), (50, 0, 150), (0, 100, 150)], dtype=np.int64
)


def to_10k(yuan: np.ndarray) -> np.ndarray:
    return (np.rint(yuan / 1e4) * 1e4).astype(np.int64)


def generate(size: str, seed: int, tight: float = 1.75, lumpy: float = 1.2) -> dict[str, np.ndarray]:
    """`tight` = total need / total quota; `lumpy` = sigma of the lognormal loan size."""
    n, B, K, P, CI, IND, picks = SIZES[size]
    rng = np.random.default_rng(seed)

    city_prov = np.sort(np.concatenate([np.arange(P), rng.integers(0, P, CI - P)]))
    city_w = rng.lognormal(0, 0.8, CI)
    city_w /= city_w.sum()
    city = np.sort(rng.choice(CI, n, p=city_w))
    industry = rng.choice(IND, n, p=rng.dirichlet(np.full(IND, 3.0)))
    loan = to_10k(np.clip(rng.lognormal(np.log(8e6), lumpy, n), 2e5, 5e8))
    term = rng.integers(1, YEARS + 1, n)
    need_city = np.bincount(city, weights=loan, minlength=CI)

    bank_w = np.sort(rng.pareto(1.1, K) + 0.3)[::-1]
    bank_w /= bank_w.sum()
    bank = rng.choice(K, B, p=bank_w)
    bank[: min(K, B)] = np.arange(min(K, B))
    bcity = rng.choice(CI, B, p=city_w * 0.7 + 0.3 / CI)
    share = rng.lognormal(0, 0.7, B)
    in_city = np.maximum(np.bincount(bcity, weights=share, minlength=CI), 1e-9)
    share *= 0.5 / share.sum() + 0.5 * (need_city[bcity] / need_city.sum()) / in_city[bcity]
    share /= share.sum()
    quota = np.maximum(to_10k(share * loan.sum() / tight), 10_000_000)

    # branches a project may go to: 45 % of picks in its city, 35 % in its province, 20 % anywhere, by quota
    project = np.repeat(np.arange(n), np.maximum(rng.poisson(picks, n), 2))
    kind, u = rng.random(len(project)), rng.random(len(project))
    by_city, by_prov = np.argsort(bcity, kind="stable"), np.argsort(city_prov[bcity], kind="stable")
    city_at = np.searchsorted(bcity[by_city], np.arange(CI + 1))
    prov_at = np.searchsorted(city_prov[bcity][by_prov], np.arange(P + 1))
    c, p = city[project], city_prov[city[project]]
    cum = np.cumsum(quota.astype(float))
    branch = np.searchsorted(cum, u * cum[-1]).clip(0, B - 1)
    n_prov, n_city = prov_at[p + 1] - prov_at[p], city_at[c + 1] - city_at[c]
    near = (kind < 0.80) & (n_prov > 0)
    branch[near] = by_prov[prov_at[p[near]] + (u[near] * n_prov[near]).astype(int)]
    near = (kind < 0.45) & (n_city > 0)
    branch[near] = by_city[city_at[c[near]] + (u[near] * n_city[near]).astype(int)]
    fits = loan[project] <= 0.6 * quota[branch]
    pair = np.unique(project[fits].astype(np.int64) * B + branch[fits])

    # one to three subsidy stacks for each pair; the empty stack is always among them
    n_stacks = rng.choice([1, 2, 3], len(pair), p=[0.3, 0.35, 0.35])
    of_pair = np.repeat(np.arange(len(pair)), n_stacks)
    stack = rng.integers(1, len(STACKS_BP), len(of_pair))
    stack[np.concatenate([[0], np.cumsum(n_stacks)[:-1]])] = 0
    option = np.unique(of_pair * len(STACKS_BP) + stack)
    of_pair, stack = option // len(STACKS_BP), option % len(STACKS_BP)
    project, branch = pair[of_pair] // B, pair[of_pair] % B
    amount, years = loan[project], term[project]

    weight = (rng.choice([0.12, 0.16, 0.20, 0.28], n, p=[0.4, 0.3, 0.2, 0.1]) * rng.uniform(0.8, 1.2, n))[project]
    rate = (np.where(bank_w[bank] > np.median(bank_w), 0.034, 0.046) + rng.normal(0, 0.003, B))[branch]
    subsidy = STACKS_BP[stack].sum(1) / 1e4
    taste = rng.normal(0, 0.006, len(pair))[of_pair]
    density = weight - (rate - 0.8 * subsidy) * years * 0.9 + 0.01 * (bcity[branch] == city[project]) + taste
    value = np.maximum(np.rint(density * amount), 1).astype(np.int64)

    r_bank, r_limit = B, B + K
    r_nat = r_limit + K * IND
    r_prov, r_mun = r_nat + YEARS, r_nat + YEARS + P * YEARS
    n_resources = r_mun + CI * YEARS
    rows = [branch, r_bank + bank[branch], r_limit + bank[branch] * IND + industry[project]]
    uses = [amount, amount, amount]
    for level, base in enumerate([r_mun + city[project] * YEARS, r_prov + city_prov[city[project]] * YEARS, np.full(len(project), r_nat)]):
        for year in range(YEARS):
            bp = np.where(years > year, STACKS_BP[stack, level], 0)
            rows.append(np.where(bp > 0, base + year, -1))
            uses.append(amount // 10_000 * bp)
    rows, uses = np.stack(rows, 1), np.stack(uses, 1)
    used = rows >= 0

    capacity = np.zeros(n_resources, dtype=np.int64)
    capacity[:B] = quota
    of_bank = np.bincount(bank, weights=quota, minlength=K)
    capacity[r_bank:r_limit] = to_10k(of_bank * rng.uniform(0.8, 1.02, K))
    demand = np.bincount(industry, weights=loan, minlength=IND) / loan.sum()
    capacity[r_limit:r_nat] = to_10k(np.maximum(of_bank[:, None] * np.minimum(demand * 1.15 + 0.01, 1), 1.2e7)).ravel()
    yearly = np.array([np.bincount(city, weights=loan * (term > y), minlength=CI) for y in range(YEARS)])
    part = 0.57 * 0.30
    capacity[r_mun:] = np.rint(yearly.T * 50e-4 * part * rng.uniform(0.5, 1.5, (CI, 1))).ravel()
    by_prov_year = np.stack([np.bincount(city_prov, weights=y, minlength=P) for y in yearly], 1)
    capacity[r_prov:r_mun] = np.rint(by_prov_year * 100e-4 * part).ravel()
    capacity[r_nat:r_prov] = np.rint(yearly.sum(1) * 150e-4 * part * 0.8)

    return {
        "option_start": np.searchsorted(project, np.arange(n + 1)).astype(np.int64),
        "value": value,
        "use_start": np.concatenate([[0], np.cumsum(used.sum(1))]).astype(np.int64),
        "use_resource": rows[used].astype(np.int32),
        "use_amount": uses[used].astype(np.int64),
        "capacity": capacity,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("seed", type=int)
    parser.add_argument("out")
    parser.add_argument("--tight", type=float, default=1.75)
    parser.add_argument("--lumpy", type=float, default=1.2)
    args = parser.parse_args()
    instance = generate(args.size, args.seed, args.tight, args.lumpy)
    np.savez(args.out, **instance)
    print(args.size, {k: len(v) for k, v in instance.items()})
