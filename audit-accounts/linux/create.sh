#!/bin/sh
# Creates, on one Linux machine, the account that the auditor reads it with: a key bound to one command, nothing else.
#   sh create.sh "ssh-ed25519 AAAA… auditor" [from-addresses] < script.sh
# script.sh is the reading script of the auditor (`auditor collect --dry-run` shows it; it ships as auditor/collect/linux/script.sh).
set -eu
[ "$(id -u)" -eq 0 ] || { echo "run as root" >&2; exit 1; }
key=${1:?the public key of the auditor}
from=${2:-}
case $key in *'"'*|*"
"*) echo "one public key, on one line" >&2; exit 1 ;; esac
account=audit
place=/usr/local/libexec
home=/var/lib/audit-account

mkdir -p "$place"
{
    cat <<'HEAD'
#!/bin/sh
# Reads this machine for the auditor; takes nothing but a mark of hexadecimal digits on its first line.
IFS= read -r line || exit 64
N=${line#N=}
case $N in '' | *[!0-9a-f]*) exit 64 ;; esac
M=b
HEAD
    cat
} >"$place/audit-collect-root"
cat >"$place/audit-collect" <<'HEAD'
#!/bin/sh
exec sudo -n /usr/local/libexec/audit-collect-root
HEAD
chown root:root "$place/audit-collect" "$place/audit-collect-root"
chmod 755 "$place/audit-collect"
chmod 700 "$place/audit-collect-root"

id "$account" >/dev/null 2>&1 || useradd --system --create-home --home-dir "$home" --shell /bin/sh "$account"
mkdir -p "$home/.ssh"
options="restrict,command=\"$place/audit-collect\""
[ -z "$from" ] || options="from=\"$from\",$options"
printf '%s %s\n' "$options" "$key" >"$home/.ssh/authorized_keys"
chown -R root:"$account" "$home"
chmod 750 "$home" "$home/.ssh"
chmod 640 "$home/.ssh/authorized_keys"

digest=$(sha256sum "$place/audit-collect-root" | cut -d' ' -f1)
printf 'Defaults:%s !requiretty, !noexec\n%s ALL=(root) NOPASSWD: sha256:%s %s ""\n' "$account" "$account" "$digest" "$place/audit-collect-root" \
    >/etc/sudoers.d/.audit-account
chmod 440 /etc/sudoers.d/.audit-account
visudo -c -q -f /etc/sudoers.d/.audit-account
mv /etc/sudoers.d/.audit-account /etc/sudoers.d/audit-account
echo "account $account ready; set 'user: $account' and 'mode: b' in the scope"
