# Reads this machine; writes nothing. Sent on standard input to `/bin/sh -s`, after a line that sets N, a random mark.
# Each section stands between "N BEGIN name" and "N END name"; nothing a file holds can forge the mark.
# Codes of a section: 0 read whole, 77 this account may not read it, 78 what would tell is not there.
LC_ALL=C; LANG=C; PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin; export LC_ALL LANG PATH
umask 077
section() {
    printf '\n%s BEGIN %s\n' "$N" "$1"
    { "$1"; code=$?; printf '\n%s CODE %s\n' "$N" "$code"; } 2>/dev/null </dev/null | head -c 1048576
    printf '\n%s END %s\n' "$N" "$1"
}
have() { command -v "$1" >/dev/null 2>&1; }
limited() { if have timeout; then timeout 20 "$@"; else "$@"; fi; }
say() { printf '%s=%s\n' "$1" "$2"; }
first() { IFS= read -r line <"$1" 2>/dev/null && say "$2" "$line"; }
running() { for comm in /proc/[0-9]*/comm; do IFS= read -r line 2>/dev/null <"$comm" && printf '%s\n' "$line"; done | sort -u; }
host() {
    say name "$(uname -n)"; say kernel "$(uname -r)"; say arch "$(uname -m)"; say uid "$(id -u)"; say mode "${M:-a}"; say now "$(date -u +%s)"
    first /proc/uptime uptime; first /sys/class/dmi/id/sys_vendor vendor; first /sys/class/dmi/id/product_name model
    have systemd-detect-virt && say virt "$(systemd-detect-virt)"
    if [ -r /etc/os-release ]; then sed 's/^/os./' /etc/os-release; elif [ -r /usr/lib/os-release ]; then sed 's/^/os./' /usr/lib/os-release; fi
    return 0
}
accounts() { awk -F: 'NF >= 7 && $1 !~ /^[+-]/ { print $1 ":" $3 ":" $4 ":" $6 ":" $7 }' /etc/passwd; }
shadow() {
    [ -r /etc/shadow ] || return 77
    awk -F: '{ c = "other"; h = $2
        if (h == "") c = "empty"; else if (h ~ /^[!*]/) c = "locked"; else if (h ~ /^\$y\$/) c = "yescrypt"; else if (h ~ /^\$gy\$/) c = "gost_yescrypt"
        else if (h ~ /^\$7\$/) c = "scrypt"; else if (h ~ /^\$2[abxy]\$/) c = "bcrypt"
        else if (h ~ /^\$6\$/) c = "sha512"; else if (h ~ /^\$5\$/) c = "sha256"; else if (h ~ /^\$1\$/) c = "md5"
        else if (length(h) == 13 && h !~ /\$/) c = "des"
        print $1 ":" c ":" $3 ":" $5 ":" $8 }' /etc/shadow
}
logins() { have lastlog || return 78; limited lastlog; }
lockout() {
    [ -d /etc/pam.d ] || return 78
    for file in /etc/pam.d/*; do
        [ -r "$file" ] || return 77
        sed -n 's/^[^#]*pam_faillock\.so/faillock &/p; s/^[^#]*pam_tally2\.so/tally2 &/p' "$file"
    done
    [ ! -f /etc/security/faillock.conf ] || sed -n 's/^ *\(deny *= *[0-9]*\).*/conf \1/p' /etc/security/faillock.conf
}
sshd() {
    server=$(command -v /usr/sbin/sshd || command -v /usr/local/sbin/sshd || command -v /usr/bin/sshd) || { echo absent; return 0; }
    if told=$(limited "$server" -T); then echo effective
    elif told=$(limited "$server" -G -f /etc/ssh/sshd_config); then echo derived
    else
        [ -r /etc/ssh/sshd_config ] || return 77
        echo files; told=
        if grep -qi '^ *include' /etc/ssh/sshd_config; then
            for file in /etc/ssh/sshd_config.d/*.conf; do
                [ -e "$file" ] || continue
                [ -r "$file" ] || return 77
                awk 'tolower($1) == "match" { print "match x"; exit } /^ *[A-Za-z]/' "$file"
            done
        fi
        awk 'tolower($1) == "match" { print "match x"; exit } /^ *[A-Za-z]/' /etc/ssh/sshd_config
    fi
    printf '%s\n' "$told"
    cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf | awk 'tolower($1) == "match" { print "match x"; exit }'
    return 0
}
hostkeys() {
    have ssh-keygen || return 78
    for file in /etc/ssh/ssh_host_*_key.pub; do
        [ -e "$file" ] || continue
        ssh-keygen -lf "$file" | awk '{ print "host", "-", $1, $2, $NF }'
    done
}
userkeys() {
    have ssh-keygen || return 78
    hidden=0
    while IFS=: read -r name _ uid _ _ home _; do
        [ "$(id -u)" = 0 ] || [ "$(id -u)" = "$uid" ] || { [ -d "$home" ] && hidden=77; continue; }
        for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
            [ -f "$file" ] || continue
            ssh-keygen -lf "$file" | awk -v name="$name" '{ print "authorized", name, $1, $2, $NF }'
        done
    done </etc/passwd
    return "$hidden"
}
sudo_rules() {
    [ -e /etc/sudoers ] || { echo absent; return 0; }
    [ -r /etc/sudoers ] || return 77
    have sudo && sudo -V | sed -n '1s/^Sudo version /version /p'
    cat /etc/sudoers
    for file in /etc/sudoers.d/*; do
        case ${file##*/} in *.*|*~|'*') continue ;; esac
        [ -r "$file" ] || return 77
        echo; cat "$file"
    done
    return 0
}
sysctl() {
    for key in kernel/dmesg_restrict kernel/kptr_restrict kernel/pid_max kernel/perf_cpu_time_max_percent kernel/perf_event_max_sample_rate \
        kernel/perf_event_paranoid kernel/randomize_va_space kernel/sysrq kernel/unprivileged_bpf_disabled kernel/panic_on_oops kernel/modules_disabled \
        kernel/yama/ptrace_scope fs/suid_dumpable fs/protected_fifos fs/protected_regular fs/protected_symlinks fs/protected_hardlinks \
        net/core/bpf_jit_harden net/ipv4/ip_forward net/ipv4/tcp_syncookies net/ipv4/tcp_rfc1337 net/ipv4/icmp_ignore_bogus_error_responses \
        net/ipv4/conf/all/accept_local net/ipv4/conf/all/accept_redirects net/ipv4/conf/all/accept_source_route net/ipv4/conf/all/secure_redirects \
        net/ipv4/conf/all/rp_filter net/ipv4/conf/all/send_redirects net/ipv4/conf/default/accept_redirects net/ipv6/conf/all/disable_ipv6 \
        net/ipv6/conf/all/accept_redirects net/ipv6/conf/all/accept_source_route; do
        [ -e "/proc/sys/$key" ] || continue
        value=$(cat "/proc/sys/$key") || value='?'
        say "$(printf '%s' "$key" | tr / .)" "$value"
    done
}
kernel() {
    [ ! -r /sys/kernel/security/lsm ] || say lsm "$(cat /sys/kernel/security/lsm)"
    if [ -r /sys/fs/selinux/enforce ]; then say selinux "$(cat /sys/fs/selinux/enforce)"; fi
    [ ! -d /sys/kernel/security/apparmor ] || { [ -r /sys/kernel/security/apparmor/profiles ] &&
        say apparmor "$(grep -c '(enforce)' /sys/kernel/security/apparmor/profiles)"; }
    for file in /sys/firmware/efi/efivars/SecureBoot-*; do [ -r "$file" ] && say secure_boot "$(od -An -tu1 -j4 -N1 "$file" | tr -d ' ')"; done
    [ -d /sys/firmware ] && [ ! -d /sys/firmware/efi ] && [ -d /sys/firmware/acpi ] && say secure_boot 0
    say cmdline "$(tr ' ' '\n' </proc/cmdline | grep -E '^(mitigations|nospectre_v[12]|nopti|pti|mds|tsx_async_abort|spectre_v2|l1tf)(=|$)' | tr '\n' ' ')"
}
mounts() {
    cat /proc/self/mountinfo || return 77
    have lsblk || return 0
    awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { print $(i + 2) " " $5; break } }' /proc/self/mountinfo | while read -r device place; do
        case $device in /dev/*) ;; *) continue ;; esac
        stack=$(limited lsblk -sno TYPE "$device") || continue
        case $stack in *crypt*) echo "crypt 1 $place" ;; ?*) echo "crypt 0 $place" ;; esac
    done
    return 0
}
files() {
    have stat || return 78
    for file in /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/sudoers /etc/ssh/sshd_config /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_ecdsa_key \
        /etc/ssh/ssh_host_ed25519_key /etc/crontab /etc/fstab /etc/pam.d /etc/sudoers.d /boot/grub/grub.cfg /boot/grub2/grub.cfg /boot /root \
        /var/log/audit /etc/audit /etc/krb5.keytab; do
        [ -e "$file" ] && stat -L -c '%a %U %G %n' "$file"
    done
    return 0
}
listen() { have ss || return 78; limited ss -lntupH; }
firewall() {
    [ "$(id -u)" = 0 ] || return 77
    known=78
    if have nft; then rules=$(limited nft list ruleset) && { known=0; printf '%s\n' "$rules" | sed 's/^/nft /'; }; fi
    if have iptables-save; then rules=$(limited iptables-save) && { known=0; printf '%s\n' "$rules" | sed 's/^/ipt /'; }; fi
    return "$known"
}
packages() {
    if have dpkg-query; then dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version} ${Architecture}\n' | sed -n 's/^.i[^ ]* *//p'
    elif have rpm; then limited rpm -qa --qf '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\n'
    else return 78; fi
}
updates() {
    if have apt-get; then
        lists=$(stat -c %Y /var/lib/apt/lists/*Release /var/lib/apt/lists/*Packages* | sort -n | tail -n 1)
        [ -n "$lists" ] || return 78
        say lists "$lists"
        limited apt-get -s -o Debug::NoLocking=1 dist-upgrade | grep '^Inst ' || :
    elif have dnf || have yum; then
        have dnf && tool=dnf || tool=yum
        told=$(limited $tool -q -C updateinfo list security) || return 78
        lists=$(stat -c %Y /var/cache/dnf/*/repodata/repomd.xml /var/cache/yum/*/*/*/repomd.xml | sort -n | tail -n 1)
        [ -n "$lists" ] || return 78
        say lists "$lists"; printf '%s\n' "$told"
    else return 78; fi
}
changed() {
    for file in /var/lib/dpkg/status /var/lib/rpm/rpmdb.sqlite /var/lib/rpm/Packages /usr/lib/sysimage/rpm/rpmdb.sqlite /usr/lib/sysimage/rpm/Packages.db; do
        [ -e "$file" ] && say packages "$(stat -c %Y "$file")"
    done
    if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then say reboot 1
    elif have needs-restarting; then limited needs-restarting -r >/dev/null; case $? in 0) say reboot 0 ;; 1) say reboot 1 ;; esac
    elif [ -e /usr/share/update-notifier/notify-reboot-required ] || [ -e /etc/kernel/postinst.d/unattended-upgrades ]; then say reboot 0; fi
    return 0
}
repos() {
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do [ -r "$file" ] && grep -h '^ *deb ' "$file" | sed 's/^/deb /'; done
    for file in /etc/apt/sources.list.d/*.sources /etc/yum.repos.d/*.repo /etc/zypp/repos.d/*.repo; do
        [ -r "$file" ] && { echo "file $file"; grep -hEv '^ *(#|(user|pass)[a-z]* *=)' "$file"; echo; }
    done | grep -v '^ .*[A-Za-z0-9+/=]\{60\}'
    have apt-get || have dnf || have yum || have zypper || return 78
}
services() {
    have systemctl || return 78
    limited systemctl list-unit-files --type=service --no-legend --no-pager | awk '{ print "file", $1, $2 }'
    told=$(limited systemctl list-units --type=service --state=active --no-legend --no-pager --plain) && echo alive && printf '%s\n' "$told" | awk '{ print "active", $1 }'
    return 0
}
logs() {
    running | grep -xE 'rsyslogd|syslog-ng|auditd|systemd-journal|systemd-journald' | sed 's/^/run /'
    for file in /etc/rsyslog.conf /etc/rsyslog.d/*.conf; do
        [ -e "$file" ] || continue
        [ -r "$file" ] || { echo "hidden rsyslog"; continue; }
        grep -hE '^[^#]*(@@?[][A-Za-z0-9._:()]+|omfwd|omrelp|StreamDriver|DefaultNetstreamDriver|[Tt]arget=)' "$file" | sed 's/^/rsyslog /'
    done
    for file in /etc/systemd/journald.conf /etc/systemd/journald.conf.d/*.conf; do [ -r "$file" ] && sed -n 's/^ *Storage *= */storage /p' "$file"; done
    [ -d /var/log/journal ] && echo "journal kept"
    for file in /etc/logrotate.d/rsyslog /etc/logrotate.d/syslog /etc/logrotate.conf; do
        [ -r "$file" ] && sed -n -e 's/^[[:space:]]*\(rotate [0-9]*\).*/keep \1/p' -e 's/^[[:space:]]*\(daily\|weekly\|monthly\|yearly\).*/keep \1/p' "$file" && break
    done
    if have auditctl; then
        if rules=$(limited auditctl -l); then say rules "$(printf '%s\n' "$rules" | grep -c '^-')"; auditctl -s | sed -n 's/^enabled \([0-9]\).*/enabled=\1/p'; fi
    else say rules 0; fi
    return 0
}
clock() {
    running | grep -xE 'chronyd|ntpd|systemd-timesyn|systemd-timesyncd|openntpd|ptp4l' | sed 's/^/run /'
    [ -r /proc/1/comm ] || return 77
    if have chronyc; then limited chronyc -n -c tracking | sed 's/^/tracking /'; limited chronyc -n -c sources | sed 's/^/source /'; fi
    if have timedatectl; then limited timedatectl show | grep '^NTPSynchronized='; fi
    if have ntpq; then limited ntpq -pn | sed -n 's/^[*+o-][0-9a-f]/peer &/p'; fi
    for file in /etc/chrony.conf /etc/chrony/chrony.conf /etc/chrony/sources.d/*.sources /etc/ntp.conf /etc/ntpsec/ntp.conf; do
        [ -r "$file" ] && awk '$1 == "server" || $1 == "pool" { print "conf", $2 }' "$file"
    done
    for file in /etc/systemd/timesyncd.conf; do [ -r "$file" ] && sed -n 's/^NTP=/timesyncd /p' "$file"; done
    return 0
}
agents() {
    running | sed 's/^/run /'
    for file in /var/lib/clamav/daily.cld /var/lib/clamav/daily.cvd /var/lib/aide/aide.db /var/lib/aide/aide.db.gz; do
        [ -e "$file" ] && stat -c 'base %Y %n' "$file"
    done
    say now "$(date -u +%s)"
}
for part in host accounts shadow logins lockout sshd hostkeys userkeys sudo_rules sysctl kernel mounts files listen firewall packages updates changed repos \
    services logs clock agents; do section "$part"; done
printf '\n%s EOF\n' "$N"
