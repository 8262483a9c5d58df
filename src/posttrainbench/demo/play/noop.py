"""Reads the task, says what it would do, and leaves nothing."""

from .place import read_prompt, say


def main() -> None:
    """The whole agent."""
    prompt = read_prompt()
    say(f"I have read the task: {len(prompt.split())} words.")
    say("I would make training data, fine-tune the model and save it in final_model.")
    say("Instead I do nothing and leave.")


if __name__ == "__main__":
    main()
