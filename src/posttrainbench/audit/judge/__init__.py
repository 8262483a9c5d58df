"""Agents as judges: what they are asked, what their answers are worth."""
