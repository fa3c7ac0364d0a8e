"""Pools of responses: what ships, how they are kept, how they are built, and the language model beneath."""

from __future__ import annotations

import json
import math
import shutil
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mechanisms.language_models.language_model import LanguageModel, Samples, load
from mechanisms.language_models.smollm2 import SMOLLM2
from simulate.pools import POOLS, load_pool
from simulate.pools.agreement import agreement
from simulate.pools.build import build, padded, reward_model, sample_sizes
from simulate.pools.cli import pool_app
from simulate.pools.effective_sample_size import effective_sample_size
from simulate.pools.manifest import EffectiveSampleSize, Manifest, ModelRecord, RewardRecord
from simulate.pools.merge import merge
from simulate.pools.pool import Pool
from simulate.pools.recipe import Recipe, RewardChoice, read_recipe
from simulate.pools.rewards import REWARDS
from simulate.pools.rewards.brevity import brevity
from simulate.pools.rewards.readability import automated_readability_index, readability
from simulate.pools.rewards.reward_model import package
from simulate.pools.storage import read, write
from simulate.pools.withhold import withhold

run = CliRunner().invoke


# ---- what ships


@pytest.mark.parametrize("name", POOLS)
def test_every_shipped_pool_is_a_market_with_known_probabilities(name: str) -> None:
    pool = load_pool(name)
    manifest = pool.manifest
    assert torch.allclose(
        pool.reference.sum(-1), torch.ones(len(pool.prompts), dtype=torch.float64), atol=1e-12, rtol=0
    )
    assert (pool.counts.sum(-1) == manifest["samples"]).all()
    assert len(pool.prompts) >= 8
    assert len(pool.rewards) >= 5
    assert min(len(row) for row in pool.responses) >= 256
    assert all(len(set(row)) == len(row) for row in pool.responses)
    assert all(((value >= 0) & (value <= 1)).all() for value in pool.rewards.values())
    assert (pool.log_probabilities[pool.counts > 0] < 0).all()


@pytest.mark.parametrize("name", POOLS)
def test_shipped_reward_models_disagree_and_leave_enough_samples(name: str) -> None:
    pool = load_pool(name)
    correlation = agreement(pool.reference, pool.stacked_rewards())
    assert (correlation - torch.eye(len(pool.rewards))).abs().max() < 0.4
    declared = EffectiveSampleSize.model_validate(pool.manifest["effective_sample_size"])
    found = sample_sizes(pool.counts, pool.rewards, pool.manifest["beta"])
    assert found.truthful == pytest.approx(declared.truthful, rel=1e-9)
    assert min(found.truthful) > 50
    assert not declared.thin_prompts


@pytest.mark.parametrize("name", POOLS)
def test_rewards_by_formula_can_be_computed_again(name: str) -> None:
    pool = load_pool(name)
    for record in pool.manifest["rewards"]:
        if record["package"] is None:
            judge = reward_model(RewardChoice(name=record["name"], options=record["options"]), REWARDS)
            again = padded([judge(row) for row in pool.responses])
            assert torch.allclose(again, pool.rewards[record["label"]], atol=1e-12)


@pytest.mark.parametrize("name", POOLS)
def test_the_recipe_of_a_shipped_pool_is_the_one_in_its_manifest(name: str) -> None:
    recipe = read_recipe(POOLS[name].parents[1] / f"{name}.toml")
    manifest = load_pool(name).manifest
    document = json.loads(recipe.model_dump_json(exclude={"model", "rewards"}))
    assert {key: manifest[key] for key in document} == document
    assert recipe.model == manifest["model"]["name"]
    assert [choice.column for choice in recipe.rewards] == list(load_pool(name).rewards)


def test_an_unknown_pool_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no pool 'story_tone'; did you mean 'story_tones'"):
        load_pool("story_tone")


# ---- files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(small_pool([["a", "b"], ["c"]], [[3, 1], [4]]), tmp_path / "pool")


def small_pool(texts: list[list[str]], counts: list[list[int]], scores: list[list[float]] | None = None) -> Pool:
    rows = [np.array(row, dtype=np.int64) for row in counts]
    rewards = {"brevity": padded([np.array(row) for row in scores or [[0.5] * len(row) for row in counts]])}
    number = padded(rows)
    judge = brevity()
    record = RewardRecord(
        label="brevity",
        name="brevity",
        options={},
        description="",
        package=None,
        version=None,
        low=judge.low,
        high=judge.high,
    )
    manifest = Manifest(
        schema_version=1,
        name="small",
        summary="",
        licence="none",
        created="2026-01-01",
        model=ModelRecord(name="fake"),
        template="raw",
        prompts=tuple(f"prompt {p}" for p in range(len(texts))),
        samples=int(rows[0].sum()),
        spare=0,
        withhold=(),
        withheld=(0,) * len(texts),
        temperature=1.0,
        max_tokens=4,
        seed=0,
        rewards=(record,),
        beta=0.5,
        effective_sample_size=sample_sizes(number, rewards, 0.5),
        packages={},
    )
    return Pool(
        name="small",
        prompts=manifest.prompts,
        responses=tuple(map(tuple, texts)),
        counts=number,
        log_probabilities=padded([-1.0 - np.arange(len(row), dtype=np.float64) for row in rows]),
        reference=number.double() / number.sum(-1, keepdim=True),
        rewards=rewards,
        manifest=manifest.model_dump(mode="json"),
    )


text = st.text(st.characters(codec="utf-8"), max_size=8)
prompt_row = st.dictionaries(text, st.tuples(st.integers(1, 9), st.floats(0, 1)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=30)
@given(st.lists(prompt_row, min_size=1, max_size=3))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    scored = [list(row.values()) for row in rows]
    pool = small_pool(
        [list(row) for row in rows], [[c for c, _ in r] for r in scored], [[s for _, s in r] for r in scored]
    )
    again = read(write(pool, tmp_path_factory.mktemp("round_trip")))
    assert (again.name, again.prompts, again.responses) == (pool.name, pool.prompts, pool.responses)
    assert all(torch.equal(again.tensors()[key], value) for key, value in pool.tensors().items())
    assert again.manifest | {"files": {}} == pool.manifest | {"files": {}}


@pytest.mark.parametrize("name", ["tensors.safetensors", "responses.jsonl"])
def test_a_tampered_file_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: sha256 is [0-9a-f]+, allowed is only"):
        read(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "responses.jsonl").unlink()
    with pytest.raises(ValueError, match=r"responses\.jsonl: cannot be read"):
        read(folder)


@pytest.mark.parametrize("name", ["model.pkl", "tensors.pt", "run.py"])
def test_anything_that_could_run_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(ValueError, match=f"{name}: a pool holds only .json, .jsonl, .safetensors"):
        read(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, "schema_version is 2; allowed: 1"),
        ({"bta": 1}, "no key 'bta'; did you mean 'beta'"),
        ({"beta": -1}, "beta is -1; allowed: greater than 0"),
        ({"beta": math.nan}, "NaN is no number"),
        ({"rewards": []}, "rewards.brevity missing or too many"),
    ],
)
def test_a_wrong_manifest_is_refused(folder: Path, change: dict[str, Any], sentence: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=sentence):
        read(folder)


def test_a_pool_refuses_impossible_numbers() -> None:
    pool = small_pool([["a", "b"], ["c"]], [[3, 1], [4]])
    wrong = {
        "reference must be": {"reference": pool.reference * 2},
        "counts must be": {"counts": pool.counts * 0},
        r"rewards.r lies in \[2.*allowed is \[0, 1\]": {"rewards": {"r": pool.reference * 0 + 2}},
        "rewards.r lies in": {"rewards": {"r": pool.reference * math.nan}},
        "log_probabilities is torch.float32": {"log_probabilities": pool.log_probabilities.float()},
        "log_probabilities must be finite": {"log_probabilities": pool.log_probabilities - math.inf},
        "responses has 1 rows": {"responses": (("a", "b"),)},
    }
    for sentence, change in wrong.items():
        with pytest.raises(ValueError, match=sentence):
            replace(pool, **change)  # wrong types are the point


# ---- formulas


def test_automated_readability_index_by_hand() -> None:
    # 6 words, 3+3+3+2+3+4 = 18 letters, 2 sentences: 4.71 * 18/6 + 0.5 * 6/2 - 21.43
    assert automated_readability_index("The cat sat. It ran away!") == pytest.approx(14.13 + 1.5 - 21.43)
    # 4 words, 2+8+6+3 = 19 letters and digits, the apostrophe counts in neither; the sentence is cut short
    assert automated_readability_index("It shouldn't matter 123") == pytest.approx(4.71 * 19 / 4 + 2 - 21.43)
    assert automated_readability_index("... !") == 0.0
    assert readability()(["", "antidisestablishmentarianism"]) == pytest.approx([1.0, 0.0])


@settings(deadline=None)
@given(st.lists(text, min_size=1, max_size=5))
def test_own_rewards_stay_in_the_unit_interval(texts: list[str]) -> None:
    for judge in (readability(), brevity(3)):
        rewards = judge(texts)
        assert rewards.shape == (len(texts),)
        assert ((rewards >= 0) & (rewards <= 1)).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.floats(0, 3)), min_size=1, max_size=8), st.floats(0.1, 5))
def test_effective_sample_size_of_merged_samples_is_that_of_the_samples(
    rows: list[tuple[int, float]], beta: float
) -> None:
    counts, totals = (
        torch.tensor([[c for c, _ in rows]]),
        torch.tensor([[t for _, t in rows]], dtype=torch.float64),
    )
    samples = np.repeat(totals[0].numpy(), counts[0].numpy())
    weights = np.exp((samples - samples.max()) / beta)
    assert effective_sample_size(counts, totals, beta).item() == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    pad = torch.nn.functional.pad
    longer = effective_sample_size(pad(counts, (0, 2)), pad(totals, (0, 2)), beta)
    assert torch.allclose(longer, effective_sample_size(counts, totals, beta))


def test_agreement_is_the_correlation_of_the_samples() -> None:
    rng = np.random.default_rng(0)
    counts, rewards = rng.integers(1, 5, (2, 7)), rng.random((3, 2, 7))
    each = [np.corrcoef(np.repeat(rewards[:, p], counts[p], axis=-1)) for p in range(2)]
    reference = torch.from_numpy(counts / counts.sum(-1, keepdims=True))
    assert agreement(reference, torch.from_numpy(rewards)).numpy() == pytest.approx(np.mean(each, 0))
    assert agreement(reference, torch.ones(2, 2, 7, dtype=torch.float64)).abs().max() == 0


def test_merging_keeps_the_law() -> None:
    ids = torch.tensor([[5, 2], [5, 2], [6, 2], [7, 2]])
    mask = torch.ones(4, 2, dtype=torch.bool)
    logs = torch.tensor([0.1, 0.1, 0.2, 0.3], dtype=torch.float64).log()
    merged = merge(Samples(("a", "a", " a\n", "b"), ids, mask, logs))
    assert merged.texts == ("a", "b")
    assert merged.counts.tolist() == [3, 1]
    assert np.exp(merged.log_probabilities) == pytest.approx([0.1 + 0.2, 0.3])  # two spellings of "a", each once


def test_withheld_words_are_passed_over_in_order() -> None:
    texts = ("a fox", "A HEN!", "fox", "hens", "a hen", "no")
    logs = torch.arange(6, dtype=torch.float64)
    samples = Samples(texts, torch.arange(6)[:, None], torch.ones(6, 1, dtype=torch.bool), logs)
    kept, left_out = withhold(samples, ["hen", "goose"], keep=3)
    assert kept.texts == ("a fox", "fox", "hens")
    assert kept.token_ids[:, 0].tolist() == kept.log_probabilities.tolist() == [0, 2, 3]
    assert left_out == 1
    assert withhold(samples, [], keep=6)[0].texts == texts
    with pytest.raises(ValueError, match="withhold leaves 4 of 6 responses; allowed is at least the 5"):
        withhold(samples, ["hen"], keep=5)


# ---- the language model: six words and an end, randomly initialised

WORDS = ["<end>", "<start>", "red", "fox", "runs", "home", "now"]


@pytest.fixture(scope="module")
def tiny() -> LanguageModel:
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<end>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>")
    torch.manual_seed(0)
    shape = {
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 32,
    }
    config = transformers.LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        initializer_range=0.6,
        eos_token_id=0,
        **shape,
    )
    return LanguageModel("tiny", transformers.LlamaForCausalLM(config).eval(), tokenizer)


def test_the_sampler_says_how_probable_its_samples_are(tiny: LanguageModel) -> None:
    samples = tiny.sample("red fox", 60, 5, temperature=0.8, seed=3)
    with torch.no_grad():
        forced = tiny.log_probabilities("red fox", samples.token_ids, samples.mask, 0.8)
    assert torch.allclose(samples.log_probabilities, forced, atol=1e-5)  # float32 forward passes in two orders
    assert samples.log_probabilities.dtype == torch.float64
    ends = (samples.token_ids == 0) & samples.mask
    assert ends.sum(-1).max() == 1
    assert (samples.mask.sum(-1)[~ends.any(-1)] == 5).all()  # who did not end was cut
    assert not any("<end>" in text for text in samples.texts)


def test_a_sample_depends_on_seed_and_prompt_only(tiny: LanguageModel) -> None:
    whole = tiny.sample("red fox", 20, 4, 1.0, seed=1)
    split = replace(tiny, batch_size=3).sample("red fox", 20, 4, 1.0, seed=1)
    fewer = tiny.sample("red fox", 7, 4, 1.0, seed=1)
    assert tiny.sample("red fox", 20, 4, 1.0, seed=1).texts == whole.texts == split.texts
    assert fewer.texts == whole.texts[:7]
    assert torch.allclose(whole.log_probabilities, split.log_probabilities, atol=1e-5)
    assert tiny.sample("red fox", 20, 4, 1.0, seed=2).texts != whole.texts
    assert tiny.sample("fox red", 20, 4, 1.0, seed=1).texts != whole.texts


def test_frequencies_are_those_of_the_law(tiny: LanguageModel) -> None:
    count = 4000
    samples = tiny.sample("now", count, 2, 0.7, seed=0)
    ids = torch.cartesian_prod(torch.arange(len(WORDS)), torch.arange(len(WORDS)))
    mask = torch.stack([torch.ones(len(ids), dtype=torch.bool), ids[:, 0] != 0], -1)
    ids, mask = (
        ids[mask[:, 1] | (ids[:, 1] == 0)],
        mask[mask[:, 1] | (ids[:, 1] == 0)],
    )  # an end is followed by nothing
    with torch.no_grad():
        law = tiny.log_probabilities("now", ids, mask, 0.7).exp()
    assert law.sum().item() == pytest.approx(1, abs=1e-6)
    seen = Counter(map(tuple, samples.token_ids.tolist()))
    expected = count * law.numpy()
    found = np.array([seen[tuple(row)] for row in ids.tolist()])
    assert found.sum() == count
    chi_squared = ((found - expected) ** 2 / expected).sum()
    freedom = len(ids) - 1
    assert chi_squared < freedom + 5 * math.sqrt(2 * freedom)  # five standard deviations of a chi-squared law


def test_log_probabilities_can_be_trained_through(tiny: LanguageModel) -> None:
    samples = tiny.sample("red", 4, 3, 1.0, seed=0)
    tiny.log_probabilities("red", samples.token_ids, samples.mask, 1.0).sum().backward()
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in tiny.model.parameters())
    tiny.model.zero_grad()


def test_a_saved_model_loads_from_its_folder(tiny: LanguageModel, tmp_path: Path) -> None:
    tiny.model.save_pretrained(tmp_path)
    tiny.tokenizer.save_pretrained(tmp_path)
    again = load(str(tmp_path))
    assert again.template == "raw"
    assert again.sample("red", 5, 3, 1.0, seed=0).texts == tiny.sample("red", 5, 3, 1.0, seed=0).texts


def test_bad_requests_to_a_language_model_are_refused(tiny: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="count=0"):
        tiny.sample("red", 0, 3, 1.0, 0)
    with pytest.raises(ValueError, match=r"allowed are .*, a folder with safetensors weights"):
        load(str(tmp_path))  # an empty folder


@pytest.mark.slow
def test_the_default_model_knows_the_capital_of_france() -> None:
    try:
        model = replace(load(SMOLLM2), template="raw")
    except ValueError as reason:
        pytest.skip(str(reason))
    paris = torch.tensor([[model.tokenizer(" Paris")["input_ids"][0]]])
    with torch.no_grad():
        log_p = model.log_probabilities(
            "The capital of France is", paris, torch.ones_like(paris, dtype=torch.bool), 1.0
        )
    assert log_p.exp().item() == pytest.approx(0.773, abs=0.01)
    samples = model.sample("The museum opens", 8, 8, 0.7, seed=0)
    with torch.no_grad():
        forced = model.log_probabilities("The museum opens", samples.token_ids, samples.mask, 0.7)
    assert torch.allclose(samples.log_probabilities, forced, atol=1e-3)


# ---- the builder

RECIPE = """
name = "little"
licence = "none"
model = "fake"
template = "raw"
prompts = ["one", "two"]
samples = 6
temperature = 1.0
max_tokens = 3
seed = 1
beta = 0.5
[[rewards]]
name = "brevity"
options = { longest = 4 }
[[rewards]]
name = "readability"
label = "plain"
"""


class Fake:
    """Says the same three things to everybody."""

    def sample(self, prompt: str, count: int, max_tokens: int, temperature: float, seed: int) -> Samples:
        ids = torch.arange(count)[:, None] % 3
        texts = tuple(["", "a fox ", "a fox and a hen and more"][i] + prompt * (i == 2) for i in ids[:, 0].tolist())
        return Samples(texts, ids, torch.ones_like(ids, dtype=torch.bool), torch.full((count,), 1 / 3).double().log())


def test_a_pool_is_built_from_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "little.toml").write_text(RECIPE)
    seen: list[tuple[int, int, str]] = []
    with pytest.warns(UserWarning, match=r"fewer than 50 effective samples at beta 0.5 \(prompt: 0: \d"):
        pool = build(read_recipe(tmp_path / "little.toml"), REWARDS, lambda *step: seen.append(step), Fake())
    assert pool.responses[0] == ("", "a fox", "a fox and a hen and moreone")
    assert pool.counts.tolist() == [[2, 2, 2], [2, 2, 2]]
    assert pool.rewards["brevity"].tolist() == [[1.0, 0.5, 0.0]] * 2
    assert list(pool.rewards) == ["brevity", "plain"]
    assert pool.log_probabilities.exp() == pytest.approx(np.full((2, 3), 1 / 3))
    assert pool.manifest["effective_sample_size"]["thin_prompts"] == [0, 1]
    assert seen[0] == (0, 5, "loading")
    assert seen[-1] == (5, 5, "done")
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert read(write(pool, tmp_path / "out")).responses == pool.responses


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "samples = 6",
            "sample = 6",
            "samples is missing",
        ),
        ("samples = 6", "samples = 0", "samples is 0; allowed: greater than or equal to 2"),
        ("temperature = 1.0", "temperature = nan", "temperature is nan"),
        ('["one", "two"]', '["one", "one"]', "prompts is .*different texts"),
        ('label = "plain"', 'label = "brevity"', "'brevity' names two rewards"),
        ('"readability"', '"readable"', "no reward 'readable'; did you mean 'readability'"),
        ("longest = 4", "longest = 0", "longest is 0"),
        ("longest = 4", 'longest = "long"', "reward 'brevity', options: longest is 'long'"),
        ("longest = 4", "wide = 4", "reward 'brevity', options: no key 'wide'"),
        ('name = "little"', 'name = "../little"', "name is '../little'"),
        ("seed = 1", "seed =", "cannot be read as TOML"),
    ],
)
def test_a_wrong_recipe_is_bad_input(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(RECIPE.replace(old, new))
    answer = run(pool_app, ["build", str(path), "--out", str(tmp_path / "out")])
    assert answer.exit_code == 2
    with pytest.raises(ValueError, match=sentence):
        raise ValueError(answer.stderr)
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("module", ["not_there", "not_there.inside"])
def test_a_missing_package_is_named_with_what_to_install(module: str) -> None:
    with pytest.raises(ValueError, match=r"'x' needs the package gone: pip install 'trueward\[lm\]'"):
        package(module, "gone", "x")


# ---- the command line


def test_show_prints_one_json_document(folder: Path) -> None:
    answer = run(pool_app, ["show", str(folder), "--json", "--responses", "1"])
    assert answer.exit_code == 0
    document = json.loads(answer.stdout)
    assert document["prompts"][0]["responses"][0]["text"] == "a"
    assert document["prompts"][1]["distinct"] == 1
    assert document["correlation"] == [[0.0]]


def test_show_prints_tables(folder: Path) -> None:
    answer = run(pool_app, ["show", str(folder), "--responses", "1"], terminal_width=200)
    assert answer.exit_code == 0
    assert "brevity" in answer.stdout


@pytest.mark.parametrize("arguments", [["show", "story_tone"], ["show", "story_tones", "--responses", "-1"], ["show"]])
def test_bad_input_to_show_ends_with_code_two(arguments: list[str]) -> None:
    answer = run(pool_app, arguments)
    assert answer.exit_code == 2
    assert "Traceback" not in answer.stderr


def test_a_folder_in_use_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "little.toml").write_text(RECIPE)
    answer = run(pool_app, ["build", str(tmp_path / "little.toml"), "--out", str(folder)])
    assert answer.exit_code == 2
    assert "is there already" in answer.stderr
    shutil.rmtree(folder)


def test_recipes_are_values() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Recipe.model_validate(tomllib.loads(RECIPE)).seed = 2
