"""Rows drawn from the truth: what each contender answered, what the labels say, in which cluster, how long it took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from tests.decision.harsh.world import Answerer, Rows, World

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_WORST = 0.95


@dataclass(frozen=True, slots=True)
class Table:
    """Rows before anybody answers. `twin` points a contradictory second row at its first, all others at themselves.

    `group` are the true clusters, `declared` what the suite tells of them. `cluster` and `item` are shared
    difficulties (standard normal) and `bad` marks rows of bad clusters.
    """

    rows: Rows
    twin: Ints
    truth: Ints
    gold: Ints
    group: Ints
    declared: Ints | None
    cluster: Floats
    item: Floats
    bad: Bools


@dataclass(frozen=True, slots=True)
class Answers:
    """One contender on a table. `said` is a class, -1 where there is no answer in the right form.

    `content` is right by the label whatever the form. `ms` and `first_ms` are in the order of
    sending. `hit`: the prefix was read from cache.
    """

    valid: Bools
    refused: Bools
    truncated: Bools
    lost: Bools
    said: Ints
    correct: Bools
    content: Bools
    ms: Floats
    first_ms: Floats
    suffix: Floats
    output: Floats
    hit: Bools


def draw_table(world: World, n: int, rng: np.random.Generator, contradictory: float) -> Table:
    """`n` rows of the job, a share of them twice with two labels."""
    rows = world.rows
    classes = np.array(world.labels.classes)
    group = _clusters(rows, n, rng)
    count = int(group.max()) + 1
    bad_cluster = rng.random(count) < rows.bad
    cluster = rng.standard_normal(count)
    truth = rng.choice(len(classes), size=n, p=classes / classes.sum())
    item = rng.standard_normal(n)
    gold = np.where(rng.random(n) < world.labels.wrong, _other(truth, len(classes), rng), truth)
    twin = np.arange(n)
    pairs = round(contradictory * n / 2)
    first, second = twin[: 2 * pairs : 2], twin[1 : 2 * pairs : 2]
    truth[second], item[second], group[second] = truth[first], item[first], group[first]
    wrong_first = rng.random(pairs) < 0.5
    wrong = _other(truth[first], len(classes), rng)
    gold[first] = np.where(wrong_first, wrong, truth[first])
    gold[second] = np.where(wrong_first, truth[first], wrong)
    twin[second] = first
    return Table(
        rows=rows,
        twin=twin,
        truth=truth,
        gold=gold,
        group=group,
        declared=group if rows.declared else None,
        cluster=cluster[group],
        item=item,
        bad=bad_cluster[group],
    )


def _clusters(rows: Rows, n: int, rng: np.random.Generator) -> Ints:
    if not rows.clustered:
        return np.arange(n)
    sizes: list[int] = []
    while sum(sizes) < n:
        spread = rows.size_spread
        size = rows.cluster_size * np.exp(spread * rng.standard_normal() - spread**2 / 2)
        sizes.append(max(1, round(float(size))))
    return np.repeat(np.arange(len(sizes)), sizes)[:n].astype(np.int64)


def _other(truth: Ints, classes: int, rng: np.random.Generator) -> Ints:
    return (truth + rng.integers(1, classes, size=len(truth))) % classes


def error_shares(table: Table, error: float) -> Floats:
    """The share of errors of each row's cluster, such that bad clusters have so many times more and the mean holds."""
    bad, times = table.rows.bad, table.rows.bad_times
    if not bad or error >= 0.9:
        return np.full(len(table.truth), error)
    good = error / (1 - bad + bad * times)
    if good * times > _WORST:
        good = max(0.0, (error - bad * _WORST) / (1 - bad))
        worst = (error - (1 - bad) * good) / bad
    else:
        worst = good * times
    return np.where(table.bad, worst, good)


def draw_hits(table: Table, share: float | Floats, noise: Floats, shared_item: float) -> Bools:
    """True with a probability of 1 - `share` in each row; rows of a cluster and hard rows fail together.

    A Gaussian copula, so that the mean over all calls is exact: `noise` is the contender's own (standard normal).
    """
    cluster = table.rows.shared_cluster
    item = min(shared_item, 0.95 - cluster)
    difficulty = np.sqrt(cluster) * table.cluster + np.sqrt(item) * table.item + np.sqrt(1 - cluster - item) * noise
    hits: Bools = (ndtr(difficulty) >= share)[table.twin]
    return hits


def draw_answers(world: World, table: Table, a: Answerer, noise: Floats, rng: np.random.Generator) -> Answers:
    """What a contender answers to a table; `noise` is the same for a model asked in two forms."""
    n = len(table.truth)
    content_right = _content(world, table, a, noise)
    lost_form = error_shares(table, a.invalid + a.refused + a.truncated)
    fails = ~draw_hits(table, lost_form, rng.standard_normal(n), 0.0)
    kind = rng.random(n)[table.twin] * max(a.invalid + a.refused + a.truncated, 1e-12)
    truncated = fails & (kind < a.truncated)
    refused = fails & ~truncated & (kind < a.truncated + a.refused)
    wrong = _other(table.truth, len(world.labels.classes), rng)[table.twin]
    said = np.where(content_right, table.truth, wrong)
    if a.copies_label_errors:
        said = np.where(_copied(table), table.gold, said)
    if a.constant:
        said = np.zeros(n, dtype=np.int64)
    valid = ~fails
    content = (said == table.gold) & ~truncated & ~refused
    ms = _times(a, n, rng)
    spread, tail = a.tokens.suffix_spread, a.tokens.output_spread
    return Answers(
        valid=valid,
        refused=refused,
        truncated=truncated,
        lost=rng.random(n) < world.rows.lost,
        said=np.where(valid, said, -1),
        correct=valid & content,
        content=content,
        ms=ms,
        first_ms=ms * a.times.first_share,
        suffix=a.tokens.suffix * np.exp(spread * rng.standard_normal(n) - spread**2 / 2),
        output=a.tokens.output * np.exp(tail * rng.standard_normal(n) - tail**2 / 2),
        hit=rng.random(n) < a.cache_works,
    )


def _copied(table: Table) -> Bools:
    """Rows whose wrong label a model repeats that learned from the same labels: four of five."""
    chosen = np.random.default_rng(len(table.truth)).random(len(table.truth)) < 0.8
    copied: Bools = (table.gold != table.truth) & chosen & (table.twin == np.arange(len(table.truth)))
    return copied


def _content(world: World, table: Table, a: Answerer, noise: Floats) -> Bools:
    right = a.right
    if a.copies_label_errors:  # it is wrong where it copies, so that it is right more often elsewhere
        right = min(0.9995, right / (1 - 0.8 * world.labels.wrong))
    return draw_hits(table, error_shares(table, 1 - right), noise, table.rows.shared_item)


def _times(a: Answerer, n: int, rng: np.random.Generator) -> Floats:
    steps = rng.standard_normal(n)
    level = np.empty(n)
    level[0] = steps[0]
    keep, new = a.times.drift, np.sqrt(1 - a.times.drift**2)
    for i in range(1, n):
        level[i] = keep * level[i - 1] + new * steps[i]
    ms: Floats = a.times.median * np.exp(a.times.spread * level)
    return ms
