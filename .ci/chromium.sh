#!/bin/sh
# A Chromium for the browser tests: the system's, else Debian's package (as root), else playwright's own download.
set -eu
bin=$1
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ -f /etc/debian_version ] && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium …"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; then exit 0; fi
fi
"$bin/python" -m playwright install chromium
