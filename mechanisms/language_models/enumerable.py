"""A language model so small that all its responses can be listed: every expectation on it is exact.

GPT-2's architecture over five letters and an end sign, with random weights drawn from a seed; nothing to download.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from mechanisms.language_models.hugging_face import transformers_library
from mechanisms.language_models.language_model import LanguageModel

ENUMERABLE = "enumerable"
LETTERS, END = "abcde", "."
POSITIONS = 32  # of a prompt and its response together
# GPT-2's own 0.02 makes all responses alike; with this the likeliest of three letters is some hundred times likelier
# than the least likely.
SPREAD = 0.3


@lru_cache(maxsize=4)
def enumerable(seed: int = 0, device: str = "cpu") -> LanguageModel:
    """Two layers, width 16, two heads, float64: 7,200 weights."""
    auto = transformers_library()
    size = len(LETTERS) + 1
    config = auto.GPT2Config(
        vocab_size=size,
        n_positions=POSITIONS,
        n_embd=16,
        n_layer=2,
        n_head=2,
        activation_function="gelu_pytorch_tanh",
        initializer_range=SPREAD,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=size - 1,
        eos_token_id=size - 1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = auto.GPT2LMHeadModel(config)
    model.requires_grad_(False)
    return LanguageModel(ENUMERABLE, model.to(device, torch.float64).eval(), _tokenizer(), "raw")


def spelled(length: int) -> tuple[str, ...]:
    """Every response of at most ``length`` letters, shorter ones ended by the end sign: sum of 5^t, t = 0 .. length.

    >>> len(spelled(3))
    156
    """
    return tuple("".join(letters) for size in range(length + 1) for letters in product(LETTERS, repeat=size))


def can_spell(text: str) -> bool:
    """Is it made of the five letters?"""
    return set(text) <= set(LETTERS)


def numbered(count: int) -> Tensor:
    """The first ``count`` words of one length, as tokens ``[count, T]``: names for responses that cannot be spelled."""
    length = 1
    while len(LETTERS) ** length < count:
        length += 1
    places = len(LETTERS) ** torch.arange(length - 1, -1, -1)
    return torch.arange(count)[:, None] // places % len(LETTERS)


def _tokenizer() -> object:
    from tokenizers import Regex, Tokenizer
    from tokenizers.decoders import Fuse
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    vocabulary = {sign: i for i, sign in enumerate(LETTERS + END)}
    table = Tokenizer(WordLevel(vocabulary, unk_token=END))
    table.pre_tokenizer = Split(Regex("."), "isolated")
    table.decoder = Fuse()
    auto = transformers_library()
    return auto.PreTrainedTokenizerFast(tokenizer_object=table, eos_token=END, pad_token=END)
