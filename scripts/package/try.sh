#!/bin/bash
# Installs the packages of dist/ in a new, empty Debian, starts both as their units do, and leaves
# a picture of the kiosk in dist/. Needs root, debootstrap and a Debian mirror; takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(mktemp -d) && chmod 755 "$root" # the services run as users of their own
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 "$@"; }
finish() {
	inside sh -c 'pkill -x syncserver; pkill -x Xvfb; true' >/dev/null 2>&1 || true
	umount -l "$root/dev" "$root/proc" 2>/dev/null || true
	rm -rf --one-file-system "$root"
}
trap finish EXIT

debootstrap --variant=minbase --include=ca-certificates,procps bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}" >/dev/null
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
cp dist/*.deb "$root/tmp/"
inside sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends /tmp/*.deb xvfb xauth' >"$root/tmp/apt.log" 2>&1 || { tail -20 "$root/tmp/apt.log"; exit 1; }
echo "installed: $(inside dpkg-query -W -f '${Package} ${Version}, ' yizhan-kiosk yizhan-server)"

# What the unit files say, without systemd, which cannot run here.
inside apt-get install -y -qq --no-install-recommends systemd >/dev/null 2>&1
inside systemd-analyze verify /usr/lib/systemd/system/syncserver.service /usr/lib/systemd/system/yizhan-kiosk.service 2>&1 | grep -v 'Failed to prepare\|Running in chroot' || true
inside install -d -o yizhan-server -m 700 /var/lib/yizhan-server
inside sh -c '. /etc/default/syncserver; YIZHAN_DATA=/var/lib/yizhan-server setpriv --reuid yizhan-server --regid yizhan-server --init-groups syncserver serve -addr "$ADDR" 2>/tmp/server.log &'
for _ in $(seq 50); do inside syncserver status -data /var/lib/yizhan-server >/dev/null 2>&1 && break; sleep 0.2; done
inside syncserver status -data /var/lib/yizhan-server >/dev/null 2>&1 || { cat "$root/tmp/server.log"; exit 1; }
inside sh -ec 'export YIZHAN_DATA=/var/lib/yizhan-server
	syncserver demo /tmp/city >/tmp/demo.log
	syncserver import roster /tmp/city/会员花名册.xlsx
	syncserver import stations /tmp/city/服务站点.xlsx
	for file in /tmp/city/activities/*.json; do syncserver publish $file; done' | tail -3
station=$(inside awk '/^kiosk station/ {print $3}' /tmp/demo.log)
code=$(inside syncserver enrol -data /var/lib/yizhan-server -role kiosk -station "$station" | grep -Eo '^[A-Z2-7]{4}(-[A-Z2-7]{4}){5}$')
inside install -d -o yizhan -m 700 /var/lib/yizhan
inside sh -c "cd /var/lib/yizhan && SERVER=ws://127.0.0.1:8640/v1/sync OPTIONS='-enrol $code -size 1080x1920 -shot kiosk.png -after 8s' setpriv --reuid yizhan --regid yizhan --init-groups env HOME=/var/lib/yizhan xvfb-run -a -s '-screen 0 1080x1920x24' /usr/lib/yizhan/kiosk-session"
cp "$root/var/lib/yizhan/kiosk.png" dist/kiosk.png
inside syncserver status -data /var/lib/yizhan-server
echo "the kiosk started from its package: dist/kiosk.png"
