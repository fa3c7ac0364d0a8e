"""Files of games: what is written comes back, what others write is understood, what is no game is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.empirical.limits import LARGEST
from simulate.empirical.nfg import read_nfg, write_nfg
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.payoffs_file import game_of, read_game, write_game
from simulate.errors import BadInput
from tests.golden_games import GOLDEN, GoldenGame

NUMBERS = st.floats(-LARGEST, LARGEST, allow_nan=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(str.strip)


@st.composite
def named_games(draw: st.DrawFn) -> NormalForm:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    count = len(sizes) * int(np.prod(sizes))
    table = draw(st.lists(NUMBERS, min_size=count, max_size=count))
    game = NormalForm.of(np.reshape(table, (len(sizes), *sizes)))
    players = draw(st.lists(NAMES, min_size=len(sizes), max_size=len(sizes), unique=True))
    actions = [draw(st.lists(NAMES, min_size=size, max_size=size, unique=True)) for size in sizes]
    return replace(game, players=tuple(players), actions=tuple(map(tuple, actions)))


def require_same(one: NormalForm, other: NormalForm) -> None:
    assert one.payoffs.tobytes() == other.payoffs.tobytes()
    assert one.payoffs.shape == other.payoffs.shape
    assert (one.players, one.actions) == (other.players, other.actions)


@settings(deadline=None)
@given(named_games(), st.text(max_size=8))
def test_nfg_comes_back_to_the_last_bit(game: NormalForm, title: str) -> None:
    require_same(read_nfg(write_nfg(game, title)), game)


@pytest.mark.parametrize("suffix", [".json", ".nfg"])
@pytest.mark.parametrize("golden", GOLDEN[::6], ids=str)
def test_files_come_back(golden: GoldenGame, suffix: str, tmp_path: Path) -> None:
    write_game(tmp_path / f"game{suffix}", golden.game)
    require_same(read_game(tmp_path / f"game{suffix}"), golden.game)


def test_json_keeps_the_welfare_of_a_market(tmp_path: Path) -> None:
    game = replace(NormalForm.of([[[1, 2]], [[3, 4]]]), welfare=np.array([[-1.0, 0.1]]), optimum=7.5)
    write_game(tmp_path / "game.json", game)
    again = read_game(tmp_path / "game.json")
    assert again.welfare.tolist() == game.welfare.tolist()
    assert again.optimum == game.optimum
    silent = game_of({"payoffs": game.payoffs.tolist(), "welfare": [[-1.0, 0.1]]})
    assert silent.optimum == 0.1


# The game of Selten 1975, figure 2, as both versions of the format would have it: three strategies against two.
BY_PROFILE = """NFG 1 R "Selten 1975" { "Row" "Column" } { 3 2 }
1 1  0 2  0 2
1 1  0 3  2 0"""
BY_OUTCOME = """NFG 1 R "Selten \\"1975\\"" { "Row" "Column" }
{ { "T" "M" "B" }
  { "L" "R" } } "a comment, with { braces }"
{ { "even" 1, 1 } { "" 0, 2 } { "late" 0 3 } { "last" 4/2, 0.0 } }
1 2 2
1 3 4"""


@pytest.mark.parametrize("text", [BY_PROFILE, BY_OUTCOME], ids=["payoffs", "outcomes"])
def test_both_versions_of_nfg_are_understood(text: str) -> None:
    game = read_nfg(text)
    assert game.players == ("Row", "Column")
    assert game.payoffs[0].tolist() == [[1, 1], [0, 0], [0, 2]]
    assert game.payoffs[1].tolist() == [[1, 1], [2, 3], [2, 0]]
    named = "{ {" in text
    assert game.actions[0] == (("T", "M", "B") if named else ("action-1", "action-2", "action-3"))


def test_outcome_nothing_and_all_kinds_of_numbers() -> None:
    text = 'NFG 1 D "" { "a" "b" "c" } { { "x" } { "" "" } { "y" "y" } } { { "" -1/4 +2.5e-1 .5 } } 0 1 1 0'
    game = read_nfg(text)
    assert game.sizes == (1, 2, 2)
    assert game.payoffs[:, 0, 1, 0].tolist() == [-0.25, 0.25, 0.5]
    assert game.payoffs[:, 0, 0, 0].tolist() == [0, 0, 0]
    assert game.payoffs[:, 0, 0, 1].tolist() == [-0.25, 0.25, 0.5]
    assert game.actions == (("x",), ("action-1", "action-2"), ("action-1", "action-2"))


HEAD = 'NFG 1 R "t" { "a" "b" } '
REFUSED_NFG = {
    "empty": ("", "ends where 'NFG' is expected"),
    "other": ("EFG 2 R", "'EFG' stands where 'NFG' is expected"),
    "version": ('NFG 2 R "t"', "'2' stands where '1' is expected"),
    "letter": ('NFG 1 Q "t"', "the third word is neither 'R' nor 'D'"),
    "title": ("NFG 1 R t", "'t' stands where the title in quotation marks is expected"),
    "open": ('NFG 1 R "t', "a quotation mark is not closed"),
    "name": ('NFG 1 R "t" { a }', "'a' stands where a player's name in quotation marks is expected"),
    "nobody": ('NFG 1 R "t" { } { }', "0 players are named and the strategies of 0 listed"),
    "missing": (HEAD + "{ 2 } 1 2 3 4", "2 players are named and the strategies of 1 listed"),
    "none": (HEAD + "{ 2 0 }", "player 2 has no strategies"),
    "no-labels": (HEAD + '{ { "x" } { } }', "player 2 has no strategies"),
    "count": (HEAD + "{ 2 1.5 }", "'1.5' stands where a number of strategies"),
    "few": (HEAD + "{ 1 2 } 1 2 3", "3 payoffs follow; 4 are expected"),
    "many": (HEAD + "{ 1 2 } 1 2 3 4 5", "5 payoffs follow; 4 are expected"),
    "word": (HEAD + "{ 1 1 } 1 x", "'x' stands where a payoff"),
    "quoted": (HEAD + '{ 1 1 } 1 "2"', "'2' stands where a payoff"),
    "nan": (HEAD + "{ 1 1 } 1 nan", "'nan' stands where a payoff"),
    "inf": (HEAD + "{ 1 1 } 1 1e999", "'1e999' stands where a payoff"),
    "zero": (HEAD + "{ 1 1 } 1 1/0", "'1/0' stands where a payoff"),
    "outcome": (HEAD + '{ 1 1 } { { "" 1 2 } } 2', "'2' stands where an outcome's number"),
    "negative": (HEAD + '{ 1 1 } { { "" 1 2 } } -1', "'-1' stands where an outcome's number"),
    "short": (HEAD + '{ 1 1 } { { "" 1 } } 1', "outcome 1 has 1 payoffs for 2 players"),
    "indices": (HEAD + '{ 1 2 } { { "" 1 2 } } 1', "1 outcome numbers follow; there are 2 profiles"),
    "nested": (HEAD + "{ { { } } }", "'{' stands where a number or a text is expected"),
    "large": (HEAD + "{ 2000 2000 }", "8000000 payoffs; at most 2000000 are allowed"),
    "crowd": ('NFG 1 R "t" { } {' + " 1" * 40 + " }", "31 players; at most 30 are allowed"),
}


@pytest.mark.parametrize("case", REFUSED_NFG)
def test_what_is_no_nfg_is_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    text, said = REFUSED_NFG[case]
    path = tmp_path / "game.nfg"
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_game(path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(["NFG", "1", "R", '"t"', "{", "}", '"', "2", "0", "-1/2", "x", ","]), max_size=25))
def test_nothing_else_is_raised_for_rubbish(words: list[str]) -> None:
    for text in (" ".join(words), HEAD + " ".join(words), HEAD + '{ { "x" } { "y" "z" } } ' + " ".join(words)):
        with suppress(BadInput):
            assert read_nfg(text).n >= 1


GOOD = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({}, "payoffs is missing"),
    "key": ({"payoffs": GOOD, "payofs": 1}, "no key 'payofs'; did you mean 'payoffs'?"),
    "number": ({"payoffs": 3}, "payoffs is 3; a list is expected"),
    "nobody": ({"payoffs": []}, "payoffs has an empty list"),
    "actionless": ({"payoffs": [[[], []], [[], []]]}, "payoffs has an empty list"),
    "ragged": ({"payoffs": [[[1, 2], [3]], [[5, 6], [7, 8]]]}, "beside a list of 2 stands one of 1"),
    "uneven": ({"payoffs": [[[1, 2], 3], [[5, 6], [7, 8]]]}, "payoffs is ragged: beside a list stands 3"),
    "shallow": ({"payoffs": [[1, 2], [3, 4]]}, "payoffs has shape [2, 2]; 2 players need 3 axes"),
    "deep": ({"payoffs": [[[1, 2], [3, 4]]]}, "payoffs has shape [1, 2, 2]; 1 players need 2 axes"),
    "string": ({"payoffs": [[1, "2"]]}, "payoffs holds '2'; allowed are numbers up to 1e+100 in size"),
    "bool": ({"payoffs": [[1, True]]}, "payoffs holds True"),
    "null": ({"payoffs": [[1, None]]}, "payoffs holds None"),
    "nan": ({"payoffs": [[1, float("nan")]]}, "payoffs holds nan"),
    "inf": ({"payoffs": [[1, float("inf")]]}, "payoffs holds inf"),
    "huge": ({"payoffs": [[1, 10**400]]}, "payoffs holds 1000"),
    "players": ({"payoffs": GOOD, "players": ["a"]}, "players has 1 names; 2 are expected"),
    "twins": ({"payoffs": GOOD, "players": ["a", "a"]}, "players names 'a' twice"),
    "nameless": ({"payoffs": GOOD, "players": ["a", " "]}, "players is ['a', ' ']; a list of 2 names is expected"),
    "actions": ({"payoffs": GOOD, "actions": [["x", "y"]]}, "a list of names for each of 2 players is expected"),
    "one-name": ({"payoffs": GOOD, "actions": [["x", "y"], ["z"]]}, "actions.1 has 1 names; 2 are expected"),
    "not-names": ({"payoffs": GOOD, "actions": [["x", "y"], [1, 2]]}, "actions.1 is [1, 2]"),
    "welfare": ({"payoffs": GOOD, "welfare": [1, 2]}, "welfare has shape [2]; the game's is [2, 2]"),
    "optimum": ({"payoffs": GOOD, "optimum": [1]}, "optimum holds [1]"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_game_is_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    data, said = REFUSED[case]
    with pytest.raises(BadInput) as error:
        game_of(data)
    assert said in str(error.value)
    path = tmp_path / "game.json"
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput) as error:
        read_game(path)
    assert str(error.value).startswith(f"{path}: ")


def test_deep_nesting_is_refused_before_arrays_run_out_of_axes() -> None:
    nested: Any = [1.0]
    for _ in range(200):
        nested = [nested]
    with pytest.raises(BadInput, match="payoffs holds"):
        game_of({"payoffs": nested})


def test_names_are_optional_and_kept() -> None:
    plain, named = game_of({"payoffs": GOOD}), game_of({"payoffs": GOOD, "players": ["a", "b"]})
    assert plain.players == ("player-1", "player-2")
    assert named.players == ("a", "b")
    assert plain.payoffs.tolist() == GOOD
    assert named.actions == (("action-1", "action-2"),) * 2


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.nfg").write_bytes(b"NFG 1 R \xff")
    (tmp_path / "list.json").write_text("[1]")
    for name, said in {
        "game.txt": "suffix '.txt' is not known; allowed are .json, .nfg",
        "absent.nfg": "cannot be read",
        "latin.nfg": "byte 8 is not UTF-8",
        "list.json": "holds a list",
    }.items():
        with pytest.raises(BadInput) as error:
            read_game(tmp_path / name)
        assert said in str(error.value)
    with pytest.raises(BadInput, match="suffix"):
        write_game(tmp_path / "game.gbt", NormalForm.of(GOOD))
