#!/bin/sh
# Makes the virtual environment $1 and installs requirements.lock and Tidegate itself into it; safe to run again.
# PYTHON picks the interpreter; otherwise the first one that is new enough.
set -eu
venv=$1

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Tidegate needs Python >= 3.11; tried: ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}" >&2
    echo "Install one (Debian 12 and later: apt-get install python3 python3-venv) or say which: make setup PYTHON=/path/to/python3" >&2
    return 1
}

# An interrupted run can leave half a .venv behind: only one that runs and has pip is kept.
if ! { new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    python=$(find_python)
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        "$python" -m venv --clear "$venv"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        # Debian without python3-venv, but with a pip that can install into another environment.
        "$python" -m venv --clear --without-pip "$venv"
        "$python" -m pip --python "$venv/bin/python" install --quiet pip
    else
        echo "$python cannot make a virtual environment with pip: the module ensurepip is missing" >&2
        echo "Install it (Debian, Ubuntu: apt-get install python3-venv) and run make setup again" >&2
        exit 1
    fi
fi

echo "installing the locked packages into $venv (a minute or two the first time)"
# --no-deps: the lock names everything. Without it pip looks for `coverage[toml]` beside `coverage==` and, when a newer one
# has just been released, meets that first and gives up, for it has no hash (pip#9243).
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
