"""What each reader may do, written by hand. `tests/test_permission_matrix.py` tells how to add a line."""

from dataclasses import dataclass, field
from typing import Any

from tests.permissions.asking import HIDDEN, NO_METHOD, OPEN, REFUSED, SIGN_IN
from tests.permissions.readers import ALL, SIGNED_IN, who

NOBODY = who()
FIRM = who("lin su")
FIRMS = who(FIRM, "mo_firm")
COUNTY = who("chen hu")
CHAIN = who(COUNTY, "wang zhao")
REVIEWERS = who(CHAIN, "mo_county shi ndrc")
OFFICE = who("zhao")
OFFICES = who("zhao ndrc")  # of either track
READERS = who("audit reader")
PROVINCE = who("zhao ndrc qian", READERS)  # who reads the province as a whole
BANK = who("bai")
BANKS = who("bai bao an mo_bank")
OFFICERS = who("bai")
FINANCE = who("qian tan")
KEEPERS = who("lin mo_firm uadmin")  # who lets machines in
PEOPLE = who(KEEPERS, "an mo_bank bao")  # who lets people in
MONITORS = who(REVIEWERS, PROVINCE, BANKS)  # to each their own sums
SEATED = SIGNED_IN - who("nobody root")

# Who may know Lin's case at all, and who Mo's: nobody else reads a name, a code, a title of it anywhere.
KNOW_LIN = who(FIRM, CHAIN, READERS, BANK, "bao", FINANCE, "root", "ndrc")
KNOW_MO = who("mo_firm mo_county wang zhao mo_bank", READERS, FINANCE, "root", "ndrc")

# Which samples of Lin's case each reader finds: in the list of its kind, and by its number.
INSIDE = who(FIRM, CHAIN, READERS)
SEES = {
    "drafts": FIRM,
    "reviews": who(INSIDE, "qian"),  # asked for its opinion
    "filings": who(INSIDE, BANK),
    "needs": who(INSIDE, BANK),
    "invitations": who(INSIDE, BANK),
    "deals": who(INSIDE, BANK),
    "second-dockings": INSIDE,
    "docking-lists": who(COUNTY, OFFICES, READERS),
    "drawdowns": who(INSIDE, BANK),
    "interest-receipts": who(INSIDE, BANK),
    "loan-costs": who(INSIDE, BANK),
    "opening-loans": PROVINCE,
    "claims": who(INSIDE, BANK, "qian"),
    "recoveries": who(INSIDE, BANK, "qian"),
    "flags": who(CHAIN, READERS, "qian"),
    "funding-batches": who(OFFICE, READERS, "qian"),
    "objections": who(OFFICE, READERS, "qian"),
    "recommendations": who(INSIDE, BANK),
    "non-matches": who(INSIDE),
    "rounds": PROVINCE,
    "scenarios": PROVINCE,
    "registrations": who(COUNTY, OFFICE, READERS),
    "appetites": who(PROVINCE, "bai bao"),
    "consultations": who(CHAIN, READERS, "qian"),
    "unlocks": INSIDE,
    "appeals": INSIDE,
    "changes": INSIDE,
    "checks": who(CHAIN, READERS),
    "site-visits": who(CHAIN, READERS),
    "remarks": COUNTY,  # a note inside the unit
    "progress-reports": INSIDE,
    "forwards": who(COUNTY, "wang", READERS),  # of the unit, and of whom it was sent to
    "answers": who(OFFICE, READERS),
    "answer-rows": who(OFFICE, READERS),
    "reporting-months": SEATED,
    "exports": who("lin"),
    "imports": who("lin"),
    "notices": who("lin"),
    "webhooks": who("lin"),
    "deliveries": who("lin"),
    "covers": who(COUNTY, "uadmin audit"),  # of the office, and the province's auditors
} | dict.fromkeys(
    ("banks", "branches", "regions", "industries", "programmes", "batches", "schemes", "decline-codes"), SIGNED_IN
)  # fmt: skip

# Who may take each step on Lin's case, in a state in which it may be taken. Page, API and admin must all agree.
STEPS = {
    "filings": {
        "submit": FIRM,
        "resubmit": FIRM,
        "withdraw": FIRM,
        "pass": who("chen"),
        "return": who("chen"),
        "refuse": who("chen"),
        "not_accept": who("chen"),
        "report": OFFICE,
        "list": OFFICE,
        "leave_out": OFFICE,
        "remove": OFFICE,
        "retire": OFFICE,
        "hold": OFFICE,
        "release": OFFICE,
        "refile": FIRM,
    },
    "invitations": dict.fromkeys(("consent", "withhold"), FIRM)
    | dict.fromkeys(("view", "ask", "accept", "decline"), OFFICERS)
    | {"answer": who(FIRM, OFFICERS)},
    "deals": dict.fromkeys(("confirm", "withdraw", "confirm_direct", "move"), FIRM)
    | dict.fromkeys(
        (
            "start_diligence",
            "ask",
            "report_up",
            "approve_credit",
            "sign",
            "draw",
            "close_drawing",
            "repay",
            "extend",
            "refinance",
            "decline",
        ),
        OFFICERS,
    )
    | {"answer": who(FIRM, OFFICERS)},
    "second-dockings": dict.fromkeys(("ask", "join", "leave", "pause"), FIRM)
    | dict.fromkeys(("convene", "agree", "park"), COUNTY)
    | {"resume": who(FIRM, COUNTY)},
    "claims": {"file": FIRM, "review": OFFICE, "evidence": OFFICERS, "record": NOBODY, "cross_check": who("zhao qian")}
    | dict.fromkeys(("approve", "refuse", "settle"), who("qian")),
    "opening-loans": {"confirm": who("zhao ndrc"), "reject": who("zhao ndrc")},
    "funding-batches": dict.fromkeys(("publish", "object", "issue", "pay", "leave", "void"), who("qian")),
    "objections": dict.fromkeys(("dismiss", "uphold"), who("qian")),
    "flags": dict.fromkeys(("dismiss", "uphold"), who("qian")),
    "recoveries": {"explain": OFFICERS, "state": FIRM} | dict.fromkeys(("find", "clear", "decide", "receive", "refer"), who("qian")),
    "rounds": dict.fromkeys(("freeze", "cancel", "propose", "publish", "void"), OFFICE),
    "scenarios": {"cancel": OFFICE},
    "consultations": {"answer": who("qian"), "recall": COUNTY},
    "unlocks": dict.fromkeys(("grant", "refuse"), who("chen")),
    "appeals": {"withdraw": FIRM, "uphold": OFFICE, "dismiss": OFFICE},
    "changes": {"withdraw": FIRM, "grant": OFFICE, "refuse": OFFICE},
    "forwards": dict.fromkeys(("gather", "freeze", "reopen", "send", "pull_back", "void"), COUNTY),
    "answers": {"apply": OFFICE, "void": OFFICE},
    "answer-rows": {"resolve": OFFICE, "dismiss": OFFICE},
    "progress-reports": {"correct": COUNTY},
    "reporting-months": {"close": who("zhao ndrc")},
    "exports": {"cancel": who("lin")},
    "imports": dict.fromkeys(("commit", "stop", "cancel"), who("lin")),
    "webhooks": {"resume": who("lin"), "end": who("lin")},
    "registrations": dict.fromkeys(("admit", "refuse"), COUNTY) | dict.fromkeys(("uphold", "dismiss"), who(COUNTY, OFFICE)),
}


@dataclass(frozen=True)
class Page:
    """`of`: the sample in its address. Who may not is told 404 if they do not see the sample, else 403; or as `closed` says.

    In `args` and `data`, "#files" stands for the number of that sample.
    """

    get: frozenset[str] = NOBODY
    post: frozenset[str] | None = None  # as `get`, if not given
    of: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    opens: str = OPEN
    closed: str = ""  # what who may not is told, if not by the rule above
    barred: frozenset[str] = NOBODY  # who is told 403 all the same
    names: frozenset[str] = NOBODY  # who is told here which firms there are, though nothing of their cases

    def may(self, method: str) -> frozenset[str]:
        return self.get if method == "GET" or self.post is None else self.post


def detail(kind: str) -> Page:
    return Page(SEES[kind], of=kind)


FILED = Page(post=FIRM, of="filings", data={"kind": "other"})
PAGES = {
    "healthz": Page(ALL, post=NOBODY, closed=NO_METHOD),
    "i18n/setlang/": Page(ALL),
    "sign-in/": Page(ALL),
    "sign-out/": Page(post=ALL, opens=SIGN_IN),
    "": Page(SIGNED_IN),
    "filings/": Page(who(REVIEWERS, PROVINCE)),
    "filings/mine/": Page(FIRMS),
    "filings/new/": Page(FIRMS),
    "filings/bulk/pass/": Page(post=SIGNED_IN),  # of rows one cannot see there are none
    "filings/bulk/report/": Page(post=SIGNED_IN),
    "filings/bulk/list/": Page(post=SIGNED_IN),
    "filings/<int:pk>/": detail("filings"),
    "filings/<int:pk>/edit/": Page(FIRM, of="drafts", data={"seen": "0", "name": "名称"}),
    "filings/<int:pk>/autosave/": Page(post=FIRM, of="drafts", data={"seen": "0"}),
    "filings/<int:pk>/disclosures/<int:disclosure_pk>/withdraw/": Page(
        post=FIRM, of="filings", args={"disclosure_pk": "#disclosures"}, closed=HIDDEN
    ),
    "filings/<int:pk>/files/": FILED,
    "filings/<int:pk>/files/<int:file_pk>/": Page(SEES["filings"], of="filings", args={"file_pk": "#files"}),
    "filings/<int:pk>/files/<int:file_pk>/remove/": Page(post=NOBODY, of="filings", args={"file_pk": "#files"}),
    "inbox/": Page(REVIEWERS),
    "adequacy/": Page(who(REVIEWERS, PROVINCE)),
    "progress/": Page(PROVINCE),
    **dict.fromkeys(("monitoring/", "monitoring/answers/", "monitoring/evenness/", "monitoring/report.xlsx"), Page(MONITORS)),
    "monitoring/publish/": Page(post=OFFICES),
    "figures/": Page(ALL, post=NOBODY, closed=NO_METHOD),
    **dict.fromkeys(("figures/<int:pk>/", "figures/<int:pk>/data.json"), Page(ALL, post=NOBODY, opens=HIDDEN, closed=NO_METHOD)),
    "invitations/": Page(BANKS),
    "invitations/<int:pk>/": detail("invitations"),
    "deals/": Page(who(FIRMS, BANKS, REVIEWERS, PROVINCE)),
    "deals/<int:pk>/": detail("deals"),
    "rounds/": Page(PROVINCE),
    "rounds/<int:pk>/": detail("rounds"),
    "rounds/<int:pk>/status/": detail("rounds"),
    "rounds/<int:pk>/recommendations/": detail("rounds"),
    "rounds/<int:pk>/non-matches/": detail("rounds"),
    "non-matches/<int:pk>/smallest/": Page(OFFICE, of="non-matches"),
    "rounds/<int:pk>/scenarios/": Page(PROVINCE, post=OFFICE, of="rounds"),
    "scenarios/<int:pk>/": detail("scenarios"),
    "scenarios/<int:pk>/status/": detail("scenarios"),
    "scenarios/<int:pk>/report.xlsx": Page(NOBODY, of="scenarios"),  # the sample is not computed yet
    "second-dockings/": Page(who(FIRMS, REVIEWERS, PROVINCE)),
    "second-dockings/<int:pk>/": detail("second-dockings"),
    "docking-lists/<int:pk>/": detail("docking-lists"),
    "claims/": Page(who(FIRMS, BANKS, FINANCE, REVIEWERS, PROVINCE)),
    "claims/<int:pk>/": detail("claims"),
    "recoveries/": Page(who(FIRMS, BANKS, FINANCE, REVIEWERS, PROVINCE)),
    "recoveries/<int:pk>/": detail("recoveries"),
    "accounts/": Page(who(PROVINCE, BANKS)),
    "accounts/outlook/": Page(PROVINCE),
    "accounts/<int:pk>/": Page(SEES["appetites"], of="accounts", closed=HIDDEN),
    "interests/": Page(who(REVIEWERS, FINANCE)),
    "covers/": Page(who(REVIEWERS, FINANCE, "uadmin")),
    "covers/<int:pk>/end/": Page(post=who("chen uadmin"), of="covers"),
    "appetites/": Page(who("bao an mo_bank")),
    "appetites/new/": Page(who("bao an mo_bank")),
    "appetites/<int:pk>/": Page(who("bao"), of="appetites"),
    "registrations/": Page(who(REVIEWERS, PROVINCE)),
    "registrations/<int:pk>/": detail("registrations"),
    "registrations/<int:pk>/papers/<slug:name>/": Page(SEES["registrations"], of="registrations", args={"name": "licence"}),
    "people/": Page(PEOPLE),
    "people/invite/": Page(post=PEOPLE),
    "people/<int:pk>/<slug:act>/": Page(post=who("lin"), of="seats", args={"act": "lock"}, closed=HIDDEN),
    **dict.fromkeys(("can-i-apply/", "register/", "register/ask/", "join/"), Page(ALL)),
    "policy/": Page(ALL, post=NOBODY, closed=NO_METHOD),
    "policy/<int:pk>/": Page(ALL, post=NOBODY, opens=HIDDEN, closed=NO_METHOD),
    "forwards/": Page(who(REVIEWERS, PROVINCE), post=REVIEWERS),
    "answers/": Page(PROVINCE),
    "matters/": Page(who(REVIEWERS, FINANCE)),
    "overdue/": Page(who(REVIEWERS, PROVINCE)),
    "sheets/": Page(who(REVIEWERS, PROVINCE)),
    "sheets/unchanged/": Page(post=REVIEWERS),
    "reporting-months/": Page(who(REVIEWERS, PROVINCE)),
    "tokens/": Page(KEEPERS),
    "tokens/new/": Page(post=KEEPERS),
    "tokens/robot/": Page(post=KEEPERS),
    "webhooks/": Page(KEEPERS),
    **dict.fromkeys(("exports/", "imports/", "notices/", "notices/choices/"), Page(SIGNED_IN)),
    "exports/new/": Page(post=NOBODY, closed=HIDDEN),  # of no list there is nothing
    "notices/read/": Page(post=SIGNED_IN),
    "notices/undelivered/": Page(who("ops"), names=who("ops")),
    "filings/<int:pk>/archive/": detail("filings"),  # to each reader what is theirs: tests/exchange/case_file
    "filings/<int:pk>/change/": Page(FIRM, of="filings"),
    "filings/<int:pk>/presence/": Page(post=SEES["filings"], of="filings"),
    "sheets/<int:pk>/": Page(COUNTY, of="filings", closed=HIDDEN, barred=ALL - REVIEWERS),
    **{
        f"{kind}/<int:pk>/": detail(kind)
        for kind in [
            *(
                [
                    "consultations",
                    "unlocks",
                    "appeals",
                    "changes",
                    "forwards",
                    "answers",
                    "answer-rows",
                    "progress-reports",
                    "exports",
                    "imports",
                    "webhooks",
                ]
            )
        ]
    },
    "case-files/<int:pk>/": Page(SEES["consultations"], of="consultations", args={"pk": "#case-files"}, closed=HIDDEN),
    "notices/<int:pk>/": detail("notices"),
    "forwards/<int:pk>/papers/<slug:name>/": Page(SEES["forwards"], of="forwards", args={"name": "letter"}),
    "forwards/<int:pk>/scans/": Page(post=COUNTY, of="forwards"),
    "forwards/<int:pk>/scans/<int:scan_pk>/": Page(SEES["forwards"], of="forwards", args={"scan_pk": "#scans"}),
    "exports/<int:pk>/file/": detail("exports"),
    "exports/<int:pk>/status/": detail("exports"),
    "imports/<int:pk>/marked/": detail("imports"),
    "imports/<int:pk>/status/": detail("imports"),
    "imports/templates/<slug:kind>/": Page(FIRMS, args={"kind": "intended-banks"}),
    "tokens/<int:pk>/revoke/": Page(post=who("lin"), of="tokens"),
    "webhooks/<int:pk>/deliveries/<int:delivery_pk>/replay/": Page(
        post=who("lin"), of="webhooks", args={"delivery_pk": "#deliveries"}, closed=HIDDEN, barred=who("ops")
    ),
    "notices/undelivered/<int:pk>/again/": Page(post=who("ops"), of="undelivered", closed=REFUSED),
    "deals/<int:pk>/entries/<name>/": Page(post=OFFICERS, of="deals", args={"name": "rate"}, closed=HIDDEN),
    "invitations/<int:pk>/entries/<name>/": Page(post=who("an"), of="invitations", args={"name": "dispatch"}, closed=HIDDEN),
    "filings/<int:pk>/entries/<name>/": Page(post=who(FIRM, OFFICERS), of="filings", args={"name": "direct"}, closed=HIDDEN),
}

# What the API offers beside lists, single objects and steps: address → method → who.
CALLS = {
    "me/": {"GET": Page(SIGNED_IN)},
    "schema/": {"GET": Page(SIGNED_IN)},
    **{f"monitoring/{name}/": {"GET": Page(MONITORS)} for name in ("funnel", "answers", "evenness")},
    "monitoring/budgets/": {"GET": Page(PROVINCE)},
    "docs/": {"GET": Page(SIGNED_IN)},
    "filings/": {"POST": Page(post=FIRMS, data={"programme": "EQUIP-LOAN", "track": "industry"}, closed=HIDDEN)},
    "filings/fields/": {"GET": Page(SIGNED_IN)},
    "filings/<int:pk>/form/": {"GET": detail("filings"), "PUT": Page(post=FIRM, of="drafts", data={"form": {}, "seen": 0})},
    "filings/<int:pk>/files/": {"GET": detail("filings"), "POST": Page(post=FIRM, of="drafts")},
    "filings/<int:pk>/files/<int:paper>/": {"GET": Page(SEES["filings"], of="filings", args={"paper": "#files"})},
    "filings/<int:pk>/timeline/": {"GET": detail("filings")},
    "rounds/": {"POST": Page(post=OFFICE, data={"programme": "EQUIP-LOAN", "planned_for": "2026-04-01"})},
    "rounds/<int:pk>/progress/": {"GET": detail("rounds")},
    "non-matches/<int:pk>/smallest-change/": {"POST": Page(post=OFFICE, of="non-matches")},
    "scenarios/": {"POST": Page(post=OFFICE, data={"name": "情景"})},
    "deals/": {"POST": Page(post=who(FIRM, OFFICERS))},
    "second-dockings/": {"POST": Page(post=who(FIRM, COUNTY), of="needs", data={"need": "#needs"})},
    "drawdowns/<int:pk>/repay/": {"POST": Page(post=OFFICERS, of="drawdowns")},
    "drawdowns/<int:pk>/refund/": {"POST": Page(post=OFFICERS, of="drawdowns")},
    "drawdowns/<int:pk>/pay-supplier/": {"POST": Page(post=OFFICERS, of="drawdowns", data={"paid_on": "2026-03-02", "seen": 0})},
    "drawdowns/<int:pk>/check-invoice/": {
        "POST": Page(post=who(OFFICERS, "zhao"), of="drawdowns", data={"status": "normal", "on": "2026-03-02", "seen": 0})
    },
    "drawdowns/<int:pk>/relending/": {
        "POST": Page(post=OFFICERS, of="drawdowns", data={"status": "reported", "month": "2026-03", "seen": 0})
    },
    "funding-batches/": {"POST": Page(post=FINANCE)},
    "recoveries/": {"POST": Page(post=who("zhao ndrc qian tan"))},
    "interest-receipts/": {"POST": Page(post=OFFICERS)},
    "loan-costs/": {"POST": Page(post=OFFICERS)},
    "deals/<int:pk>/cost-sheet/": {"GET": detail("deals")},
    "exports/<int:pk>/file/": {"GET": detail("exports")},
    "imports/templates/<slug:of>/": {"GET": Page(FIRMS, args={"of": "intended-banks"})},
    "imports/<int:pk>/marked/": {"GET": detail("imports")},
    "imports/<int:pk>/rows/": {"GET": detail("imports")},
    "notices/<int:pk>/read/": {"POST": Page(post=who("lin"), of="notices")},
    "covers/": {"POST": Page(post=who(REVIEWERS, FINANCE, "uadmin"))},
    "covers/<int:pk>/end/": {"POST": Page(post=who("chen uadmin"), of="covers")},
    "deliveries/<int:pk>/replay/": {"POST": Page(post=who("lin"), of="deliveries")},
    "appetites/<int:pk>/statement/": {"GET": detail("appetites")},
}
