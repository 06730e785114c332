"""The example of the contract, with the files that it names, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

EXAMPLE = """\
# yaml-language-server: $schema=suite.schema.json
name: support-routing
description: Route a support ticket to the team that owns it.
task: classify                    # classify | extract | answer | write
case: volume

dataset:
  test:  {path: data/tickets.test.jsonl}
  train: {path: data/tickets.train.jsonl}
  dev:   {from: train, fraction: 0.2, seed: 7}
  target: label
  id: id
  leakage: error
  label_error_share: [0.0, 0.03]
  group: customer
  limit: 500

prompt:
  system: |
    You route support tickets. Answer with one label only.
    Labels: {{ labels | join(", ") }}
  examples: {count: 24, pick: stratified, seed: 7}
  user: "{{ text }}"
  cache: 5m

output:
  form: label
  labels: from_data
  enforce: prompt
  max_tokens: 64

models:
  sonnet: anthropic/claude-sonnet-5-5
  haiku:  anthropic/claude-haiku-5-5
  haiku_native: {model: anthropic/claude-haiku-5-5, enforce: native, reasoning: low}
  tuned:
    model: openai/ft-support-7b
    base_url: ${TUNED_URL}
    api_key_env: TUNED_API_KEY
    role: fine_tuned
    revision: 2026-11-20
    price: {gpu_hour: 1.10}
  small: local/gemma-3-270m
  trained: classifier/tfidf-logreg
  logged: {model: recorded, role: prompted, path: data/outputs.jsonl, id: id, output: completion}

good_enough:
  accuracy: 0.92
  format_validity: 0.95
  # vocabulary: 0.995   ttft_p95_ms: 100   latency_p95_ms: 2000   cost_per_1000_calls: 0.40

run:
  {concurrency: 32, epochs: 1, temperature: 0, seed: 7, timeout_s: 120, max_infra_errors: 0.01, stream: false}

decision: {min_labels: 1000, min_per_class: 10, min_test_rows: 200}

economics:
  calls_per_month: 3_000_000
  horizon_months: 12
  active_hours: 24
  build_cost: [15_000, 60_000]
  label_cost_each: 0.5
  hosting_per_month: [200, 2_000]
  tuned_cost_per_1000_calls: [0.05, 0.20]
  tuned_accuracy: [0.90, 0.96]
  retrain_cost: [2_000, 10_000]
  retrains_per_year: 1
  prompted_price_change_per_year: -0.3
  value_of_a_correct_answer: 0.05
  value_of_meeting_need_per_month: null
  gpu: {gpu_hour: 1.10, min_replicas: 1, capacity_rps: 40, peak_to_mean: 3}
"""

FILES = {
    "data/tickets.test.jsonl": "{}\n",
    "data/tickets.train.jsonl": "{}\n",
    "data/outputs.jsonl": "{}\n",
    "prompts/route.md": "You route tickets.\nLabels: {{ labels }}\n",
    "ticket.schema.json": '{"type": "object", "properties": {"team": {"type": "string"}, "urgent": {}}}',
}


def write_suite(folder: Path, text: str = EXAMPLE) -> Path:
    """A folder with the suite's files and `suite.yaml` holding `text`; gives the path of the latter."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path
