"""Hands the base model in as it is."""

from .place import hand_in_base, read_prompt, say


def main() -> None:
    """The whole agent."""
    read_prompt()
    say("The base model is good enough for me: copying it to final_model.")
    hand_in_base()
    say("Done.")


if __name__ == "__main__":
    main()
