# shellcheck shell=sh
# The programs that ./run needs beside Python, from Debian's or Ubuntu's packages.
# Sourced by ./run after tools/setup.sh.
#
# The packages and what they depend on are downloaded into apt folders of our own and unpacked under
# $CACHE/debian: no root, nothing outside $CACHE changes, no service is started, and it takes a third
# of the time. Only where that fails, and apt may install (root), are they installed.
# GPUSLA_APT=install asks for installing first, GPUSLA_APT=unpack for never installing,
# GPUSLA_APT=never for neither. Why: docs/decisions/0002-programs-are-unpacked.md.

DEBIAN=$CACHE/debian
UNPACKED=$DEBIAN/system

# --- what is there --------------------------------------------------------------------------------

# Prints the program's path, or fails. Only builtins on the usual way: it runs at every start.
find_program() { # NAME
  case $1 in
  prometheus) first_of "${GPUSLA_PROMETHEUS:-}" prometheus ;;
  promtool) first_of "${GPUSLA_PROMTOOL:-}" promtool ;;
  alertmanager) first_of "${GPUSLA_ALERTMANAGER:-}" prometheus-alertmanager alertmanager ;;
  amtool) first_of "${GPUSLA_AMTOOL:-}" amtool ;;
  cc) first_compiler "${GPUSLA_CC:-}" "$DEBIAN/bin/cc" cc gcc ;;
  chromium) first_browser "${GPUSLA_CHROMIUM:-}" chromium chromium-browser google-chrome ;;
  strace) first_of "${GPUSLA_STRACE:-}" strace ;;
  # Debian keeps it off the PATH of whoever is not root.
  mke2fs) first_of "${GPUSLA_MKE2FS:-}" mke2fs /usr/sbin/mke2fs /sbin/mke2fs ;;
  postgres) first_server "${GPUSLA_POSTGRES:-}" postgres ;;
  initdb) first_server "${GPUSLA_INITDB:-}" initdb ;;
  pg_dump) first_server "${GPUSLA_PG_DUMP:-}" pg_dump ;;
  pg_restore) first_server "${GPUSLA_PG_RESTORE:-}" pg_restore ;;
  psql) first_server "${GPUSLA_PSQL:-}" psql ;;
  createdb) first_server "${GPUSLA_CREATEDB:-}" createdb ;;
  systemd-analyze) first_of "${GPUSLA_SYSTEMD_ANALYZE:-}" systemd-analyze ;;
  *) die 2 "tools/debian.sh knows no program called $1." ;;
  esac
}

first_of() { # OVERRIDE NAME...
  first_override=$1
  shift
  for first_name in ${first_override:+"$first_override"} "$@"; do
    command -v "$first_name" && return 0
    [ -x "$DEBIAN/bin/$first_name" ] && echo "$DEBIAN/bin/$first_name" && return 0
  done
  return 1
}

# Debian keeps PostgreSQL's server programs off PATH, one folder for each version.
first_server() { # OVERRIDE NAME
  first_of "$1" "$2" && return 0
  server_path=$(newest_server "" "$2")
  [ -n "$server_path" ] && echo "$server_path"
}

newest_server() { # ROOT NAME
  find "$1"/usr/lib/postgresql/*/bin -name "$2" 2>/dev/null | sort -V | tail -n 1
}

# A compiler without the C library's headers compiles nothing of ours.
first_compiler() { # OVERRIDE OURS NAME...
  [ -n "$1" ] && command -v "$1" && return 0
  [ -x "$2" ] && echo "$2" && return 0
  [ -e /usr/include/stdlib.h ] || return 1
  shift 2
  first_of "" "$@"
}

# Ubuntu's package of this name is a script that asks for a snap.
first_browser() { # OVERRIDE NAME...
  browser_path=$(first_of "$@") || return 1
  [ -d /snap ] && [ ! -x /snap/bin/chromium ] && grep -qsI 'snap install' "$browser_path" &&
    return 1
  echo "$browser_path"
}

# Sets MISSING to those of the named programs that are not there, and exports the paths of the rest.
find_programs() { # NAME...
  MISSING=
  for program in "$@"; do
    if program_path=$(find_program "$program"); then
      export_program "$program" "$program_path"
    else
      export_program "$program" ""
      MISSING="$MISSING${MISSING:+ }$program"
    fi
  done
  GPUSLA_MISSING=$MISSING
  export GPUSLA_MISSING
}

export_program() { # NAME PATH
  case $1 in
  prometheus) export GPUSLA_PROMETHEUS="$2" ;;
  promtool) export GPUSLA_PROMTOOL="$2" ;;
  alertmanager) export GPUSLA_ALERTMANAGER="$2" ;;
  amtool) export GPUSLA_AMTOOL="$2" ;;
  cc) export GPUSLA_CC="$2" ;;
  chromium) export GPUSLA_CHROMIUM="$2" ;;
  strace) export GPUSLA_STRACE="$2" ;;
  mke2fs) export GPUSLA_MKE2FS="$2" ;;
  postgres) export GPUSLA_POSTGRES="$2" ;;
  initdb) export GPUSLA_INITDB="$2" ;;
  pg_dump) export GPUSLA_PG_DUMP="$2" ;;
  pg_restore) export GPUSLA_PG_RESTORE="$2" ;;
  psql) export GPUSLA_PSQL="$2" ;;
  createdb) export GPUSLA_CREATEDB="$2" ;;
  systemd-analyze) export GPUSLA_SYSTEMD_ANALYZE="$2" ;;
  esac
}

packages_of() { # PROGRAM...
  for packaged in "$@"; do
    case $packaged in
    prometheus) echo prometheus ;;
    # A package of its own from Debian 13 on; before that, part of prometheus.
    promtool) package_exists promtool && echo promtool || echo prometheus ;;
    alertmanager | amtool) echo prometheus-alertmanager ;;
    cc) echo gcc libc6-dev ;;
    chromium) echo chromium ;;
    strace) echo strace ;;
    mke2fs) echo e2fsprogs ;;
    postgres | initdb | pg_dump | pg_restore | psql | createdb) echo postgresql ;;
    systemd-analyze) echo systemd ;;
    esac
  done | tr ' ' '\n' | sort -u
}

# --- getting it -----------------------------------------------------------------------------------

get_programs() { # NAME...; call with the lock held
  [ "${GPUSLA_APT:-}" != never ] && command -v apt-get >/dev/null || return 0
  mkdir -p "$DEBIAN"
  if [ "${GPUSLA_APT:-}" = install ]; then
    get_by install_programs "$@"
    get_by unpack_programs "$@"
  else
    get_by unpack_programs "$@"
    [ "${GPUSLA_APT:-}" = unpack ] || get_by install_programs "$@"
  fi
  for tried in "$@"; do
    : >"$DEBIAN/.tried-$tried"
  done
}

get_by() { # WAY NAME...: of these, whatever is still missing
  get_way=$1
  shift
  find_programs "$@"
  # shellcheck disable=SC2086  # a list of words
  [ -z "$MISSING" ] || "$get_way" $MISSING
}

# After a try that got nothing, a start within the hour does not try again.
tried_lately() { # NAME...
  for tried in "$@"; do
    [ -n "$(find "$DEBIAN/.tried-$tried" -mmin -60 2>/dev/null)" ] || return 1
  done
}

try_again() { rm -f "$DEBIAN"/.tried-*; }

# --- the first way: downloaded and unpacked -------------------------------------------------------

unpack_programs() { # NAME...
  unpack_started=$(centiseconds)
  # shellcheck disable=SC2046  # a list of words
  { update_own_lists && download_packages $(packages_of "$@") && unpack_packages; } \
    >"$DEBIAN/unpack.log" 2>&1 ||
    { say "set-up: could not download $*; see $DEBIAN/unpack.log" && return 0; }
  for unpacked in "$@"; do
    write_wrapper "$unpacked"
    wrapper_works "$unpacked" >>"$DEBIAN/unpack.log" 2>&1 || forget_wrapper "$unpacked"
  done
  tell_step "programs $* (unpacked)" "$unpack_started"
}

# Lists and archives of our own; what is installed is read from the system.
own_apt() {
  mkdir -p "$CACHE/apt/lists/partial" "$CACHE/apt/archives/partial"
  apt-get -q -y -o Dir::State::Lists="$CACHE/apt/lists" -o Dir::Cache="$CACHE/apt" \
    -o Dir::Cache::Archives="$CACHE/apt/archives" -o Debug::NoLocking=1 \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
    -o APT::Sandbox::User=root "$@"
}

update_own_lists() {
  [ -z "$(find "$CACHE/apt/.updated" -mmin -60 2>/dev/null)" ] || return 0
  own_apt update && : >"$CACHE/apt/.updated"
}

# Everything the packages need that the system does not have.
download_packages() { own_apt install --no-install-recommends --download-only "$@"; }

# The C library stays the system's own: two of them in one process do not get on.
unpack_packages() {
  mkdir -p "$UNPACKED"
  for archive in "$CACHE"/apt/archives/*.deb; do
    case ${archive##*/} in
    libc6_* | libc-bin_*) ;;
    *) dpkg -x "$archive" "$UNPACKED" || return 1 ;;
    esac
    rm -f "$archive"
  done
}

write_wrapper() { # PROGRAM
  mkdir -p "$DEBIAN/bin"
  case $1 in
  cc) wrap_compiler ;;
  chromium) wrap_browser ;;
  alertmanager | amtool) wrap_relocated "$(wrapper_name "$1")" ;;
  postgres | initdb | pg_dump | pg_restore | psql | createdb)
    wrap "$1" "$(newest_server "$UNPACKED" "$1")" "" ;;
  mke2fs) wrap mke2fs "$(find "$UNPACKED/sbin" "$UNPACKED/usr/sbin" -name mke2fs 2>/dev/null)" "" ;;
  *) wrap "$(wrapper_name "$1")" "$UNPACKED/usr/bin/$(wrapper_name "$1")" "" ;;
  esac
}

wrapper_name() { # PROGRAM
  case $1 in
  alertmanager) echo prometheus-alertmanager ;;
  *) echo "$1" ;;
  esac
}

wrapper_works() { # PROGRAM
  case $1 in
  cc) printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' |
    "$DEBIAN/bin/cc" -x c -o "$DEBIAN/compiled" - && "$DEBIAN/compiled" ;;
  alertmanager) alertmanager_starts ;;
  mke2fs) "$DEBIAN/bin/mke2fs" -V ;;
  *) "$DEBIAN/bin/$(wrapper_name "$1")" --version ;;
  esac
}

forget_wrapper() {
  say "set-up: the unpacked $1 does not run here; see $DEBIAN/unpack.log"
  rm -f "$DEBIAN/bin/$(wrapper_name "$1")"
}

wrap() { # NAME PROGRAM ARGUMENTS [SHELL-LINE]
  [ -x "$2" ] || return 0
  {
    echo '#!/bin/sh'
    echo "LD_LIBRARY_PATH='$(library_path)'; export LD_LIBRARY_PATH"
    [ -z "${4:-}" ] || echo "$4"
    echo "exec '$2' $3 \"\$@\""
  } >"$DEBIAN/bin/.$1.new"
  chmod 755 "$DEBIAN/bin/.$1.new"
  mv -f "$DEBIAN/bin/.$1.new" "$DEBIAN/bin/$1"
}

library_folder() { echo "$(uname -m)-linux-gnu"; }

# Some packages keep private libraries one folder down and find them by an absolute path.
library_path() {
  for library_root in "$UNPACKED/usr/lib/$(library_folder)" "$UNPACKED/lib/$(library_folder)"; do
    [ ! -d "$library_root" ] ||
      find "$library_root" -maxdepth 2 -name 'lib*.so*' -exec dirname {} +
  done | sort -u | tr '\n' ':' | sed 's/:$//'
}

# gcc finds its own parts from where it stands; the C library's headers, start files and linker
# scripts have to be pointed at.
wrap_compiler() {
  cc_root=$UNPACKED
  cc_libraries=$cc_root/usr/lib/$(library_folder)
  for linker_script in "$cc_libraries"/*.so; do
    grep -qsI 'GNU ld script' "$linker_script" || continue
    sed -i "s| /usr/lib/$(library_folder)/| $cc_libraries/|g" "$linker_script"
  done
  wrap cc "$cc_root/usr/bin/gcc" "-B'$cc_root/usr/bin' -B'$cc_libraries' -L'$cc_libraries' \
-isystem '$cc_root/usr/include/$(library_folder)' -isystem '$cc_root/usr/include'"
}

# Debian's Alertmanager reads its own templates from this one folder and does not start without it.
# The unpacked copy gets another name of the same length for it: a descriptor that its wrapper opens.
TEMPLATES=/usr/share/prometheus/alertmanager
OPENED_AS=/proc/self/fd/8/./////////////////
wrap_relocated() { # NAME
  relocated=$UNPACKED/usr/bin/$1
  relocated_line=
  if [ -d "$UNPACKED$TEMPLATES" ] && [ -x "$relocated" ]; then
    LC_ALL=C sed -i "s|$TEMPLATES|$OPENED_AS|g" "$relocated"
    relocated_line="exec 8<'$UNPACKED$TEMPLATES'"
  fi
  wrap "$1" "$relocated" "" "$relocated_line"
}

# Only its start shows whether it finds all that it needs; --version asks for nothing.
alertmanager_starts() {
  start_folder=$DEBIAN/alertmanager-start
  mkdir -p "$start_folder"
  printf '%s\n' 'route: {receiver: nobody}' 'receivers: [{name: nobody}]' >"$start_folder/a.yml"
  "$DEBIAN/bin/prometheus-alertmanager" --config.file="$start_folder/a.yml" \
    --storage.path="$start_folder" --web.listen-address=127.0.0.1:0 --cluster.listen-address= \
    >"$start_folder/log" 2>&1 9>&- &
  start_process=$!
  start_waits=0
  while kill -0 "$start_process" 2>/dev/null && [ "$start_waits" -lt 300 ] &&
    ! grep -q 'Listening on' "$start_folder/log"; do
    start_waits=$((start_waits + 1))
    sleep 0.1
  done
  cat "$start_folder/log"
  kill "$start_process" 2>/dev/null || :
  wait "$start_process" || :
  grep -q 'Listening on' "$start_folder/log" && rm -rf "$start_folder"
}

wrap_browser() {
  browser_fonts=$DEBIAN/fonts.conf
  printf '%s\n' '<?xml version="1.0"?>' '<fontconfig>' '<dir>/usr/share/fonts</dir>' \
    "<dir>$UNPACKED/usr/share/fonts</dir>" "<cachedir>$CACHE/fontconfig</cachedir>" \
    '</fontconfig>' >"$browser_fonts"
  wrap chromium "$UNPACKED/usr/lib/chromium/chromium" "" \
    "FONTCONFIG_FILE='$browser_fonts'; export FONTCONFIG_FILE"
}

# --- the second way: apt installs -----------------------------------------------------------------

install_programs() { # NAME...
  [ "$(id -u)" = 0 ] || return 0
  install_started=$(centiseconds)
  forbid_services
  apt_log=$DEBIAN/install.log
  # shellcheck disable=SC2046  # a list of words
  { package_exists prometheus && apt_install $(packages_of "$@"); } >"$apt_log" 2>&1 ||
    { system_apt update && apt_install $(packages_of "$@"); } >>"$apt_log" 2>&1 ||
    say "set-up: apt would not install; see $apt_log"
  allow_services
  tell_step "programs $(packages_of "$@" | tr '\n' ' ' | sed 's/ $//')" "$install_started"
}

system_apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"; }
apt_install() { system_apt install --no-install-recommends "$@"; }
package_exists() { apt-cache show "$1" 2>/dev/null 9>&- | grep -q '^Package:'; }

# Debian starts a server as it installs it, on all addresses, and again at every boot. We start our
# own on loopback. Whatever policy was there is put back.
POLICY=/usr/sbin/policy-rc.d
forbid_services() {
  services_before=$(our_services)
  [ ! -e "$POLICY" ] || mv -f "$POLICY" "$POLICY.before-gpusla"
  printf '#!/bin/sh\n# Put here by gpusla for the length of one apt-get install.\nexit 101\n' \
    >"$POLICY"
  chmod 755 "$POLICY"
}

allow_services() {
  rm -f "$POLICY"
  [ ! -e "$POLICY.before-gpusla" ] || mv -f "$POLICY.before-gpusla" "$POLICY"
  command -v systemctl >/dev/null || return 0
  for service in $(our_services); do
    case " $services_before " in
    *" $service "*) ;; # it was there before us: the owner's choice stands
    *) systemctl disable --quiet "$service" 2>/dev/null || : ;;
    esac
  done
}

our_services() {
  for unit in /lib/systemd/system/prometheus.service \
    /lib/systemd/system/prometheus-alertmanager.service /lib/systemd/system/postgresql.service; do
    [ ! -e "$unit" ] || printf '%s ' "${unit##*/}"
  done
}

# --- pip, where Python came without it ------------------------------------------------------------

download_pip_wheel() {
  command -v apt-get >/dev/null && [ "${GPUSLA_APT:-install}" != never ] || return 0
  mkdir -p "$CACHE/pip-package"
  {
    update_own_lists && (cd "$CACHE/pip-package" && own_apt download python3-pip-whl) &&
      dpkg -x "$CACHE"/pip-package/python3-pip-whl_*.deb "$CACHE/pip-package"
  } >"$CACHE/pip-package/download.log" 2>&1 || :
}
