"""One cell after the other: who, what, where; what was expected, what came, and whether the answer told too much."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.urls import resolve

from common.steps import Param
from portal.views.steps import KINDS
from projects.models import Filing
from tests.permissions import readers
from tests.permissions.asking import ADMIN, HIDDEN, NO_METHOD, OPEN, REFUSED, SIGN_IN, STOPPED, Answer, ask, request_of
from tests.permissions.expected import KNOW_LIN, KNOW_MO, NOBODY, Page
from tests.permissions.readers import Reader
from tests.permissions.routes import METHODS, RESOURCE_OF, fill
from tests.permissions.samples import Scene, for_step

AS_GOOD = {STOPPED: (OPEN, REFUSED)}  # let through to the domain, whose state or rules said no to whoever it was
TYPED = {"wan": "100", "percent": "3", "integer": "12", "points": "12", "date": "2026-03-02", "boolean": "on", "text": "文字"}


class Cells:
    """`checked`: how many; `wrong`: those that answered otherwise than expected, one line each.

    With a `share`, only every so many-th reader is asked of those who may, and of those who may not: at each address others, always the
    same ones there, and the visitor everywhere.
    """

    def __init__(self, scene: Scene, names: frozenset[str] = readers.ALL, share: int = 1) -> None:
        self.scene = scene
        self.readers = {name: reader for name, reader in readers.readers(scene.users).items() if name in names}
        self.checked = 0
        self._share, self._turns = share, Counter[str]()
        self.wrong: list[str] = []
        self._secrets = {
            name: (*(() if name in KNOW_LIN else scene.lins), *(() if name in KNOW_MO else scene.mos)) for name in readers.NAMES
        }

    @property
    def told(self) -> str:
        return "\n".join(self.wrong)

    def check(self, page: Page, address: str, method: str) -> None:
        """A page or call: one method, every reader."""
        row = self.scene.rows.get(page.of)
        args = {name: self.scene.number(value) for name, value in page.args.items()}
        path = fill(address, row, args)
        data = {"seen": getattr(row, "version", 0)} | {name: self.scene.number(value) for name, value in page.data.items()}
        if method == "GET" and not page.get and page.post is not None:  # what is only sent to has nothing to show
            expected = dict.fromkeys(self.asked(NOBODY, method), NO_METHOD)
        else:
            may = page.may(method)
            asked = self.asked(may, method)
            expected = {name: page.opens if name in may else self._closed(page, row, reader) for name, reader in asked.items()}
        for name in expected if page.post is not None or method == "GET" else _once_opened(expected):
            known = self.scene.firms if name in page.names else ()
            self._ask(self.readers[name], method, path, expected[name], data if method != "GET" else {}, known=known)

    def check_list(self, kind: str, sees: frozenset[str]) -> None:
        """A list of the API: everybody signed in may ask, and finds the sample or not."""
        pk = self.scene.rows[kind].pk
        for reader in self.asked(sees, "list").values():
            answer = self._ask(reader, "GET", f"/api/{kind}/?page_size=200", SIGN_IN if reader.name == "visitor" else OPEN)
            found = answer.said == OPEN and answer.response is not None and pk in {row["id"] for row in answer.response.data["results"]}
            if found != (reader.name in sees):
                self.wrong.append(f"GET /api/{kind}/ {reader.name}: the sample is {'' if found else 'not '}there")

    def check_methods(self, address: str) -> None:
        """What a route of the API does not offer is offered to nobody."""
        path = fill(address, None, {"pk": 1})
        offered = _offered(path)
        for method in METHODS:
            if method not in offered:
                for name, said in (("zhao", NO_METHOD), ("visitor", SIGN_IN)):
                    self._ask(self.readers[name], method, path, said)

    def check_step(self, kind: str, verb: str, may: frozenset[str]) -> None:
        """A step: by page and by API, on the sample in a state in which it may be taken."""
        with transaction.atomic():
            row, table = for_step(self.scene, kind, verb)
            data = typed(table.params) | {"seen": row.version, "note": "理由"}
            asked = self.asked(may, "step").items()
            expected = {name: self._of_step(kind, row, reader, may) for name, reader in asked}
            paths = [f"/{kind}/{row.pk}/{verb}/"] * (kind in KINDS) + [f"/api/{kind}/{row.pk}/{verb}/"] * (kind in RESOURCE_OF)
            for path in paths:
                self.ask_apart(path, may, expected, data)
            transaction.set_rollback(True)

    def ask_apart(self, path: str, may: frozenset[str], expected: Mapping[str, str], data: Mapping[str, Any]) -> None:
        """Whoever may is told something else than whoever may not: else the cells of this step prove nothing."""
        answers = {name: self._ask(self.readers[name], "POST", path, said, data) for name, said in expected.items()}
        told = {name: (answer.said, answer.why) for name, answer in answers.items()}
        if {told[name] for name in may if name in told} & {said for name, said in told.items() if name not in may}:
            self.wrong.append(f"POST {path}: the same for who may and who may not: {sorted(told[name] for name in may if name in told)}")

    def _of_step(self, kind: str, row: Any, reader: Reader, may: frozenset[str]) -> str:
        if reader.name == "visitor":
            return SIGN_IN
        if reader.name in may:
            return OPEN
        return REFUSED if self.sees(kind, row, reader) else HIDDEN

    def _closed(self, page: Page, row: Any, reader: Reader) -> str:
        if reader.name == "visitor" and page.closed != NO_METHOD:
            return SIGN_IN
        if reader.name in page.barred:
            return REFUSED
        if page.closed:
            return page.closed
        if page.of and not self.sees(page.of, row, reader):
            return HIDDEN
        return REFUSED

    def ask_each(self, method: str, path: str, expected: Mapping[str, str]) -> None:
        may = frozenset(name for name, said in expected.items() if said == OPEN)
        for name, reader in self.asked(may, method).items():
            self._ask(reader, method, path, expected[name])

    def asked(self, may: frozenset[str], what: str) -> dict[str, Reader]:
        """Who is asked next: in turns, so that over the addresses everybody is."""
        turn = self._turns[what]
        self._turns[what] += 1
        known = [name for name in self.readers if name != "visitor"]
        groups = ([name for name in known if name in may], [name for name in known if name not in may])
        chosen = {name for group in groups if group for name in group[turn % min(self._share, len(group)) :: self._share]}
        return {name: reader for name, reader in self.readers.items() if name in chosen or name == "visitor"}

    def request(self, name: str) -> Any:
        return request_of(self.readers[name], "GET", "/", {})

    def sees(self, kind: str, row: Any, reader: Reader) -> bool:
        """By `visible_to`, whose own answers are written down in SEES."""
        if isinstance(row, Filing):
            return Filing.objects.visible_to(reader.person).filter(pk=row.pk).exists()
        if kind in KINDS and kind not in RESOURCE_OF:
            return KINDS[kind].rows(reader.person).filter(pk=row.pk).exists()
        visible = RESOURCE_OF[kind].visible if kind in RESOURCE_OF else getattr(type(row).objects, "visible_to", None)
        return visible is not None and visible(reader.person).filter(pk=row.pk).exists()

    def _ask(
        self, reader: Reader, method: str, path: str, expected: str, data: Mapping[str, Any] | None = None, known: Iterable[str] = ()
    ) -> Answer:
        answer = ask(reader, method, path, data, drawn=bool(self._secrets[reader.name]))
        self.checked += 1
        is_as_good = expected in AS_GOOD.get(answer.said, ()) or (answer.said, expected, path[:7]) == (HIDDEN, REFUSED, ADMIN)
        if answer.said != expected and not is_as_good:
            self.wrong.append(f"{method} {path} {reader.name}: {expected} expected, {answer.said} {answer.why}".strip())
        text = answer.text
        if leaked := [secret for secret in self._secrets[reader.name] if secret in text and secret not in known]:
            self.wrong.append(f"{method} {path} {reader.name}: tells {leaked}")
        return answer


def _once_opened(expected: Mapping[str, str]) -> list[str]:
    """What a page shows when it is sent to is what it shows: one of those who may is enough, and all of those who may not."""
    may = [name for name, said in expected.items() if said == OPEN]
    return [name for name in expected if name not in may[1:]]


def typed(params: Iterable[Param]) -> dict[str, Any]:
    """Something acceptable for every field of a step."""
    found: dict[str, Any] = {}
    for param in params:
        choices = list(param.choices()) if param.choices else []
        if choices and param.kind == "fields":
            found[param.name] = [str(choices[0][0])]
        elif param.required:
            found[param.name] = str(choices[0][0]) if choices else TYPED.get(param.kind, "文字")
    return found


def _offered(path: str) -> set[str]:
    view = resolve(path).func
    by_method = getattr(view, "actions", None)
    if by_method is None:
        by_method = [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name)]
    return {name.upper() for name in by_method}
