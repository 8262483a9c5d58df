#!/bin/sh
# Find a usable Python and let it prepare .venv:  scripts/setup.sh demo|dev
# PYTHON=/path/to/python3.12 chooses the interpreter.  POSIX sh, so that a machine whose only Python
# is too old gets a sentence and not a syntax error.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# Prints MAJOR.MINOR of an interpreter, nothing when it cannot run.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

supported() {
    case $(version_of "$1") in
        3.11 | 3.12 | 3.13) return 0 ;;
        *) return 1 ;;
    esac
}

if [ -n "${PYTHON:-}" ]; then
    found=$(version_of "$PYTHON")
    case $found in
        3.1[1-9] | 3.[2-9][0-9]) ;;
        '')
            echo "setup: PYTHON=$PYTHON cannot be run; give the path of Python 3.11 or newer" >&2
            exit 2
            ;;
        *)
            echo "setup: PYTHON=$PYTHON is Python $found; PostTrainBench needs 3.11 or newer" >&2
            exit 2
            ;;
    esac
    exec "$PYTHON" -B "$here/setup_venv.py" "$@"
fi

for candidate in python3 python3.13 python3.12 python3.11; do
    if supported "$candidate"; then
        exec "$candidate" -B "$here/setup_venv.py" "$@"
    fi
done

found=$(version_of python3)
echo "setup: no Python 3.11, 3.12 or 3.13 found (python3 is ${found:-not installed})" >&2
echo "  -> install one (Debian, Ubuntu: apt install python3 python3-venv; others: uv python install" >&2
echo "     3.12), or point to one: make demo PYTHON=/path/to/python3.12" >&2
exit 2
