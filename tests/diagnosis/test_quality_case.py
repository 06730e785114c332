from __future__ import annotations

import pytest

from evalkit.diagnosis.quality_case import found_case
from evalkit.records.estimate import Estimate, Gap, Need, Requirement, State
from evalkit.records.model import Role
from evalkit.records.run import ContenderResult


def contender(name: str = "m", role: Role = "frontier", split: str = "test", **metrics: float) -> ContenderResult:
    estimates = {k: Estimate(v, v - 0.02, min(1.0, v + 0.02), 500, "wilson") for k, v in metrics.items()}
    return ContenderResult(name, name, f"p/{name}", "default", "prompt", role, split, n=500, metrics=estimates)


def need(metric: str, threshold: float, state: State, gap: float = 0.0, name: str = "m") -> Requirement:
    return Requirement(name, Need(metric, threshold), state, Gap(gap, None, None), None, "")


ACCURACY = need("accuracy", 0.9, "unmet", 0.1)


def test_form_alone() -> None:
    case, why = found_case([contender(accuracy=0.8, accuracy_lenient=0.95)], [ACCURACY])
    assert case == "format" and "0.800" in why and "0.950" in why and "0.9 needed" in why


def test_form_that_may_be_the_cause_is_not_claimed() -> None:
    case, why = found_case([contender(accuracy=0.8, accuracy_lenient=0.91)], [ACCURACY])
    assert case is None and "cannot tell" in why


def test_content() -> None:
    case, why = found_case([contender(accuracy=0.8, accuracy_lenient=0.82)], [ACCURACY])
    assert case is None and "forgiving the form does not meet the need" in why


def test_the_margin_counts() -> None:
    needed = Requirement("m", Need("accuracy", 0.9, 0.02), "unmet", Gap(0.1, None, None), None, "")
    assert found_case([contender(accuracy=0.8, accuracy_lenient=0.905)], [needed])[0] == "format"


def test_format_validity_alone() -> None:
    validity = need("format_validity", 0.99, "unmet", 0.1)
    assert found_case([contender(format_validity=0.89)], [validity])[0] == "format"
    met = need("accuracy", 0.8, "met", -0.1)
    assert found_case([contender(accuracy=0.85, accuracy_lenient=0.9)], [validity, met])[0] == "format"


def test_words_of_a_domain() -> None:
    lost = contender(accuracy=0.7, accuracy_lenient=0.72, vocabulary=0.8)
    case, why = found_case([lost], [need("accuracy", 0.9, "unmet", 0.2)])
    assert case == "domain" and "20.0%" in why and "20.0 points" in why
    few = contender(accuracy=0.7, accuracy_lenient=0.72, vocabulary=0.95)
    assert found_case([few], [need("accuracy", 0.9, "unmet", 0.2)])[0] is None
    assert found_case([contender(vocabulary=0.9)], [need("vocabulary", 0.99, "unmet", 0.09)])[0] == "domain"


@pytest.mark.parametrize("metric", ["latency_p95_ms", "ttft_p95_ms"])
def test_time_alone(metric: str) -> None:
    slow = need(metric, 100, "unmet", 300)
    met = need("accuracy", 0.7, "met", -0.1)
    assert found_case([contender(accuracy=0.8)], [slow, met])[0] == "latency"
    assert found_case([contender(accuracy=0.8, accuracy_lenient=0.95)], [slow, ACCURACY])[0] == "format"


def test_what_has_no_lenient_reading_is_said() -> None:
    case, why = found_case([contender(accuracy_lenient=0.95)], [need("macro_f1", 0.9, "unmet", 0.1)])
    assert case is None and "macro_f1" in why
    assert "cost_per_1000_calls" in found_case([contender()], [need("cost_per_1000_calls", 1, "unmet", 2)])[1]
    assert found_case([contender(accuracy=0.8)], [ACCURACY])[1].endswith("no lenient reading of its answers")


def test_the_best_frontier_contender_is_diagnosed() -> None:
    good = contender("good", accuracy=0.95)
    poor = contender("poor", accuracy=0.5, accuracy_lenient=0.95)
    needs = [need("accuracy", 0.9, "met", -0.05, "good"), need("accuracy", 0.9, "unmet", 0.4, "poor")]
    case, why = found_case([poor, good], needs)
    assert case is None and "good meets every need" in why
    assert found_case([contender("poor", "prompted", accuracy=0.5, accuracy_lenient=0.95)], needs)[0] == "format"


def test_floors_dev_and_nothing_are_no_evidence() -> None:
    for other in (contender(role="floor"), contender(role="fine_tuned"), contender(split="dev")):
        assert found_case([other], [ACCURACY]) == (None, "no prompted model was measured on test")


def test_undecided_needs_are_not_diagnosed() -> None:
    case, why = found_case([contender(accuracy=0.89)], [need("accuracy", 0.9, "undecided", 0.01)])
    assert case is None and "no need that is surely unmet" in why
