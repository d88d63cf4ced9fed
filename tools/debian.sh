#!/bin/sh
# Installs a package of Debian's, as root or by sudo without a password. Fails with the reason on stderr.
command -v apt-get >/dev/null || { echo "there is no apt-get to install Debian's $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || as_root="sudo -n"
export DEBIAN_FRONTEND=noninteractive
install="${as_root:-} apt-get install --yes --quiet --no-install-recommends $1"
log="$($install 2>&1)" || log="$(${as_root:-} apt-get update --quiet 2>&1 && $install 2>&1)" || {
    echo "apt-get could not install $1: $(echo "$log" | tail -n 1)" >&2
    exit 1
}
