"""Stacked low-rank adapters: equal to separate runs, to another library's, and never in each other's way."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters, blocks, fresh, last_layers
from mechanisms.language_models.ascent import Schedule, clip, optimiser, step
from mechanisms.language_models.enumerable import enumerable
from tests.letter_market import shaken, tiny_llama

STACK, ROWS, LENGTH = 3, 4, 6
EXACT = 1e-12  # float64: sums of some hundred terms of size 1
SINGLE = 1e-5  # of gradients in float32, relative to the largest


MADE = {
    "gpt2": lambda: enumerable().model,
    "llama": tiny_llama,
    "llama64": lambda: tiny_llama(dtype=torch.float64),
}


@lru_cache
def model_of(name: str) -> Any:
    """Not at import: who collects tests should not wait for the transformers library."""
    return MADE[name]()


def precision(model: Any) -> float:
    return EXACT if next(model.parameters()).dtype == torch.float64 else SINGLE


def tokens(model: Any) -> Tensor:
    """As many rows for every adapter, different ones: ``[STACK * ROWS, LENGTH]``."""
    rng = torch.Generator().manual_seed(1)
    return torch.randint(model.config.vocab_size, (STACK * ROWS, LENGTH), generator=rng)


def stack(model: Any, layers: int = 0) -> Adapters:
    """Adapters somewhere in the middle of training, no two alike."""
    return shaken(fresh(model, STACK, 2, last_layers(model, layers), 0)).trainable()


def logits(model: Any, adapters: Adapters, ids: Tensor) -> Tensor:
    with adapters.on(model):
        return model(input_ids=ids, use_cache=False).logits


def losses(model: Any, adapters: Adapters, ids: Tensor) -> Tensor:
    """Each adapter's own ``[S]``: the mean log-likelihood of its rows."""
    law = logits(model, adapters, ids)[:, :-1].log_softmax(-1)
    said = law.gather(-1, ids[:, 1:, None]).sum((1, 2))
    return said.unflatten(0, (adapters.count, -1)).mean(1)


def slopes(adapters: Adapters) -> list[Tensor]:
    found = [value.grad for value in adapters.parameters()]
    assert all(each is not None for each in found)
    return found


@pytest.mark.parametrize("name", MADE)
def test_fresh_adapters_change_nothing_and_nothing_stays_behind(name: str) -> None:
    model = model_of(name)
    ids = tokens(model)
    plain = model(input_ids=ids, use_cache=False).logits
    assert torch.equal(logits(model, fresh(model, STACK, 2, last_layers(model, 0), 0), ids), plain)
    assert (logits(model, stack(model), ids) - plain).abs().max() > 0.1
    with pytest.raises(IndexError), stack(model).on(model):
        model(input_ids=ids + 10_000)
    assert torch.equal(model(input_ids=ids, use_cache=False).logits, plain)
    assert all(value.grad is None and not value.requires_grad for value in model.parameters())


@pytest.mark.parametrize("name", ["gpt2", "llama64"])
def test_the_same_weights_in_another_library_give_the_same_logits(name: str) -> None:
    """peft's LoRA, adapter by adapter, scaling 1."""
    from peft import LoraConfig, get_peft_model

    model, ids = model_of(name), tokens(model_of(name))
    adapters = stack(model)
    ours = logits(model, adapters, ids).unflatten(0, (STACK, ROWS))
    config = LoraConfig(
        r=2, lora_alpha=2, lora_dropout=0.0, target_modules=list(adapters.down), fan_in_fan_out=name == "gpt2"
    )
    for place in range(STACK):
        theirs = get_peft_model(copy.deepcopy(model), config).eval()
        modules = dict(theirs.base_model.model.named_modules())
        for linear in adapters.down:
            modules[linear].lora_A["default"].weight.data = adapters.down[linear][place].detach()
            modules[linear].lora_B["default"].weight.data = adapters.up[linear][place].detach()
        found = theirs(input_ids=ids.unflatten(0, (STACK, ROWS))[place], use_cache=False).logits
        assert (found - ours[place]).abs().max() < EXACT


@pytest.mark.parametrize("name", MADE)
def test_gradients_of_a_stack_are_those_of_separate_runs(name: str) -> None:
    model, ids = model_of(name), tokens(model_of(name))
    together = stack(model)
    losses(model, together, ids).sum().backward()
    size = max(float(slope.abs().max()) for slope in slopes(together))
    assert size > 0.1
    for place in range(STACK):
        alone = together.of([place]).trainable()
        losses(model, alone, ids.unflatten(0, (STACK, ROWS))[place]).sum().backward()
        for mine, shared in zip(slopes(alone), slopes(together), strict=True):
            assert (mine[0] - shared[place]).abs().max() <= precision(model) * size


@pytest.mark.parametrize("name", MADE)
def test_no_adapters_gradient_touches_anothers(name: str) -> None:
    model = model_of(name)
    adapters = stack(model)
    each = losses(model, adapters, tokens(model))
    for place in range(STACK):
        found = torch.autograd.grad(each[place], adapters.parameters(), retain_graph=True)
        others = [row for row in range(STACK) if row != place]
        assert all(bool((slope[others] == 0).all()) for slope in found)
        assert all(bool((slope[place] != 0).any()) for slope in found)


def test_clipping_is_per_adapter() -> None:
    """As torch clips each adapter by itself; a short gradient stays as it is, and so does a missing one."""
    adapters, rng = stack(model_of("gpt2")), torch.Generator().manual_seed(2)
    size = torch.tensor([0.001, 5.0, 0.0]).double()[:, None, None]
    for value in adapters.parameters():
        value.grad = size * torch.randn(value.shape, generator=rng, dtype=torch.float64)
    before = [slope.clone() for slope in slopes(adapters)]
    clip(adapters, 0.5)
    for place in range(STACK):
        alone = [slope[place].clone().requires_grad_() for slope in before]
        for value, slope in zip(alone, before, strict=True):
            value.grad = slope[place].clone()
        torch.nn.utils.clip_grad_norm_(alone, 0.5)
        for value, slope in zip(alone, slopes(adapters), strict=True):
            assert torch.allclose(value.grad, slope[place], rtol=1e-5)  # theirs adds 1e-6 to the norm
    assert all(torch.equal(old[0], new[0]) for old, new in zip(before, slopes(adapters), strict=True))
    assert torch.stack([slope[1].square().sum() for slope in slopes(adapters)]).sum().sqrt() == pytest.approx(0.5)


def trained(adapters: Adapters, ids: Tensor, steps: int = 8) -> Adapters:
    """Some steps towards the rows' likelihood."""
    model, mine = model_of("gpt2"), adapters.trainable()
    adam, schedule = optimiser(mine), Schedule(steps, 0.05)
    for number in range(steps):
        step(mine, adam, -losses(model, mine, ids), schedule, number)
    return mine.detached()


def test_training_does_not_depend_on_the_stack_nor_on_the_place_in_it() -> None:
    ids = tokens(model_of("gpt2"))
    rows = ids.unflatten(0, (STACK, ROWS))
    start, order = stack(model_of("gpt2")), [2, 0, 1]
    together, before = trained(start, ids), start.detached()
    moved = trained(start.of(order), rows[order].flatten(0, 1))
    assert (
        max(float((a - b).abs().max()) for a, b in zip(before.parameters(), together.parameters(), strict=True)) > 0.1
    )
    for place, origin in enumerate(order):
        alone = trained(start.of([origin]), rows[origin])
        for name, value in together.named().items():
            assert (alone.named()[name][0] - value[origin]).abs().max() < 1e-9, name
            assert (moved.named()[name][place] - value[origin]).abs().max() < 1e-9, name


def test_which_linear_maps_are_adapted() -> None:
    """All of the last blocks, nothing outside of blocks; the head is tied to the embedding and stays frozen."""
    llama, gpt2 = model_of("llama"), model_of("gpt2")
    assert (blocks(llama), blocks(gpt2)) == (3, 2)
    everywhere, last = (fresh(llama, 1, 2, last_layers(llama, layers), 0) for layers in (0, 1))
    assert len(everywhere.down) == 3 * 7
    assert sorted(last.down) == sorted(name for name in everywhere.down if ".2." in name)
    shapes = {name.rpartition(".")[2]: (tuple(last.down[name].shape), tuple(last.up[name].shape)) for name in last.down}
    assert shapes["k_proj"] == ((1, 2, 32), (1, 16, 2))
    assert shapes["down_proj"] == ((1, 2, 48), (1, 32, 2))
    turned = fresh(gpt2, 1, 2, last_layers(gpt2, 1), 0)
    assert sorted(name.rpartition("1.")[2] for name in turned.down) == [
        "attn.c_attn",
        "attn.c_proj",
        "mlp.c_fc",
        "mlp.c_proj",
    ]
    assert turned.up["transformer.h.1.mlp.c_fc"].shape == (1, 64, 2)
    with pytest.raises(ValueError, match="no linear map of the model is adapted"):
        fresh(llama, 1, 2, lambda name: False, 0)


def test_fresh_adapters_are_alike_and_drawn_from_the_seed() -> None:
    model = model_of("llama")
    first, again, other = (fresh(model, 2, 3, last_layers(model, 0), seed) for seed in (4, 4, 5))
    for name, value in first.down.items():
        assert torch.equal(value, again.down[name])
        assert torch.equal(value[0], value[1])
        assert not torch.equal(value, other.down[name])
        assert value.abs().max() <= value.shape[-1] ** -0.5
        assert bool((first.up[name] == 0).all())


def test_adapters_are_rows() -> None:
    adapters, other = stack(model_of("llama")), shaken(stack(model_of("llama")), 9)
    named = adapters.named()
    again = Adapters.from_named({**named, "policies": torch.zeros(STACK)})
    assert again.count == STACK
    assert all(torch.equal(value, again.named()[name]) for name, value in named.items())
    mixed = adapters.where(torch.tensor([False, True, False]), other).named()
    assert all(torch.equal(mixed[name][[0, 2]], value[[0, 2]]) for name, value in named.items())
    assert all(torch.equal(mixed[name][1], value[1]) for name, value in other.named().items())


def test_half_precision_models_have_single_precision_adapters() -> None:
    half, single = tiny_llama(dtype=torch.bfloat16), model_of("llama")
    adapters = shaken(fresh(half, STACK, 2, last_layers(half, 1), 0, torch.float32)).trainable()
    ids = tokens(half)
    found = logits(half, adapters, ids)
    assert found.dtype == torch.bfloat16
    assert (found.float() - logits(single, adapters, ids)).abs().max() < 0.1 * found.float().abs().max()
    losses(half, adapters, ids).sum().backward()
    assert all(slope.dtype == torch.float32 and bool(torch.isfinite(slope).all()) for slope in slopes(adapters))
