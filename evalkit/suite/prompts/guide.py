"""A guide to the labels, computed from train, and a description of the output's form: what a careful author writes."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from evalkit.forms.table import form_of
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.contenders import output_of

_WORD = re.compile(r"[^\W\d_]{3,}")
_MOST_ROWS = 20_000
_MOST_LABELS = 200
_MOST_WITH_EXAMPLE = 40  # labels beyond which a typical example each would make the prefix long
_WORDS = 8
_LONGEST = 160
_PRIOR = 10.0  # pseudo-rows of the whole of train behind each word
_SURE = 1.0  # standard errors by which a word must be more frequent in a label than elsewhere


def label_guide(suite: OpenSuite, prompt: str, seed: int = 7) -> str | None:
    """What the suite's data and output say about a right answer, for a system text; None where they say nothing.

    For labels: each label's most distinctive words in train and its most typical row. For the forms json and regex:
    the schema's fields or the pattern, in words. Rows that ask the same as a row of dev or test are left out.
    """
    output = output_of(suite, suite.loaded.suite.output.enforce)
    parts = [_of_labels(suite, prompt, seed), form_of(output).guide(output)]
    found = [part for part in parts if part]
    return "\n\n".join(found) if found else None


def _of_labels(suite: OpenSuite, prompt: str, seed: int) -> str | None:
    dataset, template = suite.dataset, suite.prompts[prompt].user
    labels = dataset.labels
    if not 2 <= len(labels) <= _MOST_LABELS or "train" not in dataset.splits:
        return None
    texts: dict[str, list[str]] = defaultdict(list)
    n = min(dataset.splits["train"].n, _MOST_ROWS)
    for sample in dataset.examples(n, "random", seed) if n else []:
        if isinstance(sample.target, str) and sample.target in labels:
            texts[sample.target].append(template.render({**suite.given, **sample.fields}))
    if not texts:
        return None
    lines = list(_lines(labels, texts))
    return "What the labels cover, from rows that were labelled before:\n" + "\n".join(lines)


def _lines(labels: Sequence[str], texts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    weights = distinctive(texts)
    for label in labels:
        ranked = sorted(weights.get(label, {}).items(), key=lambda item: (-item[1], item[0]))
        words = [word for word, _ in ranked[:_WORDS]]
        told = f"words such as {', '.join(words)}" if words else ""
        if len(labels) <= _MOST_WITH_EXAMPLE and texts.get(label):
            typical = _typical(texts[label], dict(ranked))
            told += f"{'; ' if told else ''}typical: {json.dumps(typical, ensure_ascii=False)}"
        yield f"- {label}: {told or 'no row of train has it'}"


def distinctive(texts: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """For each label the words that its rows hold more often than the others', with how surely, in standard errors.

    The log-odds ratio of the share of rows with the word, with an informative Dirichlet prior (Monroe, Colaresi and
    Quinn 2008, "Fightin' Words", Political Analysis 16(4), eq. 16, 18 and 22), over rows instead of tokens.
    """
    rows = {label: Counter(word for text in each for word in words_of(text)) for label, each in texts.items()}
    everything = sum(rows.values(), Counter[str]())
    total = sum(len(each) for each in texts.values())
    found: dict[str, dict[str, float]] = {}
    for label, counts in rows.items():
        n, others = len(texts[label]), total - len(texts[label])
        scores: dict[str, float] = {}
        for word, count in counts.items():
            if count < min(2, n) or not others:
                continue
            prior = _PRIOR * everything[word] / total
            inside, outside = count + prior, everything[word] - count + prior
            # Half a row keeps a word that is in every row from an infinite ratio.
            elsewhere = math.log(outside / (others + _PRIOR - outside + 0.5))
            odds = math.log(inside / (n + _PRIOR - inside + 0.5)) - elsewhere
            sure = odds / math.sqrt(1 / inside + 1 / outside)
            if sure > _SURE:
                scores[word] = sure
        found[label] = scores
    return found


def words_of(text: str) -> set[str]:
    """The words of a text without case, of three letters at least."""
    return set(_WORD.findall(text.casefold()))


def _typical(texts: Sequence[str], weights: Mapping[str, float]) -> str:
    """The row that holds the most of what is distinctive for its length, in what is shown of it."""

    def score(text: str) -> tuple[float, int, str]:
        words = words_of(text)
        held = sum(weights.get(word, 0.0) for word in words) / math.sqrt(len(words) + 4)
        return -held, len(text), text

    return min((_short(text) for text in texts), key=score)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rsplit(" ", 1)[0] + " …"
