#!/bin/sh
# A PostgreSQL with a database for each of the words; it forgets everything when it ends.
set -eu
programs=$(echo /usr/lib/postgresql/*/bin)
data=/tmp/data
"$programs/initdb" -D "$data" -U fb -A trust -E UTF8 --locale=C >/dev/null
echo 'host all all all trust' >>"$data/pg_hba.conf"
"$programs/pg_ctl" -D "$data" -w -o "-k /tmp -c listen_addresses=''" start >/dev/null
for name in "$@"; do "$programs/createdb" -h /tmp -U fb "$name"; done
"$programs/pg_ctl" -D "$data" -w stop >/dev/null
exec "$programs/postgres" -D "$data" -k /tmp -c 'listen_addresses=*' -c max_connections=500 -c fsync=off
