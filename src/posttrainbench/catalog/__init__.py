"""What exists: base models, benchmarks, weights, published reference scores.

The facts stand in TOML files beside this module; the plug-ins named in entry points wrap them.
"""

from .entries import BenchmarkEntry, ModelEntry, ReferenceScore
from .facts import (
    ReferenceKind,
    all_benchmarks,
    all_models,
    benchmark_facts,
    model_facts,
    reference_score,
    weights,
)
from .measured import MeasuredScore, best_reference, measured_score, measured_scores
from .models import FetchedModel, ModelPlugin, Progress

__all__ = [
    "BenchmarkEntry", "FetchedModel", "MeasuredScore", "ModelEntry", "ModelPlugin", "Progress",
    "ReferenceKind", "ReferenceScore", "all_benchmarks", "all_models", "benchmark_facts",
    "best_reference", "measured_score", "measured_scores", "model_facts", "reference_score",
    "weights",
]  # fmt: skip
