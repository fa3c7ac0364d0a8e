"""Nine adapters trained in one stack, against nine separate runs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.fine_tuners.lora import exact_losses
from mechanisms.fine_tuners.training.climb import climb
from mechanisms.fine_tuners.training.settings import Settings
from mechanisms.fine_tuners.training.task import Task
from mechanisms.language_models.adapters import fresh, last_layers
from mechanisms.language_models.ascent import Schedule
from mechanisms.language_models.candidate_law import CandidateLaw, candidate_law
from mechanisms.language_models.candidates import Candidates
from mechanisms.language_models.enumerable import ENUMERABLE
from mechanisms.language_models.hugging_face import transformers_library
from mechanisms.language_models.listed import listed
from mechanisms.language_models.tail import tail
from mechanisms.reference import Reference
from simulate.benchmarks.base import Benchmark

ADAPTERS, RANK, STEPS, BETA = 9, 4, 8, 0.3
PROMPT, ANSWER, ANSWERS, BLOCKS = 8, 24, 16, 30  # tokens, tokens, candidates, blocks: of the model on a GPU
SETTINGS = Settings("lora", ENUMERABLE, RANK, 0, 1.0, 0, Schedule(STEPS, 0.03), best=True)


def _stacked() -> tuple[Callable[[], object], Callable[[], object]]:
    law, reference = large("cuda") if torch.cuda.is_available() else small()
    rng = torch.Generator().manual_seed(0)
    rewards = torch.rand(ADAPTERS, *reference.policy.shape, generator=rng, dtype=torch.float64)
    rewards, start = rewards.to(reference.policy), law.fresh(ADAPTERS, RANK, 0)

    def trained(rows: list[int]) -> Tensor:
        task = Task(reference, reference.log.expand(len(rows), -1, -1), rewards[rows], BETA)
        policies, _ = climb(law, task, SETTINGS, exact_losses, start.of(rows), lambda progress: None)
        return policies.cpu()  # waits for a GPU

    return lambda: trained(list(range(ADAPTERS))), lambda: [trained([row]) for row in range(ADAPTERS)]


def small() -> tuple[CandidateLaw, Reference]:
    """The enumerable model on all that it says in three letters."""
    policy, said = listed(ENUMERABLE, {"length": 3})
    reference = Reference.of(policy, None, said)
    return candidate_law(ENUMERABLE, reference, 0, 1.0), reference


def large(device: str, blocks: int = BLOCKS) -> tuple[CandidateLaw, Reference]:
    """SmolLM2-135M's sizes with random weights, bfloat16, on random tokens: nothing to download."""
    sizes = {"vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": blocks}
    heads = {"num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True}
    auto = transformers_library()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = auto.LlamaForCausalLM(auto.LlamaConfig(**sizes, **heads))
    model = model.to(device, torch.bfloat16).eval().requires_grad_(False)
    ids = torch.randint(49152, (ANSWERS, PROMPT + ANSWER), generator=torch.Generator().manual_seed(1))
    answered, place = torch.arange(PROMPT + ANSWER).expand(ANSWERS, -1) >= PROMPT, torch.arange(ANSWERS)
    ids, answered, prompt, place = (each.to(device) for each in (ids, answered, 0 * place, place))
    rows = Candidates(ids, answered, prompt, place, (1, ANSWERS))
    whole, targets = tail(model, 0, rows, 1.0), last_layers(model, 0)
    with torch.no_grad():
        base = whole(fresh(model, 1, 1, targets, 0, torch.float32))
    even = torch.full((1, ANSWERS), 1 / ANSWERS, dtype=torch.float64, device=device)
    return CandidateLaw(whole, targets, base), Reference.of(even)


def _model() -> str:
    if torch.cuda.is_available():
        return f"SmolLM2-135M's sizes in bfloat16 on {torch.cuda.get_device_name()}"
    return "the enumerable model on the CPU"


stacked = Benchmark(
    f"{STEPS} steps of lora for {ADAPTERS} rewards at once, {_model()}",
    f"{ADAPTERS} separate runs, {_model()}",
    _stacked,
    0.3 if torch.cuda.is_available() else 1.1,  # a CPU has nothing left to fill: there a stack is only no slower
    5,
)
