import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
from numba.core.dispatcher import Dispatcher

from benchmarks.loan_instances import generate
from matching.optimizer import Budget, Problem, Start, kernels, solve
from matching.optimizer.primal import EXPONENTIAL
from matching.optimizer.warm import warm

KERNELS = Path(kernels.__file__).parent
PACKAGE = KERNELS.parent


def imports_of(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_kernels_import_nothing_of_ours_so_no_edit_elsewhere_leaves_a_stale_one():
    """Neither of another part nor of another file of kernels: numba keys a function's cache by its own file alone."""
    files = {m.stem: imports_of(m) for m in KERNELS.glob("*.py") if m.name != "__init__.py"}

    assert files.pop("search") == {"typing", "numpy", "numba"}
    assert files.pop("problem") == {"numba"}
    assert files == {name: {"numpy", "numba"} for name in ("prices", "cuts", "packings")}
    assert imports_of(KERNELS / "__init__.py") == {"matching"}


def test_every_jitted_function_stands_in_kernels():
    elsewhere = [m.name for m in PACKAGE.rglob("*.py") if m.parent != KERNELS and "numba" in imports_of(m)]

    assert elsewhere == []


def test_package_needs_only_the_standard_library_and_numerics():
    allowed = set(sys.stdlib_module_names) | {"numpy", "scipy", "numba", "threadpoolctl", "matching"}

    assert {m.name: imports_of(m) - allowed for m in PACKAGE.rglob("*.py") if imports_of(m) - allowed} == {}


def test_check_shares_only_the_data_classes_with_solve():
    tree = ast.parse((PACKAGE / "check.py").read_text(encoding="utf-8"))
    ours = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("matching")}

    assert ours == {"matching.optimizer.problem"}


def test_package_loads_without_django():
    code = "import sys, matching.optimizer; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parents[1], check=False).returncode == 0


def test_warming_compiles_all_that_a_province_needs():
    jitted = [kernel for kernel in vars(kernels).values() if isinstance(kernel, Dispatcher)]
    warm()
    compiled = {kernel.__name__: kernel.signatures for kernel in jitted}

    problem = Problem(**generate("provincial", 1))
    known = solve(problem, budget=Budget(steps=20_000))
    solve(problem, budget=Budget(steps=20_000), start=Start(known.prices, known.price_shift, known.floor_prices, known.cuts, known.choice))

    assert {kernel.__name__: kernel.signatures for kernel in jitted} == compiled


def test_exponential_table_is_the_same_on_every_machine():
    """No entry lies so near a half that another machine's logarithm could round it the other way."""
    exact = -np.log((np.arange(4096) + 0.5) / 4096) * 65536

    assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 1e-7
    assert np.array_equal(EXPONENTIAL, np.rint(exact).astype(np.int64))


def test_below_stays_in_range():
    state = np.array([12345], dtype=np.uint64)

    drawn = [kernels.below(state, 7) for _ in range(2_000)]

    assert set(drawn) == set(range(7))
