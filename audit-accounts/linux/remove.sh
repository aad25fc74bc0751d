#!/bin/sh
# Removes everything that create.sh made.
set -u
[ "$(id -u)" -eq 0 ] || { echo "run as root" >&2; exit 1; }
[ ! -e /etc/systemd/system/audit-spool.timer ] || systemctl disable --now audit-spool.timer
rm -f /etc/systemd/system/audit-spool.timer /etc/systemd/system/audit-spool.service /usr/local/libexec/audit-spool
rm -rf /var/spool/audit-collect
rm -f /etc/sudoers.d/audit-account /usr/local/libexec/audit-collect /usr/local/libexec/audit-collect-root
userdel audit 2>/dev/null
rm -rf /var/lib/audit-account
