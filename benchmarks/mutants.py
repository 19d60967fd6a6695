"""How many small faults put into a module do its own tests notice? The last line is JSON.

    ./dev bench mutants                                     # the subsidy formulas, every fault
    ./dev bench mutants ledger --sample 200                 # the ledger, some of them

A mutant is the module with one fault: a comparison one off or turned round, another operator, a number one higher, a condition denied,
`min` for `max`, a call left out. Each runs the module's tests in a process of its own, until the first fails, with a time limit
(running out of it is being noticed: the fault made a loop endless). Names of types, messages of errors and docstrings are left alone.
Those that survive are listed, to be read: either a test is missing or the fault changes nothing.
"""

import argparse
import ast
import copy
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

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
# Fed to a fresh interpreter: the mutated source takes the module's place wherever it is imported.
RUNNER = """
import importlib.abc, importlib.util, sys, pytest
name, path, *arguments = sys.argv[1:]
source = sys.stdin.read()
class Loader(importlib.abc.SourceLoader):
    def get_filename(self, fullname): return path
    def get_data(self, path): return source.encode()
    def path_stats(self, path): raise OSError
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        return importlib.util.spec_from_loader(fullname, Loader()) if fullname == name else None
sys.dont_write_bytecode = True
sys.meta_path.insert(0, Finder())
sys.exit(pytest.main(arguments))
"""
OPPOSITE: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
Fault = tuple[str, Callable[[], None]]
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
    command = ["--reuse-db", "-m", "not long"] if is_django else ["-p", "no:django", "--noconftest", "-c", str(plain_settings())]
    command += ["-q", "-x", "-p", "no:cacheprovider", *tests]
    if not passes(Mutant(modules[0], 0, "", source_of(modules[0])), command, limit=10 * asked.limit):
        sys.exit("The tests fail without any fault.")
    with ThreadPoolExecutor(asked.at_once) as pool:
        survived = [
            mutant for mutant, alive in zip(chosen, pool.map(lambda m: passes(m, command, asked.limit), chosen), strict=True) if alive
        ]
    for mutant in survived:
        print(f"survived  {mutant.module}:{mutant.line}  {mutant.fault}")
    share = round(1 - len(survived) / len(chosen), 4)
    print(
        json.dumps({"subject": asked.subject, "possible": len(found), "mutants": len(chosen), "survived": len(survived), "killed": share})
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", nargs="?", choices=SUBJECTS, default="formulas")
    parser.add_argument("--sample", type=int, help="so many, chosen at random; all if not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=120, help="seconds for the tests of one mutant")
    parser.add_argument("--at-once", type=int, default=1, help="processes; one where the tests share a database")
    return parser.parse_args()


def plain_settings() -> Path:
    """Tests that need no Django are run without it, and without what is set for those that do."""
    path = ROOT / ".pytest_cache" / "mutants.ini"
    path.parent.mkdir(exist_ok=True)
    path.write_text(PLAIN, encoding="utf-8")
    return path


def passes(mutant: Mutant, command: list[str], limit: float) -> bool:
    """Whether all tests pass, in their time, with the fault in place."""
    place = str(path_of(mutant.module))
    try:
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, mutant.module, place, "--rootdir", str(ROOT), *command],
            input=mutant.source,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "HYPOTHESIS_STORAGE_DIRECTORY": os.devnull},
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


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
