#!/bin/sh
# Mode c, for the machines that matter most: the machine reads itself by its own timer, as root, and the auditor only reads the answer.
#   sh create-timer.sh <account that may read the answer> < script.sh
set -eu
[ "$(id -u)" -eq 0 ] || { echo "run as root" >&2; exit 1; }
account=${1:?the account that may read the answer}
place=/usr/local/libexec
spool=/var/spool/audit-collect

mkdir -p "$place"
install -d -o root -g "$(id -g "$account")" -m 750 "$spool"
{
    cat <<'HEAD'
#!/bin/sh
# Reads this machine by timer, and leaves the answer whole or not at all.
set -u
spool=${1:-/var/spool/audit-collect}
N=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
M=c
umask 027
exec >"$spool/.answer"
printf 'N=%s T=%s\n' "$N" "$(date -u +%s)"
HEAD
    cat
    cat <<'TAIL'
chgrp --reference="$spool" "$spool/.answer" 2>/dev/null
chmod 640 "$spool/.answer"
mv "$spool/.answer" "$spool/answer"
TAIL
} >"$place/audit-spool"
chmod 700 "$place/audit-spool"
cat >/etc/systemd/system/audit-spool.service <<UNIT
[Unit]
Description=Reading of this machine for the auditor

[Service]
Type=oneshot
ExecStart=$place/audit-spool
UNIT
cat >/etc/systemd/system/audit-spool.timer <<'UNIT'
[Unit]
Description=Daily reading of this machine for the auditor

[Timer]
OnCalendar=daily
RandomizedDelaySec=1h
Persistent=true

[Install]
WantedBy=timers.target
UNIT
systemctl daemon-reload && systemctl enable --now audit-spool.timer
echo "set 'mode: c' in the scope; the first answer: systemctl start audit-spool.service"
