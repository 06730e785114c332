"""Figures per class of a classification, and who is taken for whom. Both leave infra errors out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evalkit.records.run import ClassFigures
from evalkit.records.score import Status
from evalkit.scoring.tally import Tally


def confusion(tally: Tally, lenient: bool = False) -> NDArray[np.int64]:
    """Completions by true label (rows) and answered label (columns): (labels, labels + 1).

    The last column counts answers that are no label in this reading: strict, or lenient. Raises ValueError
    where the tally is not of a classification with labels.
    """
    size = len(tally.classes)
    if not size:
        raise ValueError("a confusion matrix needs a classification with labels")
    columns = tally.columns()
    counted = ~columns.is_status(Status.INFRA_ERROR)
    answers = columns.own["lenient_answer" if lenient else "answer"][counted]
    cells = columns.own["target"][counted] * (size + 1) + np.where(answers < 0, size, answers)
    return np.bincount(cells, minlength=size * (size + 1)).reshape(size, size + 1).astype(np.int64)


def per_class(tally: Tally, lenient: bool = False) -> list[ClassFigures]:
    """Precision, recall and F1 of every label, in the suite's order. Raises ValueError as `confusion`."""
    matrix = confusion(tally, lenient)
    figures = []
    for i, label in enumerate(tally.classes):
        hits, support, predicted = int(matrix[i, i]), int(matrix[i].sum()), int(matrix[:, i].sum())
        figures.append(
            ClassFigures(
                label,
                support,
                predicted,
                hits / predicted if predicted else None,
                hits / support if support else None,
                2 * hits / (support + predicted) if support + predicted else None,
            )
        )
    return figures
