"""`python -m posttrainbench` is `ptb`."""

from .cli.main import main

if __name__ == "__main__":
    main()
