#!/bin/sh
# Make `.venv` hold what `run` or `test` needs. Idempotent; quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."
want=${1:-run}

say() { printf '%s\n' "$*" >&2; }

# Debian packages: $1 = why, the rest = package names. Installs them as root, else says the exact command.
packages() {
    why=$1; shift
    missing=
    for name; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "$why: missing system packages. Run:"
        say "  sudo apt-get update && sudo apt-get install --no-install-recommends$missing"
        return 1
    fi
    say "$why: installing$missing"
    # Servers are started by the tests themselves, never by their packages.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get -qq -o DPkg::Lock::Timeout=300 update && apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends install $missing; } >.setup.log 2>&1 || {
        say "apt-get failed; its last lines:"; tail -5 .setup.log >&2; return 1; }
    rm -f .setup.log
}

python=
for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v $name >/dev/null && $name -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then python=$name; break; fi
done
if [ -z "$python" ]; then
    packages "Python 3.11 or newer" python3 python3-venv || exit 3
    python=python3
    $python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed; this system has $($python -V)."; exit 3; }
fi

# WeasyPrint draws with Pango; without it there is no PDF.
has_pango() {
    $python -c 'import ctypes
for name in ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz.so.0", "libharfbuzz-subset.so.0", "libfontconfig.so.1"):
    ctypes.CDLL(name)' 2>/dev/null
}
has_pango || packages "The PDF engine" libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 libfontconfig1 || exit 3

if [ "$want" = test ] && command -v dpkg-query >/dev/null; then
    # Real servers and public verifiers; what cannot be had makes its tests skip, saying so.
    # shellcheck disable=SC2046
    packages "The tests" $(grep -v '^#' requirements/debian-test.txt) || say "Tests that need them will be skipped, with the reason."
fi

lock=requirements/$want.lock
stamp=.venv/.installed-$want
now=$(cat "$lock" pyproject.toml scripts/setup.sh | cksum)
if [ -x .venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$now" ] && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

if ! [ -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    if ! $python -c 'import ensurepip' 2>/dev/null; then
        version=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        packages "Python's venv" "python$version-venv" || packages "Python's venv" python3-venv || exit 3
    fi
    $python -m venv --clear .venv
fi
say "Installing into .venv ($lock)…"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
printf '%s' "$now" >$stamp
# What tests need includes what running needs.
[ "$want" = test ] && cat requirements/run.lock pyproject.toml scripts/setup.sh | cksum >.venv/.installed-run
exit 0
