"""Who receives and where a case climbs: rows alone decide."""

import datetime as dt

import pytest

from common.errors import Invalid
from organisations.models import Region, ReviewChain, Unit, UnitCovers
from projects.routing import chain, load_routes, receiving_unit
from tests import factories
from tests.factories import HUBEI, SINCE, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return factories.reviewers()


def way(world, code, *, process="industry", on=TODAY):
    return [(unit.code, stage, days) for unit, stage, days in chain(world.units[code], process=process, on=on)]


def test_a_county_climbs_to_its_city_and_the_province(world):
    assert way(world, "IND-420111") == [
        ("IND-420111", "handler", 3),
        ("IND-420111", "checker", 3),
        ("IND-420100", "handler", 3),
        ("IND-420100", "checker", 3),
        ("IND-420100", "signer", 3),
        ("IND-420000", "handler", 5),
        ("IND-420000", "checker", 5),
        ("IND-420000", "signer", 5),
    ]


def test_a_directly_administered_county_climbs_to_the_province_at_once(world):
    assert {code for code, _stage, _days in way(world, "IND-429004")} == {"IND-429004", "IND-420000"}


def test_a_zone_reviews_as_a_county_level_unit(world):
    zone = world.units["ZONE-DONGHU"]

    assert receiving_unit(world.regions["420111"], zone, line="industry", on=TODAY) == zone
    assert receiving_unit(world.regions["420115"], zone, line="industry", on=TODAY) == zone
    assert [code for code, *_rest in way(world, "ZONE-DONGHU")] == ["ZONE-DONGHU"] * 2 + ["IND-420100"] * 3 + ["IND-420000"] * 3


def test_a_zone_elsewhere_or_of_another_line_leaves_the_case_to_the_county(world):
    zone = world.units["ZONE-DONGHU"]

    assert receiving_unit(world.regions["420205"], zone, line="industry", on=TODAY).code == "IND-420205"
    assert receiving_unit(world.regions["420111"], zone, line="ndrc", on=TODAY).code == "NDRC-420111"


def test_chains_differ_by_process(world):
    assert {code for code, *_rest in way(world, "NDRC-420111", process="ndrc")} == {"NDRC-420111", "NDRC-420100", "NDRC-420000"}
    with pytest.raises(Invalid):
        way(world, "NDRC-420111", process="industry")


@pytest.mark.parametrize("level", ["prefecture", "county", "county_direct"])
def test_the_pseudo_city_429000_has_no_unit_and_no_reviewer(level, world):
    pseudo = Region.objects.create(
        code="429000",
        name="省直辖县级行政区划",
        pinyin="x",
        initials="x",
        level=level,
        valid_from=SINCE,
        province=HUBEI,
        parent=world.regions["420000"],
    )
    before = way(world, "IND-429004")

    with pytest.raises(Invalid) as refused:
        receiving_unit(pseudo, None, line="industry", on=TODAY)

    assert [problem.code for problem in refused.value.problems] == ["no_receiving_unit"]
    assert not UnitCovers.objects.filter(region=pseudo).exists()
    assert receiving_unit(world.regions["429004"], None, line="industry", on=TODAY).code == "IND-429004"
    assert way(world, "IND-429004") == before


def test_two_receivers_of_one_place_are_a_fault_of_the_rows_not_a_choice(world):
    UnitCovers.objects.create(unit=world.units["IND-420115"], region=world.regions["420111"], province=HUBEI)

    with pytest.raises(Invalid) as refused:
        receiving_unit(world.regions["420111"], None, line="industry", on=TODAY)

    assert [problem.code for problem in refused.value.problems] == ["several_receiving_units"]


def test_a_closed_office_receives_nothing(world):
    office = world.units["IND-420111"].organisation
    office.is_active = False
    office.save(update_fields=["is_active"])

    with pytest.raises(Invalid):
        receiving_unit(world.regions["420111"], None, line="industry", on=TODAY)


def test_a_province_without_a_tier_has_the_city_receive(world):
    ReviewChain.objects.filter(unit=world.units["IND-420111"]).delete()
    UnitCovers.objects.create(unit=world.units["IND-420100"], region=world.regions["420111"], province=HUBEI)

    assert receiving_unit(world.regions["420111"], None, line="industry", on=TODAY).code == "IND-420100"


def test_a_chain_is_dated(world):
    change = dt.date(2026, 7, 1)
    link = ReviewChain.objects.get(process="industry", unit=world.units["IND-420111"])
    ReviewChain.objects.filter(pk=link.pk).update(valid_to=change - dt.timedelta(days=1))
    ReviewChain.objects.create(
        process="industry",
        unit=world.units["IND-420111"],
        next_unit=world.units["IND-420000"],
        stages=["handler"],
        working_days=2,
        valid_from=change,
        province=HUBEI,
    )

    assert [code for code, *_rest in way(world, "IND-420111", on=change)] == ["IND-420111"] + ["IND-420000"] * 3
    assert len(way(world, "IND-420111", on=change - dt.timedelta(days=1))) == 8


@pytest.mark.parametrize("fault", ["circle", "gap"])
def test_a_broken_chain_is_told_not_followed(fault, world):
    upper = ReviewChain.objects.filter(process="industry", unit=world.units["IND-420000"])
    if fault == "circle":
        upper.update(next_unit=world.units["IND-420100"])
    else:
        upper.delete()

    with pytest.raises(Invalid) as refused:
        way(world, "IND-420111")

    assert [problem.code for problem in refused.value.problems] == ["broken_chain"]


def test_routes_of_every_county_cost_two_queries(world, django_assert_num_queries):
    with django_assert_num_queries(2):
        routes = load_routes(["industry", "ndrc"], on=TODAY)
        for unit in world.units.values():
            if unit.line == "industry" and unit.kind == Unit.Kind.COUNTY:
                found = routes.receiving_unit(unit.region, None, line="industry")
                assert found == unit
                assert routes.chain(found, process="industry")[-1][0].organisation.name
