"""The transformers engine's way in: named by the entry point, and light to import."""

from __future__ import annotations

from .. import Engine, EngineNeeds, EngineOptions


class LocalTransformers:
    """Models in this very process, on a CPU or one GPU, without a model server."""

    def needs(self) -> EngineNeeds:
        """Nothing but this interpreter's packages."""
        return EngineNeeds()

    def load(self, options: EngineOptions) -> Engine:
        """See :meth:`posttrainbench.evaluation.engines.transformers.TransformersFactory.load`.

        Raises:
            DataError: no model, damaged, or its tensors do not fit its configuration.
            EngineError: out of memory.
        """
        from .transformers import TransformersFactory

        return TransformersFactory().load(options)
