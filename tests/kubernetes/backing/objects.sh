#!/bin/sh
# An object store that speaks S3, with a bucket for each of the words; it forgets everything when it ends.
set -eu
moto_server -H 0.0.0.0 -p 9000 &
server=$!
trap 'kill $server' TERM INT
python - "$@" <<'P'
import sys, time, urllib.request
for bucket in sys.argv[1:]:
    for _ in range(600):
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:9000/{bucket}", method="PUT")).close()
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit(f"the bucket {bucket} could not be made")
open("/tmp/ready", "w").close()
P
wait $server
