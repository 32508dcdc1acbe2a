#!/bin/sh
# Starts Atoll in a container. The kernel drops a SIGTERM for the first process of a container until that process handles it, and
# Node takes a moment to: a pod deleted right after its start would stay for its whole grace. This shell handles the signal at
# once and passes it on; Node, which is not the first process, ends by it in any case.
asked=
child=
stop() {
  asked=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop TERM INT
/usr/local/bin/node --enable-source-maps /opt/atoll/atoll.mjs "$@" &
child=$!
[ -z "$asked" ] || kill -TERM "$child" 2>/dev/null
# A signal ends the wait, not the child.
while wait "$child"; code=$?; kill -0 "$child" 2>/dev/null; do :; done
exit "$code"
