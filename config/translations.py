"""The catalogues: Chinese is written in the code, other languages in `locale/`. Babel does what the gettext programs would.

python -m config.translations compile | update | check
"""

import re
import sys
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "common",
    "config",
    "organisations",
    "ledger",
    "lenders",
    "schemes",
    "projects",
    "matching",
    "deals",
    "exchange",
    "portal",
    "seeds",
)
THEME = "config/theme/*/LC_MESSAGES/django.po"  # what the admin theme says in English only; not ours to extract
METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**", "config.translations:extract_template")]
# `now` is our second name for gettext, where a module needs the lazy one as `_` (kept by a test).
KEYWORDS: dict[str, Any] = DEFAULT_KEYWORDS | {"now": None, "gettext_lazy": None, "ngettext_lazy": (1, 2), "pgettext_lazy": ((1, "c"), 2)}
# A call as `templatize` writes it: on one line, with plain strings.
STRING = r"""\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*"""
CALL = re.compile(rf"\b(?:n?p?gettext|_)\({STRING}(?:,{STRING})*(?:,\s*count\s*)?\)")
REPEATED = re.compile(r"(.{15,}?)\1+", re.DOTALL)  # a sentence pasted twice

# Nothing here changes from one run to the next: a catalogue changes only when a sentence does.
HEADER = r"""msgid ""
msgstr ""
"Project-Id-Version: Fulcrum\n"
"Language: {language}\n"
"Plural-Forms: {plural_forms}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def compile_all(root: Path = ROOT) -> None:
    """Each catalogue that is newer than its compiled form."""
    for path in [*catalogues(root), *sorted(root.glob(THEME))]:
        target = path.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < path.stat().st_mtime:
            compiled = BytesIO()
            write_mo(compiled, _read(path))
            fresh = target.with_suffix(".new")
            fresh.write_bytes(compiled.getvalue())
            fresh.replace(target)


def update(root: Path = ROOT) -> None:
    """Add what the code says by now with an empty translation, drop what it says no longer; nothing is guessed."""
    template = extract(root)
    for path in catalogues(root):
        catalogue = _read(path)
        catalogue.update(template, no_fuzzy_matching=True)
        written = BytesIO()
        write_po(written, catalogue, width=120, include_lineno=False, sort_by_file=True, ignore_obsolete=True, omit_header=True)
        header = HEADER.format(language=catalogue.locale_identifier, plural_forms=catalogue.plural_forms)
        path.write_text(header + written.getvalue().decode(), encoding="utf-8")


def problems(root: Path = ROOT) -> list[str]:
    """What keeps a reader of another language from reading everything: one line each."""
    template = extract(root)
    wanted = {_key(message): message for message in template if message.id}
    found = []
    for path in catalogues(root):
        catalogue = _read(path)
        here = path.relative_to(root)
        kept = {_key(message): message for message in catalogue if message.id}
        found += [f"{here}: not in the catalogue: {_show(wanted[key])}" for key in wanted.keys() - kept.keys()]
        found += [f"{here}: said nowhere any more: {_show(kept[key])}" for key in kept.keys() - wanted.keys()]
        for message in kept.values():
            found += [f"{here}: {fault}: {_show(message)}" for fault in _faults(message, catalogue)]
    if not catalogues(root):
        found.append("no catalogue in locale/")
    return sorted(found)


def extract(root: Path = ROOT) -> Catalog:
    """Everything marked for translation, in code and templates."""
    template = Catalog(project="Fulcrum", charset="utf-8")
    for source in SOURCES:
        for filename, line, message, comments, context in extract_from_dir(
            root / source,
            METHODS,
            {"**": {"encoding": "utf-8"}},
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
        ):
            template.add(message, locations=[(f"{source}/{filename}", line)], auto_comments=comments, context=context)
    return template


def extract_template(fileobj: IO[bytes], _keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """Babel's extractor for Django templates: Django turns the tags into calls line by line, Babel reads the calls."""
    calls = templatize(fileobj.read().decode("utf-8"))
    source = "\n".join("; ".join(found.group() for found in CALL.finditer(line)) for line in calls.split("\n"))
    yield from extract_python(BytesIO(source.encode()), KEYWORDS, comment_tags, options)


def catalogues(root: Path = ROOT) -> list[Path]:
    return sorted(root.glob("locale/*/LC_MESSAGES/django.po"))


def _faults(message: Message, catalogue: Catalog) -> Iterator[str]:
    told = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
    texts = [text or "" for text in told]
    if not all(text.strip() for text in texts):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    for error in message.check(catalogue):
        yield str(error)
    if any(REPEATED.fullmatch(text) for text in texts):
        yield "says the same twice"
    wanted, given = (set(re.findall(r"%\((\w+)\)", part)) for part in (_text(message.id), texts[-1]))
    if wanted != given:
        yield f"placeholders differ ({', '.join(sorted(wanted ^ given))})"


def _key(message: Message) -> tuple[str | None, Any]:
    return message.context, message.id


def _text(identifier: Any) -> str:
    return identifier if isinstance(identifier, str) else identifier[-1]


def _show(message: Message) -> str:
    where = sorted({filename for filename, _line in message.locations})
    return f"“{_text(message.id)}”" + (f" ({', '.join(where[:2])})" if where else "")


def _read(path: Path) -> Catalog:
    return read_po(StringIO(path.read_text(encoding="utf-8")), locale=path.parent.parent.name, domain="django")


def _check() -> None:
    found = problems()
    for line in found:
        print(line)  # noqa: T201 -- the answer of a command
    sys.exit(f"{len(found)} problems in the translations; `./dev messages` adds what is missing" if found else 0)


COMMANDS: dict[str, Callable[[], None]] = {"compile": compile_all, "update": update, "check": _check}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]]()
