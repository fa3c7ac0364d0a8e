"""A folder's catalogue is its table of contents: every file is listed, and listed once."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = {"__init__", "base"}
FOLDERS = {  # folder: files beside the catalogue that hold what entries share
    "mechanisms/axioms": {"loops", "search", "shared_lies", "types"},
    "mechanisms/divergences": set(),
    "mechanisms/fine_tuners": {"dual", "optimum", "trained", "welfare"},
    "mechanisms/messages": {"basis"},
    "mechanisms/payments": {"shortest_path"},
    "mechanisms/repeated": {"forecasting", "planned_welfare", "weighted"},
    "mechanisms/training_rules": {"aggregated", "comparisons", "concave_welfare", "duple", "presence", "scored"},
    "reports/outputs": {"filters"},
    "simulate/benchmarks": set(),
    "simulate/equilibria": {"leads", "prices", "solve", "symmetric_nash"},
    "simulate/dynamics": {"basins", "cycles", "phase_portrait", "populations", "rest_points", "trajectory"},
    "simulate/dynamics/finite": {"fixation", "simulation", "small_mutation"},
    "simulate/fine_tuning/games": set(),
    "simulate/scenarios": set(),
    "strategies": {
        "ascent",
        "gaussian_process",
        "joint",
        "learner",
        "natural_step",
        "opponent_shaping",
        "options",
        "pact",
        "parametric",
        "perceptron",
        "promises",
        "starts",
        "streams",
    },
    "strategies/menus": set(),
}

DATA = ("simulate/benchmarks", "simulate/fine_tuning/games", "simulate/scenarios")


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_are_entries(folder: str) -> None:
    package = import_module(folder.replace("/", "."))
    (catalogue,) = [value for name, value in vars(package).items() if name.isupper() and isinstance(value, dict)]
    files = {path.stem for path in (ROOT / folder).glob("*.py")} - SHARED - FOLDERS[folder]
    homes = {getattr(entry, "__module__", "").rsplit(".", 1)[-1] for entry in catalogue.values()}
    if folder in DATA:  # data has no module: names are enough
        homes = {file for file in files if any(name.startswith(file.split("_round")[0]) for name in catalogue)}
    assert homes == files
    assert len({id(entry) for entry in catalogue.values()}) == len(catalogue)


def test_facades_offer_what_the_contract_promises() -> None:
    from mechanisms import AXIOMS, DIVERGENCES, MECHANISMS, PAYMENT_RULES, TRAINING_RULES
    from reports import write_report
    from simulate import EQUILIBRIA, METRICS, SCENARIOS, compare, play
    from strategies import STRATEGIES

    for catalogue in (AXIOMS, DIVERGENCES, MECHANISMS, PAYMENT_RULES, TRAINING_RULES, METRICS, SCENARIOS, STRATEGIES):
        assert catalogue
    assert EQUILIBRIA
    assert all(map(callable, (write_report, compare, play)))
    import mechanisms

    with pytest.raises(AttributeError, match="no attribute 'MECHANISM'"):
        _ = mechanisms.MECHANISM


def test_claims_are_axioms() -> None:
    from mechanisms import AXIOMS, MECHANISMS

    for recipe in MECHANISMS.values():
        assert recipe.claims <= set(AXIOMS)
