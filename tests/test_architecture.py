"""What the layout promises and no linter checks. The imports between parts are contracts in pyproject.toml (`./dev check`)."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
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
COMMON = {"__init__", "admin", "apps", "errors", "models", "money", "steps", "workdays"}
NAMES_OF_NOTHING = {"core", "helper", "helpers", "misc", "service", "services", "util", "utils"}
SIGNALS = {"django.dispatch", "django.db.models.signals", "django.core.signals", "django.contrib.auth.signals"}
EDGES = {"admin", "api", "tasks", "urls"}
TABLES = {"listings", "importers"}  # workbooks are an edge beside the API: the rows, filters and marks of its resources
SUPPRESSION = re.compile(r"#\s*(?:noqa(?::[\sA-Z0-9,]+)?|type:\s*ignore(?:\[[^\]]*\])?)\s*(?P<reason>(?:--|#)\s*\S.*)?")
# Spelled in two halves, so that this file does not find itself.
NEVER_SAID = re.compile("分配" + "贷款|" + r"(?<!de)" + "allo" + "cat", re.IGNORECASE)
NEVER_KEPT = re.compile(
    "|".join(
        re.escape(host)
        for host in (
            "py" + "pi.org",
            "python" + "hosted.org",
            "npm" + "js.org",
            "npm" + "mirror.com",
            "tuna." + "tsinghua",
            "mirrors." + "aliyun",
            "deb.debian" + ".org",
            "/wo" + "rk/",
            "/ro" + "ot/",
            "/op" + "t/wheels",
            "/op" + "t/py" + "pi",
        )
    )
)
TEXT = {".py", ".html", ".txt", ".po", ".csv", ".md", ".css", ".js", ".toml", ".yml", ".yaml", ".json", ".svg", ""}
# What a run makes: the documentation speaks of it, a clone does not hold it.
MADE = {".venv", ".fulcrum", "staticfiles", "media", "uv.lock", ".env"}
FILE_LIKE = re.compile(r"\.(py|md|toml|txt|yml|yaml|csv|po|html|css|js|json|in)$")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository; of a copy without git, everything that no run makes."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        folders = [ROOT / part for part in (*PARTS, "tests", "benchmarks", "docs", "locale", "requirements")]
        names = [str(here(path)) for folder in folders for path in folder.rglob("*") if path.suffix not in {".pyc", ".mo", ".nbi", ".nbc"}]
        names += [path.name for path in ROOT.iterdir() if not path.name.startswith(".")]
    return tuple(path for name in names if name and (path := ROOT / name).is_file())


@cache
def modules() -> tuple[Path, ...]:
    """Our code: the parts, without migrations (written by Django) and tests."""
    return tuple(
        path for path in tracked() if path.suffix == ".py" and here(path).parts[0] in PARTS and "migrations" not in here(path).parts
    )


def here(path: Path) -> Path:
    return path.relative_to(ROOT)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    package = ".".join(here(path).with_suffix("").parts[:-1])
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], base]).rstrip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.suffix in TEXT else ""


def listed(found: list[object], why: str = "") -> str:
    return "\n".join([why, *map(str, found)])


def test_common_is_a_closed_list():
    found = {here(path).parts[1].removesuffix(".py") for path in modules() if here(path).parts[0] == "common"}

    assert found <= COMMON, "what several parts need goes into the lowest of them that knows what it is about"


def test_no_module_is_named_after_nothing():
    found = [here(path) for path in modules() if {part.removesuffix(".py") for part in here(path).parts} & NAMES_OF_NOTHING]

    assert not found, listed(found, "name a module by what the business does")


def test_no_signals():
    found = [(here(path), name) for path in modules() for name in imports(path) if name in SIGNALS or name.rpartition(".")[0] in SIGNALS]

    assert not found, listed(found, "an upper part tells a lower one by calling it")


def test_no_default_ordering():
    found = [
        f"{here(path)}:{statement.lineno}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and node.name == "Meta" and "models" in here(path).with_suffix("").parts
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "ordering" for target in statement.targets)
    ]

    assert not found, listed(found, "order where the order matters")


@pytest.mark.parametrize(
    ("folder", "allowed"), [("matching/optimizer", {"numpy", "scipy", "numba", "threadpoolctl"}), ("schemes/formulas", set())]
)
def test_pure_code_imports_nothing_of_ours(folder, allowed):
    own = folder.replace("/", ".")
    files = [path for path in modules() if here(path).as_posix().startswith(folder)]

    found = [
        (here(path).as_posix(), name)
        for path in files
        for name in imports(path)
        if not (name == own or name.startswith(own + ".") or name.split(".")[0] in allowed | sys.stdlib_module_names)
    ]

    assert not found, listed(found)


def test_steps_do_not_import_edges():
    found = [
        (here(path).as_posix(), name)
        for path in modules()
        if here(path).parts[0] not in {"config", "portal", "seeds"} and here(path).stem not in EDGES and not TABLES & set(here(path).parts)
        for name in imports(path)
        if name.split(".")[0] in PARTS and len(name.split(".")) == 2 and name.split(".")[1] in {"admin", "api", "urls"}
    ]

    assert not found, listed(found, "an edge calls a step, never the other way round")


def test_what_banks_decide_is_never_said_to_be_ours():
    found = [
        f"{here(path)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if NEVER_SAID.search(line) and not (here(path).parts[0] == "docs" and re.search(r"\bnever\b|不", line))
    ]

    assert not found, listed(found, "the service recommends and records; banks decide")


def test_nothing_is_derived_from_the_digits_of_a_code():
    found = [
        f"{here(path)}:{node.lineno}: {ast.unparse(node)}" for path in modules() for node in ast.walk(tree(path)) if takes_digits(node)
    ]

    assert not found, listed(found, "a region's place in the tree is what the rows say: 429004 belongs to no 4290")


def takes_digits(node: ast.AST) -> bool:
    """`code[:4]`, `region__code__startswith=`, `Left("code", 4)`: the ways to read a place out of its number."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(node.slice.upper, ast.Constant):
        return node.slice.upper.value in {2, 4} and bool(re.search(r"code|region", ast.unparse(node.value)))
    if isinstance(node, ast.keyword) and node.arg:
        return bool(re.search(r"(region|code)\w*__i?(startswith|regex)$", node.arg))
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"Left", "Substr"}:
        return any(re.search(r"code|region", ast.unparse(argument)) for argument in node.args)
    return False


@pytest.mark.parametrize("source", ["code[:4]", "region.code[0:4]", "f(region__code__startswith=x)", "Left('code', 4)", "row['code'][:2]"])
def test_digit_reading_is_recognised(source):
    assert any(takes_digits(node) for node in ast.walk(ast.parse(source)))


@pytest.mark.parametrize("source", ["code[4:]", "names[:4]", "f(code=x)", "region.code", "Left('name', 4)"])
def test_other_slices_are_left_alone(source):
    assert not any(takes_digits(node) for node in ast.walk(ast.parse(source)))


def test_no_file_keeps_an_address_or_a_path_of_some_machine():
    found = [f"{here(path)}: {match.group()}" for path in tracked() for match in [NEVER_KEPT.search(text_of(path))] if match]

    assert not found, listed(found)


def test_every_suppression_gives_its_reason():
    found = [
        f"{here(path)}:{number}: {line.strip()}"
        for path in (*modules(), ROOT / "dev", ROOT / "manage.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in SUPPRESSION.finditer(line)
        if not match["reason"]
    ]

    assert not found, listed(found)


def test_marked_sentences_are_found_by_the_extractor():
    found = [
        f"{here(path)}:{node.lineno}: {alias.name} as {alias.asname}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if "gettext" in alias.name and alias.asname not in {None, "_", "now"}
    ]

    assert not found, listed(found, "config/translations.py looks for these names only")


def test_every_sentence_of_a_template_is_marked():
    found = [
        f"{here(path)}: {line.strip()[:100]}"
        for path in tracked()
        if path.suffix == ".html" and "templates" in path.parts
        for line in bare(path.read_text(encoding="utf-8")).splitlines()
        if re.search(r"[\u4e00-\u9fff]", line)
    ]

    assert not found, listed(found, "an English reader would see it in Chinese: {% translate %} or {% blocktranslate %}")


def bare(template: str) -> str:
    """What is left of a template beside tags, variables, comments, marked blocks, and a language's name for itself."""
    for gone in (
        r"\{% comment.*?endcomment %\}|\{#.*?#\}",
        r"\{% blocktrans.*?endblocktrans(?:late)? %\}",
        r"\{%.*?%\}|\{\{.*?\}\}",
        r">中文<",
    ):
        template = re.sub(gone, "", template, flags=re.DOTALL)
    return template


def test_documents_mention_only_what_exists():
    documents = [path for path in tracked() if path.suffix == ".md"]

    found = [f"{here(document)}: {name}" for document in documents for name in mentioned(document) if not exists(document, name)]

    assert not found, listed(found)


def mentioned(document: Path) -> Iterator[str]:
    """Relative links, and what stands in backticks and looks like a path of the repository."""
    text = document.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from (link for link in re.findall(r"\]\(([^)#\s]+)", prose) if "://" not in link)
    for quoted in re.findall(r"`([^`\s]+)`", prose):
        if re.fullmatch(r"[\w.*-]+(/[\w.*-]+)*/?", quoted) and ("/" in quoted or FILE_LIKE.search(quoted)):
            yield quoted


def exists(document: Path, name: str) -> bool:
    if name.split("/", maxsplit=1)[0] in MADE:
        return True
    if "/" not in name:
        return any(path.match(name) for path in tracked())
    return (document.parent / name).exists() or any(ROOT.glob(name.rstrip("/")))
