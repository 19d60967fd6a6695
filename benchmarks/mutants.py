"""How many small faults put into a module do its own tests notice? The last line is JSON.

    ./dev bench mutants                                     # the subsidy formulas, every fault
    ./dev bench mutants ledger --sample 200                 # the ledger, some of them

A mutant is the module with one fault: a comparison one off or turned round, another operator, a number one higher, a condition denied,
`min` for `max`, a call left out. Each runs the module's tests in a process of its own, until the first fails, with a limit of processor
time (running out of it is being noticed: the fault made a loop endless). Random tests try few examples, always the same. Names of types, messages of errors and docstrings are left alone.
Those that survive are listed, to be read: either a test is missing or the fault changes nothing.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

IDLE = 5  # times the limit, by the clock
FIRST = 5  # times the limit for the first run, which may have to make the database
KILLED, SURVIVED, ENDLESS = "killed", "survived", "endless"
ROOT = Path(__file__).resolve().parent.parent
# Name → modules, tests, whether they need Django and a database.
SUBJECTS = {
    "formulas": (
        [f"schemes.formulas.{name}" for name in ("accrual", "amounts", "forecast", "limits", "periods", "shortfall")],
        ["tests/schemes/formulas"],
        False,
    ),
    "ledger": (["ledger.accounts", "ledger.book", "ledger.refusals"], ["tests/ledger"], True),
}
OPPOSITE: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
Fault = tuple[str, Callable[[], None]]
IMPORTED_ALREADY = "ignore::pytest.PytestAssertRewriteWarning"  # Hypothesis, by us; an error with the project's own settings
PLAIN = "[pytest]\naddopts =\npythonpath = ."


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    fault: str
    source: str


def main() -> None:
    asked = arguments()
    modules, tests, is_django = SUBJECTS[asked.subject]
    found = [mutant for module in modules for mutant in mutants_of(module)]
    rng = random.Random(asked.seed)
    chosen = found if asked.sample is None else sorted(rng.sample(found, min(asked.sample, len(found))), key=found.index)
    command = ["--reuse-db"] if is_django else ["-p", "no:django", "--noconftest", "-c", str(plain_settings())]
    command += ["-q", "-x", "-m", "not long", "-p", "no:cacheprovider", "-W", IMPORTED_ALREADY, *tests]
    settings.register_profile("few", max_examples=25, deadline=None, database=None, derandomize=True)
    settings.load_profile("few")
    if outcome(Mutant(modules[0], 0, "", source_of(modules[0])), command, limit=FIRST * asked.limit) != SURVIVED:
        sys.exit("The tests fail, or run out of their time, without any fault.")
    ended = Counter()
    for mutant in chosen:
        ends = outcome(mutant, command, limit=asked.limit)
        ended[ends] += 1
        if ends != KILLED:
            print(f"{ends}  {mutant.module}:{mutant.line}  {mutant.fault}", flush=True)
    print(
        json.dumps(
            {
                "subject": asked.subject,
                "possible": len(found),
                "mutants": len(chosen),
                "survived": ended[SURVIVED],
                "endless": ended[ENDLESS],
                "killed": round(1 - ended[SURVIVED] / len(chosen), 4),
            }
        )
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", nargs="?", choices=SUBJECTS, default="formulas")
    parser.add_argument("--sample", type=int, help="so many, chosen at random; all if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=60, help="seconds of processor time for the tests of one mutant")
    return parser.parse_args()


def plain_settings() -> Path:
    """Tests that need no Django are run without it, and without what is set for those that do."""
    path = ROOT / ".pytest_cache" / "mutants.ini"
    path.parent.mkdir(exist_ok=True)
    path.write_text(PLAIN, encoding="utf-8")
    return path


def outcome(mutant: Mutant, command: list[str], *, limit: int) -> str:
    """How the tests end with the fault in place, in a copy of this process, which has imported neither the module nor its tests."""
    copy_of = os.fork()
    if copy_of == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        signal.alarm(IDLE * limit)  # threads that wait for each other use no processor time
        sys.dont_write_bytecode = True
        sys.meta_path.insert(0, Finder(mutant))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        status = 1
        try:
            status = int(pytest.main(command))
        finally:
            os._exit(status)
    _pid, ended = os.waitpid(copy_of, 0)
    if os.WIFSIGNALED(ended):
        return ENDLESS
    return SURVIVED if os.WEXITSTATUS(ended) == 0 else KILLED


class Loader(importlib.abc.SourceLoader):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def get_filename(self, fullname: str) -> str:
        return str(path_of(fullname))

    def get_data(self, path: str | bytes) -> bytes:
        del path
        return self.mutant.source.encode()

    def path_stats(self, path: str | bytes) -> dict[str, float]:
        raise OSError(path)  # so that nothing compiled before is looked for


class Finder(importlib.abc.MetaPathFinder):
    """The mutated source takes the module's place wherever it is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        del path, target
        return importlib.util.spec_from_loader(fullname, Loader(self.mutant)) if fullname == self.mutant.module else None


def path_of(module: str) -> Path:
    return ROOT / Path(*module.split(".")).with_suffix(".py")


def source_of(module: str) -> str:
    return path_of(module).read_text(encoding="utf-8")


def mutants_of(module: str) -> Iterator[Mutant]:
    tree = ast.parse(source_of(module))
    spared = left_alone(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in spared:
            continue
        for nth, (told, _change) in enumerate(faults(node)):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[place]
            faults(twin)[nth][1]()
            yield Mutant(module, node.lineno, told, ast.unparse(changed))


def left_alone(tree: ast.AST) -> set[int]:
    """What is no behaviour: types, decorators, sentences, lists of names."""
    spared: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            parts.append(node.annotation)
        if isinstance(node, ast.FunctionDef):
            parts += [node.returns, *node.decorator_list]
        if isinstance(node, ast.ClassDef):
            parts += node.decorator_list
        if isinstance(node, ast.Raise | ast.JoinedStr) or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).isupper()):
            parts.append(node)
        spared |= {id(child) for part in parts if part is not None for child in ast.walk(part)}
    return spared


def faults(node: ast.AST) -> list[Fault]:
    """(what it does, the change in place) of every fault this node can have."""
    if isinstance(node, ast.Compare):
        return [
            fault(node, "ops", [*node.ops[:nth], OPPOSITE[type(op)](), *node.ops[nth + 1 :]], turned(op)) for nth, op in enumerate(node.ops)
        ]
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in OPPOSITE:
        return [fault(node, "op", OPPOSITE[type(node.op)](), turned(node.op))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [fault(node, "op", ast.UAdd(), "minus left out")]
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        other = not node.value if isinstance(node.value, bool) else node.value + 1
        return [fault(node, "value", other, f"{node.value} → {other}")]
    return faults_of_course(node)


def faults_of_course(node: ast.AST) -> list[Fault]:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        return [fault(node, "test", ast.UnaryOp(ast.Not(), node.test), "condition denied")]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return [fault(node, "value", ast.Constant(None), f"left out: {ast.unparse(node.value)[:60]}")]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
        return [fault(node.func, "id", NAMES[node.func.id], f"{node.func.id} → {NAMES[node.func.id]}")]
    return []


def turned(op: ast.AST) -> str:
    return f"{type(op).__name__} → {OPPOSITE[type(op)].__name__}"


def fault(of: ast.AST, field: str, value: object, told: str) -> Fault:
    return told, lambda: setattr(of, field, value)


if __name__ == "__main__":
    main()
