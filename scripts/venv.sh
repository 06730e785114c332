# Makes the project's virtual environment once; to be sourced from the project's folder.
VENV="${EVALKIT_VENV:-.venv}"
if [ ! -x "$VENV/bin/python" ]; then
  PYTHON="${PYTHON:-python3}"
  if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "evalkit needs Python 3.11 or newer; $PYTHON is $("$PYTHON" -V 2>&1). Set PYTHON=… to another one." >&2
    exit 2
  fi
  "$PYTHON" -m venv "$VENV"
fi
