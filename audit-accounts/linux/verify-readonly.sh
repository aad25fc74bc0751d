#!/bin/sh
# Proves, on the machine itself, that the audit account can do nothing but read: every line must say "refused".
set -u
[ "$(id -u)" -eq 0 ] || { echo "run as root" >&2; exit 1; }
bad=0
refused() {
    what=$1; shift
    if setpriv --reuid audit --regid audit --clear-groups "$@" >/dev/null 2>&1; then echo "ALLOWED  $what"; bad=1; else echo "refused  $what"; fi
}
refused "write in /etc" touch /etc/audit-account-probe
refused "write its own keys" sh -c 'echo x >>/var/lib/audit-account/.ssh/authorized_keys'
refused "change the reading script" sh -c 'echo x >>/usr/local/libexec/audit-collect-root'
refused "read /etc/shadow" cat /etc/shadow
refused "any other command as root" sudo -n /usr/bin/id
refused "the script with an argument" sudo -n /usr/local/libexec/audit-collect-root x
exit $bad
