#include "controller/agents/machine_script_internal.h"

namespace clickdeploy::agents {

// $undo has one line for each thing that is ours, in the order in which they came: what it is, and
// its name. It is written before the thing comes to be.
const std::string_view kMachineFunctions = R"sh(set -u
umask 022
folder=/var/lib/click-deploy
machine=$folder/machine
undo=$machine/undo
wanted=$machine/undo.new
textfiles='/var/lib/prometheus/node-exporter /var/lib/click-deploy/textfile'

has() { [ -f "$1" ] && grep -qxF -- "$2" "$1"; }

note() {
  has "$undo" "$1" || echo "$1" >>"$undo"
  has "$wanted" "$1" || echo "$1" >>"$wanted"
}

# put MODE PATH: the content comes in base64. What is there already and not ours is kept aside.
put() {
  if has "$undo" "kept $2"; then
    note "kept $2"
  elif [ -e "$2" ] && ! has "$undo" "file $2"; then
    mkdir -p "$machine/kept${2%/*}"
    cp -p "$2" "$machine/kept$2"
    note "kept $2"
  else
    note "file $2"
  fi
  mkdir -p "${2%/*}"
  base64 -d >"$2.click-deploy" && chmod "$1" "$2.click-deploy" && mv -f "$2.click-deploy" "$2"
}

# A package that was there before is not ours.
note_package() {
  if has "$undo" "package $1"; then
    note "package $1"
  elif [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; then
    note "restart $1"
  else
    note "package $1"
  fi
}

note_user() {
  if has "$undo" "user $1" || ! id -u "$1" >/dev/null 2>&1; then note "user $1"; fi
}

take_back() {
  case $1 in
    file) rm -f -- "$2" ;;
    kept) [ ! -e "$machine/kept$2" ] || cp -p "$machine/kept$2" "$2" ;;
    unit) systemctl disable --now "$2" >/dev/null 2>&1 ;;
    container) docker rm --force "$2" >/dev/null 2>&1 ;;
    restart) systemctl restart "$2" >/dev/null 2>&1 ;;
    user) ! id -u "$2" >/dev/null 2>&1 || userdel "$2" ;;
    package)
      dpkg-query -W "$2" >/dev/null 2>&1 || return 0
      DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 purge -y "$2"
      return
      ;;
  esac
  return 0
}

# take_back_all [EXCEPT]: the last first, but for the lines of the file EXCEPT.
take_back_all() {
  failed=
  [ -f "$undo" ] || return 0
  tac "$undo" >"$machine/going"
  while read -r kind name; do
    [ -z "${1-}" ] || ! has "$1" "$kind $name" || continue
    take_back "$kind" "$name" </dev/null || failed="$failed $kind $name"
  done <"$machine/going"
  rm -f "$machine/going"
}

forget_steps() {
  for each in $textfiles; do rm -f "$each"/click_deploy_step_*.prom; done
}
)sh";

const std::string_view kInstallPackagesText = R"sh(#!/bin/sh
# Usage: install-packages.sh NAME[=VERSION]...
# Installs those that are not there yet.
missing=
for each in "$@"; do
  there=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "${each%%=*}" 2>/dev/null)
  case $there in
    'installed '*)
      [ "$each" = "${each%%=*}" ] && continue
      case ${there#installed } in ${each#*=}) continue ;; esac
      ;;
  esac
  missing="$missing $each"
done
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
# Not quoted: each name is a word of its own.
set -f
exec apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install -y \
  --no-install-recommends $missing
)sh";

std::string sh_quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace clickdeploy::agents
