"""Judges at work: the case as they see it, their sandbox or endpoint, one sitting of them all."""
