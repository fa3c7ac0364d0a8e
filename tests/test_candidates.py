"""Candidate responses: how likely a model finds them, under adapters and cut before its last blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mechanisms.language_models.adapters import fresh, last_layers
from mechanisms.language_models.candidate_law import CandidateLaw, candidate_law, language_model
from mechanisms.language_models.candidates import Candidates, candidates, log_likelihoods
from mechanisms.language_models.enumerable import ENUMERABLE, enumerable, numbered, spelled
from mechanisms.language_models.hugging_face import transformers_library
from mechanisms.language_models.language_model import LanguageModel, load
from mechanisms.language_models.listed import listed
from mechanisms.language_models.tail import tail
from mechanisms.reference import Reference, Responses
from tests.letter_market import letter_market, shaken, tiny_llama, tiny_llama_folder

RAGGED = {"prompts": ["", "ab", "c"], "responses": [["a", "", "bcd"], ["e"], ["ab", "ba"]], "temperature": 1.5}
TOLD = Responses(
    ("the old bell", "", "never today"),
    (("rings", "sings and never sleeps", ""), ("opens",), ("the door opens", "the cat sleeps today")),
)


def of_texts(said: Responses) -> Reference:
    """Every text as likely as every other; shorter rows are padded."""
    longest = max(map(len, said.texts))
    table = torch.tensor([[float(k < len(row)) / len(row) for k in range(longest)] for row in said.texts])
    return Reference.of(table.double(), None, said)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_llama_folder(tmp_path_factory.mktemp("llama"))


def said_by(model: LanguageModel, prompt: str, text: str, ends: bool, temperature: float) -> float:
    """log pi(text | prompt) token by token, nothing padded, nothing batched."""
    read = model.prompt_ids(prompt)[0].tolist()
    spoken = model.text_ids(text).tolist() + model.end_ids()[:1].tolist() * ends
    total = 0.0
    for token in spoken:
        law = (model.model(input_ids=torch.tensor([read])).logits[0, -1].double() / temperature).softmax(-1)
        total += float(law[token].detach().log())
        read.append(token)
    return total


# What the enumerable model says


def test_all_that_it_says_is_listed() -> None:
    """The probabilities of the listed responses sum to one before anything is renormalised; so do those of prompts."""
    model = enumerable()
    for prompt, temperature in (("", 1.0), ("bad", 0.6)):
        reference = of_texts(Responses((prompt,), (spelled(3),)))
        rows = candidates(model, reference)
        untouched = fresh(model.model, 1, 1, last_layers(model.model, 0), 0)
        logs = log_likelihoods(model.model, untouched, rows, temperature)
        assert float(logs.exp().sum()) == pytest.approx(1.0, abs=1e-12)
        law = listed(ENUMERABLE, {"prompts": [prompt], "length": 3, "temperature": temperature})[0]
        assert torch.allclose(law, logs.exp(), atol=1e-12)


def test_the_law_is_what_the_model_samples() -> None:
    """20,000 samples of at most two letters; a chi-square over the 31 responses, 1 in 10,000 by chance."""
    law, said = letter_market(length=2)[0].policy[0], spelled(2)
    drawn = enumerable().sample("", 20_000, 2, 1.0, 0).texts
    seen = torch.tensor([drawn.count(text) for text in said], dtype=torch.float64)
    expected = 20_000 * law
    assert float(((seen - expected).square() / expected).sum()) < 67.6  # of 30 degrees of freedom


def test_each_response_has_its_own_likelihood() -> None:
    """Against token by token: ragged rows, several prompts, one of them empty; the longest text was cut, others end."""
    model, (law, said) = enumerable(), listed(ENUMERABLE, RAGGED)
    for p, texts in enumerate(said.texts):
        logs = torch.tensor([said_by(model, said.prompts[p], text, len(text) < 3, 1.5) for text in texts])
        assert torch.allclose(law[p, : len(texts)], logs.double().softmax(-1), atol=1e-6)
        assert bool((law[p, len(texts) :] == 0).all())
    assert float(law[0, 1]) > 0  # saying nothing is a response


def test_responses_that_are_not_spelled_are_numbered() -> None:
    reference = Reference.of(torch.tensor([[0.2, 0.3, 0.5, 0.0], [0.1, 0.2, 0.3, 0.4]]).double())
    rows = candidates(enumerable(), reference)
    assert rows.token_ids.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [1, 3]]
    assert rows.answered.tolist() == [[False, True]] * 7
    assert len({tuple(row) for row in numbered(700).tolist()}) == 700
    texts = of_texts(Responses(("ask",), (("no", "yes"),)))
    assert candidates(enumerable(), texts).token_ids.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"length": 3, "letters": 2}, "option 'letters'"),
        ({}, "either responses, one list a prompt, or length"),
        ({"length": 3, "responses": [["a"]]}, "either responses"),
        ({"length": 9}, "length is 9; allowed is 1 to 4"),
        ({"length": True}, "length is True"),
        ({"length": 2, "temperature": 0}, "temperature is 0; allowed is a number above 0"),
        ({"length": 2, "prompts": []}, r"prompts is \[\]; a list of texts"),
        ({"responses": [["a", "b", "a"]]}, "responses.0 has a text twice"),
        ({"responses": [["a"], ["b"]]}, "responses must be 1 lists of texts"),
        ({"responses": [["a", 3]]}, "responses.0 holds 3; texts are expected"),
        ({"responses": [["a" * 40]]}, "a prompt and its response have 41 tokens; of model enumerable allowed are 33"),
    ],
)
def test_bad_lists_are_sentences(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        listed(ENUMERABLE, options)


def test_only_the_enumerable_model_can_list_itself_and_only_it_reads_numbers(llama: str) -> None:
    with pytest.raises(ValueError, match="length is 2; only the model enumerable can list"):
        listed(llama, {"length": 2})
    with pytest.raises(ValueError, match="the reference only numbers them; give texts"):
        candidates(load(llama), Reference.of(torch.full((1, 3), 1 / 3).double()))


# Another model's


def test_a_model_by_the_name_of_its_folder_reads_texts(llama: str) -> None:
    """Ragged prompts of several lengths, one that is nothing; float32, so to six digits of a nat."""
    law, said = listed(llama, {"prompts": TOLD.prompts, "responses": TOLD.texts})
    model = load(llama)
    for p, texts in enumerate(said.texts):
        logs = [said_by(model, said.prompts[p], text, len(text) < 22, 1.0) for text in texts]
        found = law[p, : len(texts)]
        assert torch.allclose(found, torch.tensor(logs).double().softmax(-1), atol=1e-5)
        assert bool((law[p, len(texts) :] == 0).all())


def test_an_end_sign_in_a_text_is_text(llama: str) -> None:
    """A response ends once, at its end: what a text spells out is never read as a sign."""
    model = load(llama)
    end = int(model.end_ids()[0])
    said = Responses(("the bell",), (("rings", "rings </s> and so on", "rings </s>"),))
    rows = candidates(model, of_texts(said))
    for ids, answered in zip(rows.token_ids, rows.answered, strict=True):
        spoken = ids[answered].tolist()
        assert end not in spoken[:-1]
    assert rows.token_ids[0][rows.answered[0]].tolist()[-1] == end
    assert end not in rows.token_ids[1].tolist()  # as long as the longest: cut


# Under adapters


def law_of(model: Any, reference: Reference, layers: int, name: str = ENUMERABLE) -> CandidateLaw:
    rows = candidates(LanguageModel(name, model, enumerable().tokenizer), reference)
    whole, targets = tail(model, layers, rows, 1.0), last_layers(model, layers)
    return CandidateLaw(whole, targets, whole(fresh(model, 1, 1, targets, 0)).detach())


def test_untouched_adapters_leave_the_reference_as_it_is() -> None:
    """Whatever the reference is, the model's own law or not, batched or not; padding has no probability, ever."""
    law, said = listed(ENUMERABLE, RAGGED)
    own = Reference.of(law, None, said)
    rng = torch.Generator().manual_seed(0)
    foreign = (own.policy > 0) * torch.rand(4, *own.policy.shape, generator=rng).double()
    for policy in (own.policy[None], foreign / foreign.sum(-1, keepdim=True)):
        law = candidate_law(ENUMERABLE, replace(own, policy=policy), 0, 1.5)
        untouched = law.log_policy(law.fresh(len(policy), 3, 0), policy.log()).exp()
        assert torch.allclose(untouched, policy, atol=1e-12)
        moved = law.log_policy(shaken(law.fresh(len(policy), 3, 0)), policy.log()).exp()
        assert (moved - policy).abs().max() > 0.05
        for found in (untouched, moved):
            assert bool((found[policy == 0] == 0).all())
            assert torch.allclose(found.sum(-1), torch.ones(()).double(), atol=1e-12)


def test_the_law_is_the_models_own_renormalised() -> None:
    """policy(k) = P_theta(y_k) / sum_j P_theta(y_j) where the reference is the frozen model's law."""
    reference, _ = letter_market(length=2)
    law = candidate_law(ENUMERABLE, reference, 0, 1.0)
    adapters = shaken(law.fresh(3, 2, 0))
    direct = log_likelihoods(enumerable().model, adapters, law.rows, 1.0)
    assert (law.log_policy(adapters, reference.log)[:, 0] - direct.log_softmax(-1)).abs().max() < 1e-12
    assert torch.allclose(direct.exp().sum(-1), torch.ones(3).double(), atol=1e-12)  # all that it may say, still


def test_a_row_of_the_stack_is_its_own_law() -> None:
    reference, _ = letter_market(**RAGGED)
    law = candidate_law(ENUMERABLE, reference, 0, 1.5)
    adapters = shaken(law.fresh(4, 2, 0))
    together = law.log_policy(adapters, reference.log)
    for place in (0, 3):
        alone = law.log_policy(adapters.of([place]), reference.log)[0]
        assert torch.allclose(alone.exp(), together[place].exp(), atol=1e-12)


def test_a_texts_padding_and_its_neighbours_do_not_change_its_likelihood() -> None:
    """Among others, and alone with the one that decides where it is cut."""
    model, texts = enumerable(), ("ab", "", "abcde", "c")
    adapters = shaken(fresh(model.model, 1, 2, last_layers(model.model, 0), 0))

    def logs(*some: str) -> Tensor:
        rows = candidates(model, of_texts(Responses(("da",), (some,))))
        return log_likelihoods(model.model, adapters, rows, 1.0)[0]

    among = logs(*texts)
    for place in (0, 1, 3):
        assert float(logs(texts[place], "abcde")[0]) == pytest.approx(float(among[place]), abs=1e-12)


def test_the_same_text_under_two_prompts_and_twice_under_one() -> None:
    """Responses that are the same move together."""
    said = Responses(("", "b"), (("ab", "c", "ab"), ("ab", "c")))
    reference = of_texts(said)
    law = candidate_law(ENUMERABLE, reference, 0, 1.0)
    moved = law.log_policy(shaken(law.fresh(1, 2, 0)), reference.log)[0].exp()
    assert float(moved[0, 0]) == pytest.approx(float(moved[0, 2]), abs=1e-12)
    assert abs(float(moved[0, 0] / moved[0, 1]) - float(moved[1, 0] / moved[1, 1])) > 0.01


# Cut before the last blocks


def rows_of(model: Any) -> Candidates:
    """Two prompts, four ragged responses each, of random tokens."""
    rng = torch.Generator().manual_seed(3)
    ids = torch.randint(model.config.vocab_size, (8, 7), generator=rng)
    starts, ends = torch.tensor([2, 2, 2, 2, 3, 3, 3, 3]), torch.tensor([7, 4, 5, 3, 7, 6, 4, 5])
    place = torch.arange(7)
    answered = (place >= starts[:, None]) & (place < ends[:, None])
    prompt, order = torch.arange(8) // 4, torch.arange(8) % 4
    return Candidates(ids, answered, prompt, order, (2, 4))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_last_blocks_alone_answer_as_the_whole_model(layers: int) -> None:
    """Likelihoods and their gradients, in float64 to rounding; the cut leaves the model whole."""
    model = tiny_llama(dtype=torch.float64)
    rows = rows_of(model)
    cut = tail(model, layers, rows, 0.8)
    assert cut.hidden is not None
    assert (len(cut.model.base_model.layers), len(model.base_model.layers)) == (layers, 3)
    mine = shaken(fresh(cut.model, 3, 2, last_layers(cut.model, layers), 0)).trainable()
    renamed = {
        ".".join(str(int(part) + 3 - layers) if part.isdecimal() else part for part in name.split(".")): value
        for name, value in mine.named().items()
    }
    whole = type(mine).from_named(renamed).trainable()
    found, direct = cut(mine), log_likelihoods(model, whole, rows, 0.8)
    assert (found - direct).abs().max() < 1e-10
    found.square().sum().backward()
    direct.square().sum().backward()
    for a, b in zip(mine.parameters(), whole.parameters(), strict=True):
        assert torch.allclose(a.grad, b.grad, rtol=1e-8, atol=1e-9)


def test_models_that_cannot_be_cut_are_not() -> None:
    """GPT-2 adds positions to what it reads; all layers, or none before the last ones, leave nothing to cut."""
    gpt2, llama = enumerable().model, tiny_llama()
    assert tail(gpt2, 1, rows_of(gpt2), 1.0).hidden is None
    assert tail(llama, 0, rows_of(llama), 1.0).hidden is None
    assert tail(llama, 3, rows_of(llama), 1.0).hidden is None


def test_a_model_that_changes_what_it_is_fed_is_noticed() -> None:
    """Granite multiplies its embeddings on the way in: its last blocks, fed with hidden states, answer differently."""
    auto = transformers_library()
    sizes = {"vocab_size": 40, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
    for multiplier, cuts in ((1.0, True), (3.0, False)):
        config = auto.GraniteConfig(**sizes, **heads, embedding_multiplier=multiplier, initializer_range=0.3)
        model = auto.GraniteForCausalLM(config).eval().requires_grad_(False)
        assert (tail(model, 1, rows_of(model), 1.0).hidden is not None) == cuts


def test_only_answers_to_what_is_asked_go_through_the_head() -> None:
    """What a model costs is counted: tokens read, and the numbers that a pass keeps."""
    reference, _ = letter_market(length=2)
    law = candidate_law(ENUMERABLE, reference, 0, 1.0)
    assert law.tokens == 31 * 2  # a start sign and two letters, the last of which is not read
    assert law.footprint == 3 * int(law.rows.answered.sum()) * 6 + 24 * law.tokens * 16 * 2


def test_the_same_question_is_the_same_law(llama: str) -> None:
    reference = of_texts(TOLD)
    first, again = (candidate_law(llama, reference, 1, 1.0) for _ in range(2))
    assert first is again
    assert candidate_law(llama, reference, 2, 1.0) is not first
    assert candidate_law(llama, reference, 1, 0.5) is not first
    assert first.tail.hidden is not None
    assert language_model(llama) is language_model(llama)
    assert not any(value.requires_grad for value in first.tail.model.parameters())


# Half precision


def test_half_precision_models_answer_in_the_references_precision() -> None:
    """bfloat16 blocks, float32 adapters and sums, float64 policies; the whole and the cut model near float32's."""
    rows, single = rows_of(tiny_llama()), tiny_llama()
    policy = torch.full((1, 2, 4), 0.25, dtype=torch.float64)
    for layers in (0, 1):
        found = []
        for model in (single, tiny_llama(dtype=torch.bfloat16)):
            part = tail(model, layers, rows, 1.0)
            targets = last_layers(part.model, layers)
            untouched = fresh(part.model, 1, 1, targets, 0, torch.float32)
            law = CandidateLaw(part, targets, part(untouched).detach())
            assert law.fresh(1, 2, 0).parameters()[0].dtype == torch.float32
            assert law.base.dtype == torch.float32
            found.append(law.log_policy(shaken(law.fresh(1, 2, 0), size=0.15), policy.log()).exp())
        assert found[1].dtype == torch.float64
        assert (found[0] - policy).abs().max() > 0.1
        assert (found[1] - found[0]).abs().max() < 0.1
