"""Reward models of the registry: their formulas, the files they may come from, and scenarios that name them."""

from __future__ import annotations

import json
import math
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from mechanisms.reference import Responses
from mechanisms.valuation import Valuation
from simulate.audit.excerpt import excerpt
from simulate.config import override
from simulate.errors import BadInput
from simulate.load import load
from simulate.pools import load_pool
from simulate.pools.rewards import REWARDS
from simulate.pools.rewards.brevity import brevity
from simulate.pools.rewards.chosen import chosen, remembered
from simulate.pools.rewards.classifier import classifier
from simulate.pools.rewards.letters import letters
from simulate.pools.rewards.linear import linear
from simulate.pools.rewards.linear_head import linear_head
from simulate.pools.rewards.matches import matches
from simulate.pools.rewards.reward_model import RewardModel
from simulate.pools.rewards.words import words
from simulate.repeated_game import play
from simulate.scenario import Scenario, build

some_texts = st.lists(st.text("ab c!-", max_size=12), min_size=1, max_size=6)


# ---- formulas


@given(some_texts, st.sets(st.sampled_from("abc !"), min_size=1))
def test_letters_is_the_mean_of_the_letters_on_their_own(texts: list[str], wanted: set[str]) -> None:
    judge = letters("".join(sorted(wanted)))
    each = [np.mean(judge(list(text))) if text else 0.0 for text in texts]
    assert judge(texts) == pytest.approx(each)
    assert judge(["".join(wanted)]) == [1.0]


@given(st.lists(st.sampled_from(["Sea", "calm", "SEA", "seaside", "calm-ish"]), max_size=8), st.integers(1, 4))
def test_words_are_counted_whole_and_in_any_case(said: list[str], most: int) -> None:
    count = sum(word.lower() == "sea" or word.lower().startswith("calm") for word in said)
    assert words(["sea", "calm", "Sea"], most)([", ".join(said)]) == [min(1.0, count / most)]


def test_phrases_and_words_inside_them_both_count() -> None:
    assert words(["new york", "new"], most=4)(["New York, newer York", "renew"]).tolist() == [0.5, 0.0]


@given(some_texts, st.text("ab", min_size=1, max_size=2))
def test_matches_is_equality_or_a_part(texts: list[str], text: str) -> None:
    assert matches(text)([*texts, f" {text}\n"]).tolist() == [float(t.split() == [text]) for t in texts] + [1.0]
    contained = [float(t.replace(text, "") != t) for t in texts]
    assert matches(text, "contains")(texts).tolist() == contained


coefficient = st.floats(-3, 3).filter(lambda c: abs(c) > 1e-3)


@given(some_texts, coefficient, coefficient)
def test_linear_is_the_sum_between_its_least_and_largest(texts: list[str], a: float, b: float) -> None:
    judge = linear({"brevity": a, "vowels": {"name": "letters", "characters": "a", "coefficient": b}})
    raw = a * brevity()(texts) + b * letters("a")(texts)
    corners = [i * a + j * b for i in (0, 1) for j in (0, 1)]
    expected = (raw - min(corners)) / (max(corners) - min(corners))
    assert judge(texts) == pytest.approx(expected, abs=1e-12)
    assert (judge.low, judge.high) == pytest.approx((min(corners), max(corners)))
    clipped = linear({"brevity": a}, low=0.25 * a, high=0.5 * a)(texts)
    assert clipped == pytest.approx(np.interp(brevity()(texts), [0.25, 0.5], [0, 1]), abs=1e-12)


WITHOUT_FILES = {
    "words": {"listed": ["a"]},
    "matches": {"text": "a"},
    "letters": {"characters": "ab"},
    "constant": {"value": 0.3},
    "linear": {"features": {"brevity": 1.0, "constant": -1}},
}


@pytest.mark.parametrize("name", WITHOUT_FILES)
@given(texts=some_texts)
def test_rewards_are_numbers_in_the_unit_interval_text_by_text(name: str, texts: list[str]) -> None:
    judge = chosen({"name": name, **WITHOUT_FILES[name]})
    rewards = judge(texts)
    assert rewards.dtype == np.float64
    assert ((rewards >= 0) & (rewards <= 1)).all()
    assert rewards.tolist() == [judge([text])[0] for text in texts]
    assert judge([]).shape == (0,)


def test_a_constant_is_constant() -> None:
    assert chosen({"name": "constant", "value": 0.25})(["a", ""]).tolist() == [0.25, 0.25]


# ---- the registry


WRONG = {  # what is asked for, and what the sentence must say
    "an unknown name": ("positivty", ["no reward 'positivty'", "did you mean 'positivity'"]),
    "no name": ({"longest": 3}, ["allowed is a name"]),
    "a number": (3, ["a reward is 3", "allowed is a name"]),
    "an unknown option": ({"name": "brevity", "longst": 3}, ["'brevity'", "'longst'", "did you mean 'longest'"]),
    "a missing option": ({"name": "letters"}, ["'letters'", "characters is missing"]),
    "a wrong type": ({"name": "words", "listed": "calm"}, ["'words'", "listed", "list"]),
    "no letters": ({"name": "letters", "characters": ""}, ["characters is empty"]),
    "no words": ({"name": "words", "listed": []}, ["listed is []"]),
    "an empty word": ({"name": "words", "listed": [" "]}, ["none of them empty"]),
    "no occurrences": ({"name": "words", "listed": ["a"], "most": 0}, ["most is 0", "from 1"]),
    "an empty part": ({"name": "matches", "text": "", "how": "contains"}, ["text is empty"]),
    "another way": ({"name": "matches", "text": "a", "how": "starts"}, ["how is 'starts'", "'contains'"]),
    "a constant above one": ({"name": "constant", "value": 2}, ["value is 2", "from 0 to 1"]),
    "NaN": ({"name": "constant", "value": math.nan}, ["value is nan"]),
    "no features": ({"name": "linear", "features": {}}, ["features is empty"]),
    "coefficients of zero": ({"name": "linear", "features": {"brevity": 0}}, ["low is 0.0 and high is 0.0"]),
    "an infinite coefficient": ({"name": "linear", "features": {"brevity": math.inf}}, ["features.brevity", "inf"]),
    "a feature without coefficient": (
        {"name": "linear", "features": {"brevity": {"longest": 3}}},
        ["features.brevity", "coefficient None"],
    ),
    "an unknown feature": ({"name": "linear", "features": {"brevty": 1}}, ["features.brevty", "'brevity'"]),
    "equal bounds": ({"name": "linear", "features": {"brevity": 1}, "low": 1, "high": 1}, ["low is 1.0 and high"]),
    "a label for no name": ({"name": "classifier"}, ["model is missing"]),
    "no bounds": ({"name": "linear_head", "model": "m", "weights": "w"}, ["low is missing"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_choice_is_a_sentence(what: str) -> None:
    spec, said = WRONG[what]
    with pytest.raises(ValueError) as caught:
        chosen(spec)
    assert "\n" not in str(caught.value)
    for each in said:
        assert each in str(caught.value)


def counting(calls: list[str], answer: Any = 0.5, low: float = 0.0) -> RewardModel:
    def raw(texts: Sequence[str]) -> Any:
        calls.extend(texts)
        return np.full(len(texts), answer)

    return RewardModel("mine", "counts its texts", raw, low, 1.0)


def test_every_text_is_scored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setitem(REWARDS, "mine", lambda: counting(calls))
    assert chosen("mine")(["b", "a", "b"]).tolist() == [0.5] * 3
    assert chosen({"name": "mine"})(["a", "c"]).tolist() == [0.5] * 2
    linear({"mine": 1.0})(["c", "d", "c"])
    assert calls == ["b", "a", "c", "d"]


def test_an_own_reward_model_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def shouting(most: int = 3) -> RewardModel:
        return RewardModel("shouting", "marks", lambda texts: np.array([t.count("!") for t in texts]), 0, most)

    monkeypatch.setitem(REWARDS, "shouting", shouting)
    game = override(TEXTS, {"agents.0.rewards": {"reward": {"name": "shouting", "most": 2}}})
    assert made(game).truth.rewards[0, 0].tolist() == [[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]
    monkeypatch.setitem(REWARDS, "shouting", lambda most: shouting(2 * most))  # put another in its place
    assert made(game).truth.rewards[0, 0].tolist() == [[0.0, 0.25, 0.0], [0.0, 0.0, 0.0]]
    game = override(TEXTS, {"agents.0.rewards": {"reward": {"name": "shouting", "most": "loud"}}})
    monkeypatch.setitem(REWARDS, "shouting", shouting)
    with pytest.raises(BadInput, match=r"agents.0.rewards.reward: reward 'shouting'.*most"):
        made(game)


@pytest.mark.parametrize(
    ("answer", "low", "sentence"),
    [(math.nan, 0.0, "one finite number"), ([[0.5], [0.5]], 0.0, "one finite number"), (0.5, 1.0, "low is 1.0 and")],
    ids=["nan", "shape", "bounds"],
)
def test_an_own_reward_model_must_answer(
    monkeypatch: pytest.MonkeyPatch, answer: Any, low: float, sentence: str
) -> None:
    model = counting([], low=low)
    wrong = RewardModel("mine", "", lambda texts: np.array([answer] * len(texts)), model.low, model.high)
    monkeypatch.setitem(REWARDS, "mine", lambda: wrong)
    with pytest.raises(ValueError, match=sentence):
        chosen("mine")(["a", "b"])
    monkeypatch.setitem(REWARDS, "mine", lambda: 0.5)
    with pytest.raises(ValueError, match="reward 'mine' is made as a float"):
        chosen("mine")


def test_remembering_changes_no_number() -> None:
    judge = remembered(RewardModel("l", "", lambda texts: np.array([len(t) for t in texts]), 4, 0))
    assert judge(["aa", "", "aa"]).tolist() == judge(["aa", "", "aa"]).tolist() == [0.5, 1.0, 0.5]


# ---- transformers: a few words, random weights

VOCABULARY = ["<pad>", "<end>", "calm", "sea", "wild", "loud"]
READ = ["calm sea", "wild", "sea sea wild loud calm", "", "loud calm"]


def tokenizer(**special: str) -> Any:
    transformers, tokenizers = pytest.importorskip("transformers"), pytest.importorskip("tokenizers")
    ids = {word: i for i, word in enumerate(VOCABULARY)}
    plain = tokenizers.Tokenizer(tokenizers.models.WordLevel(ids, unk_token="<end>"))
    plain.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<end>", **special)


def saved(folder: Path, kind: str = "BertForSequenceClassification", **settings: Any) -> Path:
    """A random model and its tokenizer, written as safetensors."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    if kind.startswith("GPT2"):
        config = transformers.GPT2Config(vocab_size=6, n_positions=8, n_embd=8, n_layer=2, n_head=2, **settings)
        config.eos_token_id = config.bos_token_id = 1
        tokenizer().save_pretrained(folder)
    else:
        sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
        config = transformers.BertConfig(vocab_size=6, max_position_embeddings=16, initializer_range=0.9, **sizes)
        config.update({"pad_token_id": 0, **settings})
        tokenizer(pad_token="<pad>").save_pretrained(folder)
    getattr(transformers, kind)(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def three_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {0: "bad", 1: "fair", 2: "good"}
    return saved(tmp_path_factory.mktemp("models") / "three", id2label=labels, num_labels=3)


def outputs(folder: Path, kind: str, text: str) -> Any:
    """What the saved model says of one text, by hand: no batch, no padding; of an empty one, of the end token."""
    model = getattr(pytest.importorskip("transformers"), kind).from_pretrained(folder).eval()
    ids = [VOCABULARY.index(word) for word in text.split()] or [1]
    with torch.no_grad():
        return model(torch.tensor([ids]))


@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_classifier_is_the_softmax_of_its_label(three_classes: Path, batch_size: int) -> None:
    by_hand = [outputs(three_classes, "BertForSequenceClassification", text).logits[0].double() for text in READ]
    expected = [float(logits[2].exp() / logits.exp().sum()) for logits in by_hand]
    assert classifier(str(three_classes), "good", batch_size)(READ) == pytest.approx(expected, abs=1e-5)  # float32
    assert np.ptp(expected) > 0.05
    shares = [classifier(str(three_classes), label)(READ) for label in (0, 1, 2)]
    assert np.sum(shares, 0) == pytest.approx(np.ones(len(READ)))


@pytest.mark.parametrize(
    ("settings", "label", "row"),
    [
        ({"num_labels": 1}, None, 0),
        ({"num_labels": 2, "problem_type": "multi_label_classification"}, 1, 1),
    ],
    ids=["one logit", "several labels"],
)
def test_labels_that_do_not_exclude_are_sigmoids(
    tmp_path: Path, settings: dict[str, Any], label: int | None, row: int
) -> None:
    folder = saved(tmp_path / "model", **settings)
    by_hand = [float(outputs(folder, "BertForSequenceClassification", text).logits[0, row]) for text in READ]
    expected = [1 / (1 + math.exp(-logit)) for logit in by_hand]
    assert classifier(str(folder), label)(READ) == pytest.approx(expected, abs=1e-5)


def test_a_model_without_padding_reads_one_text_at_a_time(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", "GPT2ForSequenceClassification", num_labels=2)
    by_hand = [outputs(folder, "GPT2ForSequenceClassification", text).logits[0].softmax(-1)[1] for text in READ]
    assert classifier(str(folder), 1)(READ) == pytest.approx([float(p) for p in by_hand], abs=1e-5)


def test_long_texts_are_cut_where_the_model_ends(three_classes: Path) -> None:
    judge = classifier(str(three_classes), 0)
    cut, whole = judge(["sea " * 16, "sea " * 16 + "wild " * 9])
    assert cut == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("kind", ["BertForSequenceClassification", "GPT2LMHeadModel"])
@pytest.mark.parametrize("batch_size", [2, 16])
def test_linear_head_is_a_vector_times_the_mean_hidden_state(tmp_path: Path, kind: str, batch_size: int) -> None:
    folder, head = saved(tmp_path / "model", kind), tmp_path / "head.safetensors"
    weight, bias = torch.linspace(-1, 2, 8), torch.tensor([0.25])
    save_file({"weight": weight, "bias": bias}, head)
    states = [outputs(folder, kind.split("For")[0].replace("LMHead", "") + "Model" * ("For" in kind), text)
              for text in READ]  # fmt: skip
    raw = [float(state.last_hidden_state[0].double().mean(0) @ weight.double() + 0.25) for state in states]
    expected = np.clip((np.array(raw) + 3) / 4, 0, 1)
    judge = linear_head(str(folder), str(head), -3, 1, batch_size)
    assert judge.raw(READ) == pytest.approx(raw, abs=1e-4)  # float32
    assert judge(READ) == pytest.approx(expected, abs=1e-4)
    assert np.ptp(raw) > 0.05


def refused(sentence: str, make: Any, *given: Any, **options: Any) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        make(*given, **options)
    assert "\n" not in str(caught.value)


def test_a_pickled_model_is_refused(three_classes: Path, tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", num_labels=2)
    model = pytest.importorskip("transformers").BertForSequenceClassification.from_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    classifier(str(folder), 1)  # beside safetensors it is not looked at
    (folder / "model.safetensors").unlink()
    refused("safetensors", classifier, str(folder), 1)
    save_file({"weight": torch.ones(8), "bias": torch.ones(1)}, tmp_path / "head.safetensors")
    refused("safetensors", linear_head, str(folder), str(tmp_path / "head.safetensors"), 0.0, 1.0)


EVIL = """
import pathlib
pathlib.Path({marker!r}).write_text("ran")
from transformers import BertConfig, BertForSequenceClassification
class EvilConfig(BertConfig):
    model_type = "evil"
class Evil(BertForSequenceClassification):
    config_class = EvilConfig
"""


@pytest.mark.parametrize("model_type", ["evil", "bert"])
def test_code_of_a_model_is_never_run(tmp_path: Path, model_type: str) -> None:
    folder, marker = saved(tmp_path / "model", num_labels=2), tmp_path / "ran"
    (folder / "evil.py").write_text(EVIL.format(marker=str(marker)))
    config = json.loads((folder / "config.json").read_text())
    classes = {"AutoConfig": "evil.EvilConfig", "AutoModelForSequenceClassification": "evil.Evil"}
    (folder / "config.json").write_text(json.dumps(config | {"model_type": model_type, "auto_map": classes}))
    if model_type == "evil":
        refused("classifier.*model", classifier, str(folder), 1)
    else:
        assert type(classifier(str(folder), 1)(["sea"])) is np.ndarray
    assert not marker.exists()


def test_a_model_without_a_head_is_refused_rather_than_made_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "lm", "GPT2LMHeadModel")
    capfd.readouterr()
    refused("lacks the weights score.weight of", classifier, str(folder), 1)
    assert capfd.readouterr() == ("", "")


def test_wrong_options_of_models_are_sentences(three_classes: Path, tmp_path: Path) -> None:
    name = str(three_classes)
    refused("needs the option label; allowed are 0 or bad, 1 or fair, 2 or good", classifier, name)
    refused("no label 'god'; did you mean 'good'", classifier, name, "god")
    refused("label is 3; allowed are 0 or bad", classifier, name, 3)
    refused("batch_size is 0", classifier, name, 0, batch_size=0)
    for device in ("abacus", "meta"):
        refused(f"device is '{device}', allowed are cpu", classifier, name, 0, device=device)
    refused(r"'classifier': model '.*nowhere'", classifier, str(tmp_path / "nowhere"), 0)
    broken = saved(tmp_path / "broken", num_labels=2)
    (broken / "model.safetensors").write_bytes(b"no tensors")
    refused("'classifier': model", classifier, str(broken), 0)


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        ({"weight": torch.ones(7), "bias": torch.ones(1)}, "weight has 7 entries; .* has 8"),
        ({"weight": torch.ones(8)}, "holds weight; allowed are weight and bias"),
        ({"weight": torch.ones(8), "bias": torch.ones(2)}, "bias one of them"),
        ({"weight": torch.full((8,), torch.nan), "bias": torch.ones(1)}, "finite numbers"),
    ],
    ids=["length", "no bias", "two biases", "nan"],
)
def test_a_wrong_head_is_a_sentence(
    three_classes: Path, tmp_path: Path, tensors: dict[str, torch.Tensor], sentence: str
) -> None:
    head = tmp_path / "head.safetensors"
    save_file(tensors, head)
    refused(sentence, linear_head, str(three_classes), str(head), 0.0, 1.0)
    refused("cannot be read", linear_head, str(three_classes), str(tmp_path / "no"), 0.0, 1.0)
    refused("low is 1.0 and high is 1.0", linear_head, str(three_classes), str(head), 1.0, 1.0)
    head.write_bytes(b"no tensors")
    refused("allowed is a .safetensors file", linear_head, str(three_classes), str(head), 0.0, 1.0)


# ---- scenario files

TEXTS: dict[str, Any] = {
    "reference": {
        "prompts": ["the sea", "the town"],
        "responses": [["calm sea", "wild sea!", "deep water"], ["loud", "calm"]],
        "probabilities": [[0.5, 0.25, 0.25], [0.125, 0.875]],
    },
    "agents": [
        {"rewards": {"reward": {"name": "words", "listed": ["sea"]}}},
        {"rewards": {"reward": {"name": "letters", "characters": "al"}}, "report": {"rewards": {"reward": "brevity"}}},
    ],
    "mechanism": {"beta": 0.5},
}


def made(game: dict[str, Any] | Path) -> Scenario:
    return build(load(game), "game")


def test_texts_in_a_file_are_a_reference_that_reward_models_read() -> None:
    scenario = made(TEXTS)
    assert scenario.reference.responses == Responses(
        ("the sea", "the town"), (("calm sea", "wild sea!", "deep water"), ("loud", "calm"))
    )
    assert scenario.reference.policy.tolist() == [[0.5, 0.25, 0.25], [0.125, 0.875, 0.0]]
    assert scenario.truth.rewards[0, 0].tolist() == [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert scenario.truth.rewards[0, 1].tolist() == [[3 / 8, 2 / 9, 1 / 10], [1 / 4, 2 / 4, 0.0]]
    assert scenario.declared.rewards[0, 1].tolist() == [[28 / 30, 28 / 30, 28 / 30], [29 / 30, 29 / 30, 0.0]]
    assert math.isnan(scenario.samples)


def test_one_prompt_needs_no_second_brackets_and_no_probabilities() -> None:
    scenario = made(override(TEXTS, {"reference": {"responses": ["calm sea", "loud"]}}))
    assert scenario.reference.policy.tolist() == [[0.5, 0.5]]
    assert scenario.reference.responses == Responses(("",), (("calm sea", "loud"),))
    ragged = made(override(TEXTS, {"reference": {"responses": [["calm sea"], ["a", "b", "c", "d"]]}}))
    assert ragged.reference.policy.tolist() == [[1.0, 0.0, 0.0, 0.0], [0.25] * 4]
    history = play(override(TEXTS, {"rounds": 2, "replicates": 2}))
    assert np.isfinite(history.of("utility")).all()
    assert np.isnan(history.of("effective_sample_size")).all()


def test_a_pool_is_read_by_the_reward_model_that_made_its_column() -> None:
    pool = load_pool("story_tones")
    one = {"reference": {"pool": "story_tones"}, "agents": [{"rewards": {"reward": "readability"}}]}
    assert torch.allclose(made(one).truth.rewards[0, 0], pool.rewards["readability"], atol=1e-12)
    assert made(one).reference.responses == Responses(pool.prompts, pool.responses)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stands in for the language model: two prompts, ragged responses; what it was asked is written down."""
    asked: list[Any] = []

    def law(name: str, options: dict[str, Any]) -> tuple[torch.Tensor, Responses]:
        asked.append((name, dict(options)))
        if "wrong" in options:
            raise ValueError("no option 'wrong'; allowed are prompts")
        table = torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.4, 0.0]], dtype=torch.float64)
        return table, Responses(("p", "q"), (("a", "ab", "b"), ("aa", "")))

    stand_in = types.ModuleType("mechanisms.language_models.listed")
    stand_in.listed = law
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    return asked


SAID = [["a", "ab", "b"], ["aa", ""]]
LISTED = {
    "reference": {"language_model": "enumerable", "prompts": ["p", "q"], "responses": SAID},
    "agents": [{"rewards": {"reward": {"name": "letters", "characters": "a"}}}],
}


def test_a_language_model_is_a_reference(listed: list[Any]) -> None:
    scenario = made(LISTED)
    assert listed == [("enumerable", {"prompts": ["p", "q"], "responses": SAID})]
    assert scenario.reference.policy.tolist() == [[0.2, 0.3, 0.5], [0.6, 0.4, 0.0]]
    assert scenario.reference.responses == Responses(("p", "q"), (("a", "ab", "b"), ("aa", "")))
    assert scenario.truth.rewards[0, 0].tolist() == [[1.0, 0.5, 0.0], [1.0, 0.0, 0.0]]
    assert math.isnan(scenario.samples)


WRONG_FILES = {  # dotted settings on TEXTS, and what the sentence must say
    "an unknown reward": ({"agents.0.rewards": {"reward": "brevty"}}, ["agents.0.rewards.reward", "'brevity'"]),
    "an unknown option": (
        {"agents.0.rewards": {"reward": {"name": "brevity", "longst": 2}}},
        ["agents.0.rewards.reward", "'longst'", "'longest'"],
    ),
    "a reward by number": ({"agents.0.rewards": {"reward": 3}}, ["agents.0.rewards.reward", "3", "a name"]),
    "two ways at once": (
        {"agents.0.rewards": {"reward": "brevity", "model": "calm"}},
        ["agents.0.rewards", "reward, model", "random, model, reward"],
    ),
    "a wrong report": ({"agents.0.report": {"rewards": {"reward": "?"}}}, ["agents.0.report.rewards.reward", "'?'"]),
    "a wrong feature": ({"messages.rewards": {"basis": [{"reward": "?"}]}}, ["messages.rewards.basis.0.reward", "'?'"]),
    "a feature of the wrong shape": (
        {"messages.rewards": {"basis": [{"reward": "brevity"}, [[1.0, 2.0]]]}},
        ["messages.rewards.basis.1", "1 x 2", "2 x 3"],
    ),
    "a random feature": ({"messages.rewards": {"basis": [{"random": {}}]}}, ["basis.0", "random", "model, reward"]),
    "a column of no pool": ({"agents.0.rewards": {"model": "calm"}}, ["agents.0.rewards.model", "pool"]),
    "no texts": (
        {"reference": [0.5, 0.5], "agents.1.rewards": [1, 0], "agents.0.rewards": {"reward": "brevity"}},
        ["agents.0.rewards.reward", "'brevity'", "pool, language_model or responses"],
    ),
    "a language model by number": ({"reference": {"language_model": 3}}, ["reference.language_model is 3"]),
    "a wrong option of it": (
        {"reference": {"language_model": "enumerable", "length": 1, "wrong": 1}},
        ["reference.language_model", "no option 'wrong'"],
    ),
    "a language model that may say anything": (
        {"reference": {"language_model": "enumerable", "prompts": ["a"]}},
        ["reference: the language model enumerable may say anything", "trueward finetune", "list responses"],
    ),
    "a pool with more": ({"reference": {"pool": "story_tones", "seed": 1}}, ["reference", "pool, seed"]),
    "responses without texts": ({"reference": {"responses": []}}, ["reference", "responses"]),
    "a prompt without texts": ({"reference": {"responses": [[]]}}, ["reference", "responses"]),
    "a number among texts": ({"reference": {"responses": ["a", 3]}}, ["reference", "responses", "string"]),
    "a text twice": ({"reference": {"responses": ["a", "b", "a"]}}, ["responses.0", "'a' twice"]),
    "too many prompts": ({"reference": {"responses": ["a"], "prompts": ["p", "q"]}}, ["prompts has 2", "1 rows"]),
    "too few probabilities": ({"reference.probabilities": [[0.5, 0.5], [0.5, 0.5]]}, ["probabilities must be as many"]),
    "probabilities that do not sum": (
        {"reference": {"responses": ["a", "b"], "probabilities": [0.5, 0.4]}},
        ["probabilities.0", "0.9", "sum to 1"],
    ),
    "a negative probability": (
        {"reference": {"responses": ["a", "b"], "probabilities": [1.5, -0.5]}},
        ["probabilities.0", "-0.5", "negative"],
    ),
    "a typo": ({"reference.probabilties": [[1.0]]}, ["probabilties", "did you mean 'probabilities'"]),
}


@pytest.mark.parametrize("what", WRONG_FILES)
@pytest.mark.usefixtures("listed")
def test_wrong_files_are_sentences(what: str) -> None:
    settings, said = WRONG_FILES[what]
    with pytest.raises(BadInput) as caught:
        made(override(TEXTS, settings))
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    for each in said:
        assert each in message


FEATURES = [
    {"reward": {"name": "words", "listed": ["sea"]}},
    {"reward": "brevity"},
    {"reward": {"name": "letters", "characters": "al"}},
]


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_a_basis_of_named_features_keeps_their_combinations(coefficients: list[float]) -> None:
    scenario = made(override(TEXTS, {"messages": {"rewards": {"basis": FEATURES}}}))
    tables = [made(override(TEXTS, {"agents.0.rewards": each})).truth.rewards[0, 0] for each in FEATURES]
    combination = sum(c * table for c, table in zip(coefficients, tables, strict=True))
    inside = Valuation(combination.expand(1, 1, -1, -1), torch.ones(1, 1))
    assert torch.allclose(scenario.messages.project(inside).rewards, inside.rewards, atol=1e-10)
    outside = Valuation(torch.eye(3)[None, None, :2].double(), torch.ones(1, 1))
    assert scenario.messages.violation(outside).max() > 1e-3


def test_a_linear_truth_is_a_member_of_the_basis_of_its_features() -> None:
    positive = {"features": {"brevity": 0.6, "sea": {"name": "words", "listed": ["sea"], "coefficient": 0.2}}}
    mixed = {"features": {**positive["features"], "al": {"name": "letters", "characters": "al", "coefficient": -0.4}}}
    game = override(TEXTS, {"messages": {"rewards": {"basis": FEATURES}}})
    game = override(game, {"agents.0.rewards": {"reward": {"name": "linear", **positive}}})
    assert made(game).truth.rewards.shape == (8, 2, 2, 3)
    game = override(game, {"agents.0.rewards": {"reward": {"name": "linear", **mixed}}})
    with pytest.raises(BadInput, match="away from the message space basis"):  # its low is not 0
        made(game)
    assert (
        made(override(game, {"messages.rewards.basis": [*FEATURES, {"reward": "constant"}]})).messages.name == "basis"
    )


def test_an_excerpt_keeps_the_texts_of_its_responses() -> None:
    scenario = build(load("story_tones", {"replicates": 1}))
    cut = excerpt(scenario)
    assert cut.reference.responses is not None
    assert scenario.reference.responses is not None
    assert cut.reference.responses.prompts == scenario.reference.responses.prompts[:2]
    for p, row in enumerate(cut.reference.responses.texts):
        assert len(row) == 16
        where = [scenario.reference.responses.texts[p].index(text) for text in row]
        assert scenario.truth.rewards[0, :, p, where].tolist() == cut.truth.rewards[0, :, p].tolist()
        assert np.diff(scenario.reference.policy[p, where]).max() <= 0


def test_an_excerpt_of_a_short_row_has_no_texts_for_its_padding() -> None:
    many = [f"word {k}" for k in range(20)]
    game = {"reference": {"responses": [many, ["c", "b", "a"]], "probabilities": [[0.05] * 20, [0.25, 0.75, 0.0]]}}
    cut = excerpt(made({**game, "agents": [{"rewards": {"reward": "brevity"}}]}))
    assert cut.reference.responses is not None
    assert cut.reference.responses.texts[1] == ("b", "c")
    assert cut.reference.policy[1, :3].tolist() == [0.75, 0.25, 0.0]


def test_the_examples_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[1] / "docs" / "reward-models.md").read_text(encoding="utf-8")
    game = tmp_path / "game.yaml"
    game.write_text(page.split("```yaml\n")[1].split("```")[0])
    assert made(game).truth.rewards[0, 0].tolist() == [[1.0, 0.0, 0.0]]
    monkeypatch.setitem(REWARDS, "shouting", brevity)  # put back afterwards
    code = compile(page.split("```python\n")[1].split("```")[0], "reward-models.md", "exec", dont_inherit=True)
    exec(code, {"__name__": "an_example"})
    assert chosen({"name": "shouting", "most": 5})(["So!", "so"]).tolist() == [0.2, 0.0]


@pytest.mark.parametrize("name", REWARDS)
def test_the_documentation_lists_every_reward_model(name: str) -> None:
    page = (Path(__file__).parents[1] / "docs" / "reward-models.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in page
