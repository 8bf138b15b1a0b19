#!/bin/sh
# Usage: enter.sh FOLDER ADDRESS COMMAND...
#
# Runs the command as root of a machine of its own, which lives in FOLDER: it sees other files under
# /var/lib, /opt, /etc/default and /etc/systemd/system than everybody else. Services are started at
# ADDRESS by the stand-ins in bin; FOLDER/services has their process ids.
set -eu
MACHINE=$1 ADDRESS=$2
shift 2
PATH=$(dirname "$(readlink -f "$0")")/bin:$PATH
export MACHINE ADDRESS PATH
mkdir -p "$MACHINE/lib/prometheus/node-exporter" "$MACHINE/opt" "$MACHINE/default" \
  "$MACHINE/units" "$MACHINE/services" "$MACHINE/packages"
exec unshare --user --map-root-user --mount --propagation private sh -c '
  mount --bind "$MACHINE/lib" /var/lib &&
  mount --bind "$MACHINE/opt" /opt &&
  mount --bind "$MACHINE/default" /etc/default &&
  mount --bind "$MACHINE/units" /etc/systemd/system &&
  exec "$@"' sh "$@"
