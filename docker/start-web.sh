#!/bin/sh
# Run nginx, from a directory that holds nginx.conf.template and app/static.
#
#   WEB_PORT        where to listen (80)
#   WEB_ADDRESS     on which address ("*", every one)
#   WEB_RATE_LIMIT  requests a second that one client may make for long (50); four times as many at once
#   WEB_DRAIN       seconds to go on as before when asked to stop (3): who sends requests has not heard of it yet
#   APP_PORT        where the application listens, on loopback (8000)
#   TMPDIR          where to write (/tmp)
set -eu

web_port=${WEB_PORT:-80}
app_port=${APP_PORT:-8000}
rate_limit=${WEB_RATE_LIMIT:-50}
drain=${WEB_DRAIN:-3}

case "$web_port$app_port$rate_limit$drain" in
*[!0-9]*)
    echo "start-web.sh: WEB_PORT, APP_PORT, WEB_RATE_LIMIT and WEB_DRAIN must be numbers, not '$web_port'," \
        "'$app_port', '$rate_limit' and '$drain'" >&2
    exit 1
    ;;
esac

# Named after the port, so that a second one on the same machine has its own.
dir=${TMPDIR:-/tmp}/web-$web_port
rm -rf "$dir"
mkdir -p "$dir/static"
sed -e "s|@DIR@|$dir|g" \
    -e "s|@ROOT@|$PWD|g" \
    -e "s|@LISTEN@|${WEB_ADDRESS:-*}:$web_port|g" \
    -e "s|@APP_PORT@|$app_port|g" \
    -e "s|@RATE_LIMIT@|$rate_limit|g" \
    -e "s|@BURST@|$((rate_limit * 4))|g" \
    nginx.conf.template >"$dir/nginx.conf"

# Each static file under a name with the hash of its content, as app/static_files.py calls it, and compressed.
(cd app/static && find . -type f -name '?*.*') | while read -r file; do
    digest=$(sha256sum "app/static/$file")
    hashed=$dir/static/${file%.*}.$(printf %.10s "$digest").${file##*.}
    mkdir -p "${hashed%/*}"
    cp "app/static/$file" "$hashed"
    gzip -9 -c "$hashed" >"$hashed.gz"
done

# Started by root, as on a developer's machine, nginx would hand its workers to a user who may not read these files.
if [ "$(id -u)" = 0 ]; then
    set -- -g "user root;"
fi
# -e: or it would first try to open the log file that it was compiled with.
nginx -e stderr -p "$dir" -c "$dir/nginx.conf" "$@" &
nginx=$!

# However we are asked to stop, nginx finishes the requests that it has: its own SIGTERM would cut them off.
stopped=
# shellcheck disable=SC2329  # the trap below calls it
stop() {
    trap "" TERM INT QUIT
    stopped=1
    sleep "$drain"
    kill -QUIT "$nginx" 2>/dev/null || true
}
trap stop TERM INT QUIT
wait "$nginx" && status=0 || status=$?
# A signal ended that wait; now nginx finishes.
if [ -n "$stopped" ]; then
    wait "$nginx" && status=0 || status=$?
fi
exit "$status"
