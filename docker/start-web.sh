#!/bin/sh
# Start nginx in the foreground, from a directory that holds nginx.conf.template and app/static.
#
#   WEB_PORT     where to listen (80)
#   WEB_ADDRESS  on which address ("*", every one)
#   APP_PORT     where the application listens, on loopback (8000)
#   TMPDIR       where to write (/tmp)
set -eu

web_port=${WEB_PORT:-80}
app_port=${APP_PORT:-8000}

case "$web_port$app_port" in
*[!0-9]*)
    echo "start-web.sh: WEB_PORT and APP_PORT must be numbers, not '$web_port' and '$app_port'" >&2
    exit 1
    ;;
esac

# Named after the port, so that a second one on the same machine has its own.
dir=${TMPDIR:-/tmp}/web-$web_port
mkdir -p "$dir"
sed -e "s|@DIR@|$dir|g" \
    -e "s|@ROOT@|$PWD|g" \
    -e "s|@LISTEN@|${WEB_ADDRESS:-*}:$web_port|g" \
    -e "s|@APP_PORT@|$app_port|g" \
    nginx.conf.template >"$dir/nginx.conf"

# Started by root, as on a developer's machine, nginx would hand its workers to a user who may not read these files.
if [ "$(id -u)" = 0 ]; then
    set -- -g "user root;"
fi
# -e: or it would first try to open the log file that it was compiled with.
exec nginx -e stderr -p "$dir" -c "$dir/nginx.conf" "$@"
