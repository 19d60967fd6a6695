"""Which case a row of the ministry's list means: beyond doubt, or left to an officer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.answers.matching import Finding, Reported, Told, match

CASES = [
    Reported(1, "2601-420111-04-01-100001", "91420111MA4K00001X", "武汉光电设备有限公司", "智能产线改造项目"),
    Reported(2, "2601-420111-04-01-100002", "91420111MA4K00002Y", "湖北重型机床（集团）有限公司", "数控机床更新项目"),
    Reported(3, "2601-420111-04-01-100003", "91420111MA4K00003Z", "江城精密铸造有限公司", "绿色铸造装备更新"),
]


def row(case: Reported, **changes) -> Told:
    said = {"project_code": case.project_code, "uscc": case.uscc, "firm_name": case.firm_name, "project_name": case.project_name}
    return Told(line=case.filing + 1, **({"verdict": "listed"} | said | changes))


def test_a_code_with_agreeing_names_is_beyond_doubt():
    assert match([row(case) for case in CASES], CASES) == [Finding(filing=case.filing) for case in CASES]


@pytest.mark.parametrize(
    "changes",
    [
        {"project_code": "2601420111040110０００２"},  # full-width digits, no hyphens
        {"firm_name": "湖北重型机床(集团)有限公司 "},  # half-width brackets, a blank
        {"uscc": "91420111ma4k00002y"},
        {"firm_name": "", "project_name": "", "uscc": ""},
    ],
)
def test_what_two_typists_do_differently_is_no_contradiction(changes):
    assert match([row(CASES[1], **changes)], CASES) == [Finding(filing=2)]


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"project_code": ""}, Finding(doubt="no_code", suggested=(2,))),
        ({"project_code": "2601-420111-04-01-999999"}, Finding(doubt="unknown_code", suggested=(2,))),
        ({"firm_name": "湖北重型机床股份有限公司"}, Finding(doubt="name_differs", suggested=(2,))),
        ({"project_name": "数控机床更新改造项目"}, Finding(doubt="name_differs", suggested=(2,))),
        ({"uscc": "91420111MA4K00009Q"}, Finding(doubt="uscc_differs", suggested=(2,))),
        ({"verdict": "unknown"}, Finding(doubt="no_verdict", suggested=(2,))),
        ({"project_code": "", "uscc": "", "firm_name": "北京某公司", "project_name": "别的"}, Finding(doubt="no_code")),
    ],
)
def test_any_doubt_is_left_to_an_officer_with_what_it_may_mean(changes, finding):
    assert match([row(CASES[1], **changes)], CASES) == [finding]


def test_a_case_named_twice_is_taken_from_neither_row():
    found = match([row(CASES[0]), row(CASES[0], verdict="not_listed"), row(CASES[1])], CASES)

    assert found == [Finding(doubt="twice", suggested=(1,))] * 2 + [Finding(filing=2)]


def test_a_code_two_firms_hold_is_told_apart_by_the_firm_or_not_at_all():
    doubled = [CASES[0], replace(CASES[1], project_code=CASES[0].project_code)]

    by_firm, bare = match([row(doubled[1]), row(doubled[0], firm_name="", project_name="", uscc="")], doubled)

    assert by_firm == Finding(filing=2)
    assert (bare.filing, bare.doubt, bare.suggested) == (None, "twice", (1, 2))


def test_suggestions_begin_with_the_firms_own_and_are_few():
    many = [Reported(n, f"C{n}", f"U{n}", f"武汉第{n}机械有限公司", "设备更新项目") for n in range(1, 30)]

    (finding,) = match([Told(line=2, uscc="U7", firm_name="武汉机械有限公司", project_name="设备更新项目")], many)

    assert finding.suggested[0] == 7
    assert len(finding.suggested) == 3


@given(
    st.lists(
        st.builds(
            Told,
            line=st.integers(2, 50),
            project_code=st.sampled_from(["", "2601-420111-04-01-100001", "2601-420111-04-01-100002", "x"]),
            firm_name=st.sampled_from(["", "武汉光电设备有限公司", "湖北重型机床（集团）有限公司", "改了名的公司"]),
            project_name=st.sampled_from(["", "智能产线改造项目", "数控机床更新项目"]),
            verdict=st.sampled_from(["listed", "not_listed", "unknown"]),
        ),
        max_size=8,
    )
)
def test_every_row_is_found_or_doubted_and_no_case_is_found_twice(rows):
    found = match(rows, CASES)

    assert len(found) == len(rows)
    assert all((finding.filing is None) == bool(finding.doubt) for finding in found)
    taken = [finding.filing for finding in found if finding.filing is not None]
    assert len(taken) == len(set(taken))
    by_id = {case.filing: case for case in CASES}
    for told, finding in zip(rows, found, strict=True):
        if finding.filing is not None:
            case = by_id[finding.filing]
            assert told.project_code == case.project_code
            assert told.firm_name in ("", case.firm_name)
            assert told.verdict != "unknown"
