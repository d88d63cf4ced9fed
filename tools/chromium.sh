#!/bin/sh
# Prints the Chromium that the browser tests drive; where there is none, installs Debian's, as root or by sudo without
# a password. `--present` installs nothing. $CHROMIUM, if set, is the only candidate. Fails with the reason on stderr.
found() {
    for candidate in ${CHROMIUM:-chromium chromium-browser google-chrome}; do
        if "$candidate" --version >/dev/null 2>&1; then
            command -v "$candidate"
            exit 0
        fi
    done
}

give_up() {
    echo "browser tests need Chromium: $1" >&2
    exit 1
}

found
[ -z "$CHROMIUM" ] || give_up "\$CHROMIUM, which is $CHROMIUM, does not run"
[ "$1" != --present ] || give_up "none is on the PATH; sh tools/chromium.sh installs Debian's, and CHROMIUM=… names another"
log="$(sh "$(dirname "$0")/debian.sh" chromium 2>&1)" || give_up "$log"
found
give_up "apt-get installed a chromium that does not run"
