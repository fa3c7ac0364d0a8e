"""Whatever is wrong with a file or an option: one sentence that names it, and exit code 2, in under a second."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.config import override
from simulate.errors import BadInput
from simulate.files import read_mapping
from simulate.load import load
from simulate.scenario import build

GAME = {
    "reference": [0.2, 0.3, 0.5],
    "agents": [{"name": "a", "rewards": [1.0, 0.5, 0.0], "weight": 1}, {"name": "b", "rewards": [0.0, 0.5, 1.0]}],
    "mechanism": {"beta": 0.3},
}

WRONG = {  # dotted settings on GAME, and what the sentence must say
    "typo in a key": ({"mechanism.divergense": "kl"}, ["mechanism", "divergense", "did you mean 'divergence'"]),
    "typo at the top": ({"agnets": []}, ["agnets", "did you mean 'agents'"]),
    "typo in an agent": ({"agents.0.wieght": 1}, ["agents.0", "wieght", "did you mean 'weight'"]),
    "typo in a mechanism": ({"mechanism": "vgc"}, ["vgc", "did you mean 'vcg'"]),
    "typo in a training rule": ({"mechanism.training": "nash"}, ["mechanism.training", "nash_welfare"]),
    "typo in a divergence": ({"mechanism.divergence": "hellingr"}, ["did you mean 'hellinger'"]),
    "typo in a payment": ({"mechanism.payment": "zer0"}, ["did you mean 'zero'"]),
    "typo in a fine-tuner": ({"mechanism.fine_tuner": "exakt"}, ["did you mean 'exact'"]),
    "typo in an option": ({"mechanism.divergence": {"name": "alpha", "ordr": 1}}, ["did you mean 'order'"]),
    "typo in a strategy": ({"agents.1.strategy": "hegde"}, ["agents.1.strategy", "did you mean 'hedge'"]),
    "typo in messages": ({"messages": {"rewards": "unit_bx"}}, ["did you mean 'unit_box'"]),
    "NaN": ({"agents.0.rewards": [float("nan"), 0, 0]}, ["agents.0.rewards", "finite"]),
    "infinity": ({"agents.0.weight": float("inf")}, ["agents.0.weight", "finite"]),
    "negative weight": ({"agents.0.weight": -1}, ["agents.0.weight", "-1", "negative"]),
    "a word for a number": ({"agents.0.rewards": ["much", 0, 0]}, ["agents.0.rewards", "number"]),
    "a truth value for a number": ({"agents.0.rewards": [True, 0, 0]}, ["agents.0.rewards", "number"]),
    "reference does not sum to one": ({"reference": [0.2, 0.3, 0.4]}, ["reference", "0.9", "sum to 1"]),
    "negative reference": ({"reference": [-0.2, 0.7, 0.5]}, ["reference", "-0.2", "negative"]),
    "ragged rewards": ({"agents.0.rewards": [[1, 0, 0], [1, 0]]}, ["agents.0.rewards", "3, 2", "equal"]),
    "too few rewards": ({"agents.0.rewards": [1, 0]}, ["agents.0.rewards", "1 x 2", "1 x 3"]),
    "empty rewards": ({"agents.0.rewards": []}, ["agents.0.rewards", "list of numbers"]),
    "no agents": ({"agents": []}, ["agents", "at least 1"]),
    "zero beta": ({"mechanism.beta": 0}, ["beta", "above 0"]),
    "negative beta": ({"mechanism.beta": -1}, ["mechanism.beta", "greater than or equal to 0"]),
    "zero rounds": ({"rounds": 0}, ["rounds", "greater than or equal to 1"]),
    "fractional rounds": ({"rounds": 1.5}, ["rounds"]),
    "twice the same name": ({"agents.1.name": "a"}, ["'a'", "twice"]),
    "outside the message space": ({"messages": {"rewards": "sum_to_one"}}, ["sum_to_one", "normalise: true"]),
    "above the largest weight": ({"messages": {"max_weight": 0.5}}, ["max_weight 0.5"]),
    "a report outside": (
        {"messages": {"rewards": "unit_box"}, "agents.0.report": {"rewards": [2, 0, 0]}},
        ["the report of 'a'", "unit_box"],
    ),
    "unknown pool": ({"reference": {"pool": "story_tone"}}, ["story_tone"]),
    "unknown kind of reference": ({"reference": {"uniform": 3}}, ["reference", "pool, random"]),
    "a reward model without a pool": ({"agents.0.rewards": {"model": "calm"}}, ["agents.0.rewards", "pool"]),
    "an unsafe name": ({"name": "../outside"}, ["name"]),
    "a menu without policies": ({"mechanism.fine_tuner": "menu"}, ["menu", "policies"]),
    "influence of the wrong length": (
        {"mechanism.training": {"name": "social_welfare", "influence": [1, 2, 3]}},
        ["mechanism.training.influence", "2 numbers"],
    ),
    "words for boosts": (
        {"mechanism.training": {"name": "social_welfare", "boosts": [["a"]]}},
        ["mechanism.training.boosts", "lists of numbers"],
    ),
    "boosts of the wrong shape": (
        {"mechanism.training": {"name": "social_welfare", "boosts": [[1.0]]}},
        ["mechanism.training.boosts", "1 x 3"],
    ),
    "a menu of the wrong shape": (
        {"mechanism.fine_tuner": {"name": "menu", "policies": [[[0.5, 0.5]]]}},
        ["mechanism.fine_tuner.policies", "1 x 3"],
    ),
    "a menu that does not sum": (
        {"mechanism.fine_tuner": {"name": "menu", "policies": [[[0.5, 0.1, 0.1]]]}},
        ["mechanism.fine_tuner.policies", "summing to 1"],
    ),
    "nash welfare with a kink": (
        {"mechanism.training": "nash_welfare", "mechanism.divergence": "total_variation"},
        ["mechanism", "kink"],
    ),
    "prompt weights that do not sum": ({"prompt_weights": [0.5]}, ["prompt_weights", "sum to 1"]),
    "a learner that sees too little": (
        {"information": "bandit", "agents.0.strategy": "hedge"},
        ["agents.0.strategy", "hedge", "information: outcome"],
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_values_are_sentences(what: str, tmp_path: Path) -> None:
    settings, words = WRONG[what]
    with pytest.raises(BadInput) as caught:
        build(load(override(GAME, settings)), "game.json")
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    for word in words:
        assert word in message


FILES = {
    "deep.yaml": ("[" * 5000 + "]" * 5000, "nested deeper"),
    "deep-block.yaml": ("\n".join(" " * i + "a:" for i in range(5000)), "nested deeper"),
    "deep.json": ("[" * 5000 + "]" * 5000, "nested deeper"),
    "deep.toml": ("a = " + "[" * 5000 + "]" * 5000, "nested deeper"),
    "alias.yaml": ("a: &x [1]\nb: *x\n", "line 1: anchors and aliases are not allowed"),
    "bomb.yaml": ("a: &a [1,1]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "aliases are not allowed"),
    "tag.yaml": ("a: !!python/object/apply:os.system ['true']\n", "tag"),
    "twice.yaml": ("rounds: 1\nrounds: 2\n", "duplicate key"),
    "twice.json": ('{"rounds": 1, "rounds": 2}', "'rounds' occurs twice"),
    "twice.toml": ("rounds = 1\nrounds = 2\n", "Cannot overwrite"),
    "nan.json": ('{"beta": NaN}', "NaN is not a finite number"),
    "bad.json": ("{", "line 1 column 2"),
    "bad.yaml": ("a: [1,\nb: 2", "line 2"),
    "list.yaml": ("- 1\n- 2\n", "a mapping of keys is expected"),
    "empty.yaml": ("", "a mapping of keys is expected"),
    "bytes.toml": (b"a = '\xff'", "not UTF-8"),
    "game.pkl": ("", "'.pkl' is not known"),
}


@pytest.mark.parametrize("name", FILES)
def test_wrong_files_are_sentences_in_under_a_second(name: str, tmp_path: Path) -> None:
    content, expected = FILES[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    start = time.process_time()
    with pytest.raises(BadInput) as caught:
        read_mapping(path)
    assert time.process_time() - start < 1
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_yaml_is_version_1_2(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: no\nb: 1e-3\nc: 12:30\nd: 0o10\n")
    assert read_mapping(path) == {"a": "no", "b": 1e-3, "c": "12:30", "d": 8}


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"rounds": 1}).encode())
    assert read_mapping(path) == {"rounds": 1}


def test_missing_file_and_unknown_scenario() -> None:
    with pytest.raises(BadInput, match=r"nowhere\.toml: cannot be read"):
        load("nowhere.toml")
    with pytest.raises(BadInput, match="did you mean 'two_camps'"):
        load("two_camp")


def test_overrides_reach_everywhere() -> None:
    changed = override(
        {**GAME, "mechanism": "vcg"},
        {
            "mechanism.beta": 0.7,
            "agents.1.weight": 3,
            "mechanism.divergence.order": 2,
            "mechanism.divergence.name": "alpha",
        },
    )
    assert changed["mechanism"]["beta"] == 0.7
    assert changed["mechanism"]["payment"] == "affine_maximizer"
    assert changed["mechanism"]["divergence"] == {"name": "alpha", "order": 2}
    assert changed["agents"][1]["weight"] == 3
    assert "weight" not in GAME["agents"][1]
    with pytest.raises(BadInput, match="allowed are 0 to 1"):
        override(GAME, {"agents.2.weight": 3})
    with pytest.raises(BadInput, match="nothing to set"):
        override(GAME, {"reference.0.x": 3})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                    max_leaves=8),
       st.sampled_from(["reference", "agents", "messages", "mechanism", "rounds", "information", "prompt_weights",
                        "agents.0.rewards", "agents.0.weight", "agents.0.strategy", "agents.0.report",
                        "mechanism.training", "mechanism.divergence", "mechanism.fine_tuner", "mechanism.payment",
                        "messages.rewards", "reference.random", "agents.0.rewards.random"]))  # fmt: skip
def test_no_value_anywhere_makes_anything_but_a_sentence(value: object, key: str) -> None:
    message = ""
    try:
        build(load(override(GAME, {key: value})), "game")
    except BadInput as error:
        message = str(error)
    assert "\n" not in message
