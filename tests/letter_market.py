"""Markets of agents who want different letters of a language model: small enough that everything is known exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.fine_tuners.exact import Exact
from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.hugging_face import transformers_library
from mechanisms.language_models.listed import listed
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.pools.rewards.chosen import chosen

WANTS = ("ab", "bc", "de")
VOCABULARY = 258  # of the tiny Llama: bytes, a start sign and an end sign
COALITIONS = [[float(i in members) for i in range(3)] for members in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2])]


def letter_market(**options: Any) -> tuple[Reference, Valuation]:
    """What the enumerable model says, and three agents of weight 1 who want ``WANTS``: rewards ``[3, P, K]``."""
    law, said = listed("enumerable", options or {"length": 2})
    rewards = torch.zeros(3, *law.shape, dtype=torch.float64)
    for agent, wanted in enumerate(WANTS):
        for prompt, texts in enumerate(said.texts):
            rewards[agent, prompt, : len(texts)] = torch.from_numpy(
                chosen({"name": "letters", "characters": wanted})(texts)
            )
    return Reference.of(law, None, said), Valuation(rewards, torch.ones(3, dtype=torch.float64))


def every_coalition(truth: Valuation) -> Tensor:
    """What each of the seven coalitions of three agents wants: ``[7, P, K]``."""
    members = torch.tensor(COALITIONS, dtype=torch.float64)
    return torch.einsum("ci,ipk->cpk", members * truth.weights, truth.rewards)


def gain_reached(tuner: FineTuner, reference: Reference, rewards: Tensor) -> Tensor:
    """The share of the way from the base model's objective to the largest possible: ``[...]``."""
    base = reference.expectation(reference.policy, rewards)
    best = Exact(tuner.divergence, tuner.beta).value(reference, rewards)
    return (tuner.value(reference, rewards) - base) / (best - base)


def shaken(adapters: Adapters, seed: int = 0, size: float = 0.2) -> Adapters:
    """The same shapes, every number drawn anew: somewhere that training might be, unlike for every adapter."""
    rng = torch.Generator().manual_seed(seed)
    return adapters.each(
        lambda value: size * torch.randn(value.shape, generator=rng, dtype=torch.float64).to(value.dtype)
    )


def tiny_llama(layers: int = 3, dtype: torch.dtype = torch.float32, seed: int = 0) -> Any:
    """Llama's architecture, 25,000 random weights, frozen."""
    auto = transformers_library()
    config = auto.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        initializer_range=0.3,
        tie_word_embeddings=True,
        bos_token_id=256,
        eos_token_id=257,
        pad_token_id=257,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = auto.LlamaForCausalLM(config)
    return model.to(dtype).eval().requires_grad_(False)


def tiny_llama_folder(folder: Path) -> str:
    """A tiny Llama that reads bytes, as safetensors: a model by the name of its folder."""
    from tokenizers import Tokenizer
    from tokenizers.decoders import ByteLevel as Decoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel

    signs = [*sorted(ByteLevel.alphabet()), "<s>", "</s>"]
    table = Tokenizer(BPE({sign: i for i, sign in enumerate(signs)}, []))
    table.pre_tokenizer, table.decoder = ByteLevel(add_prefix_space=False), Decoder()
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    transformers_library().PreTrainedTokenizerFast(tokenizer_object=table, **special).save_pretrained(folder)
    tiny_llama().save_pretrained(folder)
    return str(folder)
