# shellcheck shell=sh
# What ./run needs before it can do anything: a Python environment made from a lock file.
# Sourced by ./run; tools/debian.sh is the other half (programs from Debian's packages).
#
# Reads: ROOT, CACHE. Everything made here lies under $CACHE and can be deleted at any time.

# --- words and clock ------------------------------------------------------------------------------

say() { printf '%s\n' "$*" >&2; }

die() { # STATUS SENTENCE...
  die_status=$1
  shift
  say "run: $*"
  exit "$die_status"
}

# Hundredths of a second since boot, without starting a process.
centiseconds() {
  read -r uptime_now _ </proc/uptime
  uptime_whole=${uptime_now%.*}
  uptime_part=${uptime_now#*.}
  echo "$((uptime_whole * 100 + ${uptime_part#0}))"
}

tell_step() { # NAME STARTED-AT
  step_took=$(($(centiseconds) - $2))
  say "set-up: $1 $((step_took / 100)).$((step_took / 10 % 10)) s"
}

checksum() { cat "$@" | sha256sum | cut -c 1-16; }

# --- one set-up at a time -------------------------------------------------------------------------

# The kernel drops this lock when the process ends, however it ends.
take_lock() {
  mkdir -p "$CACHE" 2>/dev/null && [ -w "$CACHE" ] ||
    die 2 "$CACHE cannot be written; set GPUSLA_CACHE to a folder of your own and try again."
  exec 9>"$CACHE/lock"
  flock -n 9 && return 0
  say "set-up: another ./run is setting up here; waiting for it"
  flock 9
}

drop_lock() { exec 9>&-; }

# --- the Python environment -----------------------------------------------------------------------

lock_sum() { checksum "$ROOT/requirements/$1.txt"; }
link_sum() { checksum "$ROOT/pyproject.toml" "$ROOT/core/gpusla/__init__.py" "$ROOT/tools/link.py"; }

# True when the environment of this role is whole, made from this lock file, for this checkout.
environment_is_ready() { # ROLE
  [ -x "$CACHE/venv/$1/bin/python" ] && [ -r "$CACHE/venv/$1/.ready" ] || return 1
  { read -r ready_lock && read -r ready_root; } <"$CACHE/venv/$1/.ready" || return 1
  [ "$ready_root" = "$ROOT" ] && [ "$ready_lock" = "$(lock_sum "$1")" ]
}

link_is_ready() { # ROLE
  [ -r "$CACHE/venv/$1/.linked" ] && read -r ready_link <"$CACHE/venv/$1/.linked" &&
    [ "$ready_link" = "$(link_sum)" ]
}

find_python() {
  set -- python3 python3.14 python3.13 python3.12 python3.11
  [ -z "${GPUSLA_PYTHON:-}" ] || set -- "$GPUSLA_PYTHON"
  for python_name in "$@"; do
    python_path=$(command -v "$python_name") || continue
    "$python_path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    # The interpreter itself: a version manager's shim would look up its settings at every start.
    "$python_path" -c 'import sys; print(sys.executable)'
    return 0
  done
  die 2 "needs Python 3.11 or newer, and found none. On Debian 12, Ubuntu 24.04 or newer:" \
    "apt-get install python3. Elsewhere set GPUSLA_PYTHON to one."
}

# An unpacked pip under $CACHE/pip, used from outside the environments it fills. Debian and Ubuntu
# keep ensurepip out of python3, so the wheel may have to come from its package.
ensure_pip() { # PYTHON
  [ -r "$CACHE/pip/.ready" ] && return 0
  pip_wheel=$(find_pip_wheel "$1")
  if [ -z "$pip_wheel" ]; then
    download_pip_wheel
    pip_wheel=$(find "$CACHE/pip-package" -name 'pip-*.whl' 2>/dev/null | head -n 1)
  fi
  [ -n "$pip_wheel" ] ||
    die 2 "$1 has no pip, and the package python3-pip-whl could not be downloaded." \
      "Install python3-venv and try again."
  rm -rf "$CACHE/pip"
  mkdir -p "$CACHE/pip"
  "$1" -m zipfile -e "$pip_wheel" "$CACHE/pip"
  : >"$CACHE/pip/.ready"
}

find_pip_wheel() { # PYTHON
  pip_bundled=$("$1" -c 'import ensurepip, os; print(os.path.dirname(ensurepip.__file__))' \
    2>/dev/null) || pip_bundled=
  for pip_candidate in "$pip_bundled"/_bundled/pip-*.whl /usr/share/python-wheels/pip-*.whl; do
    [ -r "$pip_candidate" ] || continue
    echo "$pip_candidate"
    return 0
  done
}

install_locked() { # PYTHON-OF-THE-ENVIRONMENT LOCK-FILE
  PYTHONPATH="$CACHE/pip" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_REQUIRE_VIRTUALENV=0 "$1" -m pip install --quiet --no-input --retries 2 --no-deps --no-compile \
    --require-hashes --only-binary :all: --requirement "$2"
}

# Made aside under a name of its own and only then given its stable name, so that a half-made one
# is never used and the old one stays whole under whatever is still running in it.
make_environment() { # ROLE
  step_started=$(centiseconds)
  role_python=$(find_python) || exit $?
  role_version=$("$role_python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  role_lock=$(lock_sum "$1")
  role_folder=$1-$role_lock-$role_version
  rm -rf "${CACHE:?}/venv/$role_folder"
  mkdir -p "$CACHE/venv"
  "$role_python" -m venv --without-pip "$CACHE/venv/$role_folder" ||
    die 2 "$role_python cannot make an environment. Install python3-venv and try again."
  ensure_pip "$role_python"
  tell_step "environment $1 (Python $role_version)" "$step_started"
  step_started=$(centiseconds)
  install_locked "$CACHE/venv/$role_folder/bin/python" "$ROOT/requirements/$1.txt" ||
    die 2 "the packages of requirements/$1.txt could not be installed" \
      "(without a network the first run cannot work); pip's own words are above."
  printf '%s\n%s\n' "$role_lock" "$ROOT" >"$CACHE/venv/$role_folder/.ready"
  ln -sfn "$role_folder" "$CACHE/venv/.$1.new"
  mv -fT "$CACHE/venv/.$1.new" "$CACHE/venv/$1"
  forget_old_environments "$1" "$role_folder"
  tell_step "packages $1" "$step_started"
}

forget_old_environments() { # ROLE FOLDER-TO-KEEP
  find "$CACHE/venv" -maxdepth 1 -type d -name "$1-*" ! -name "$2" -mmin +1440 \
    -exec rm -rf {} +
}

link_checkout() { # ROLE
  "$CACHE/venv/$1/bin/python" "$ROOT/tools/link.py" ||
    die 2 "this checkout could not be linked into $CACHE/venv/$1."
  link_sum >"$CACHE/venv/$1/.linked"
}

# The roles that run our own code see the checkout; the others hold somebody else's tools only.
role_is_ours() { [ "$1" = dev ] || [ "$1" = runtime ]; }

ensure_environment() { # ROLE; call with the lock held
  environment_is_ready "$1" || make_environment "$1"
  role_is_ours "$1" || return 0
  link_is_ready "$1" || link_checkout "$1"
}

environment_is_usable() { # ROLE
  environment_is_ready "$1" || return 1
  ! role_is_ours "$1" || link_is_ready "$1"
}
