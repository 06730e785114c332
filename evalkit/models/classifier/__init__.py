"""`classifier/…`: a small trained model as the floor under what is paid for."""

from __future__ import annotations

from evalkit.models.base import Model, ModelContext
from evalkit.models.provider import Provider
from evalkit.records.model import ModelSpec
from evalkit.records.provider import ProviderFacts


def _open_model(spec: ModelSpec, context: ModelContext) -> Model:
    from evalkit.models.classifier.model import open_model

    return open_model(spec, context)


PROVIDER = Provider(
    ProviderFacts(
        "classifier",
        prompted=False,
        learns=True,
        default_role="floor",
        packages=("scikit-learn", "scipy", "numpy"),
        extra="local",
    ),
    _open_model,
)
