#!/bin/bash
# Makes dist/: Debian packages of the kiosk and of the server, and a tarball of the app for other Linux systems.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=scripts/package
version=$(sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
arch=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf dist
mkdir -p dist

strip -o "$work/yizhan" bin/yizhan
strip -o "$work/syncserver" bin/syncserver

# put FOLDER MODE SOURCE TARGET copies one file into a package.
put() { install -D -m "$2" "$3" "$work/$1/$4"; }

# libraries PROGRAM lists the packages of the shared libraries that it was linked with.
libraries() {
	mkdir -p "$work/debian"
	: >"$work/debian/control"
	(cd "$work" && dpkg-shlibdeps -O "$1" 2>/dev/null) | sed 's/^shlibs:Depends=//'
}

# deb NAME DEPENDS DESCRIPTION: closes the folder NAME into a package.
deb() {
	local control=$work/$1/DEBIAN
	mkdir -p "$control"
	cat >"$control/control" <<-END
		Package: $1
		Version: $version
		Architecture: $arch
		Maintainer: Yizhan <yizhan@localhost>
		Section: misc
		Priority: optional
		Installed-Size: $(du -sk "$work/$1" | cut -f1)
		Depends: $2
		Description: $3
	END
	(cd "$work/$1" && find etc -type f 2>/dev/null | sed 's,^,/,') >"$control/conffiles"
	for script in postinst prerm; do
		[ ! -e "$here/${4}/$script" ] || install -m 755 "$here/${4}/$script" "$control/$script"
	done
	dpkg-deb --build --root-owner-group "$work/$1" "dist/$1_${version}_$arch.deb" >/dev/null
}

put yizhan-kiosk 755 "$work/yizhan" usr/bin/yizhan
put yizhan-kiosk 755 $here/kiosk/kiosk-session usr/lib/yizhan/kiosk-session
for unit in yizhan-kiosk.service yizhan-kiosk-restart.service yizhan-kiosk-restart.timer; do
	put yizhan-kiosk 644 $here/kiosk/$unit usr/lib/systemd/system/$unit
done
put yizhan-kiosk 644 $here/kiosk/yizhan-kiosk.default etc/default/yizhan-kiosk
put yizhan-kiosk 644 assets/icons/yizhan.png usr/share/pixmaps/yizhan.png
put yizhan-kiosk 644 LICENSE usr/share/doc/yizhan-kiosk/copyright
deb yizhan-kiosk "$(libraries "$work/yizhan"), passwd, xinit, xserver-xorg-core, xserver-xorg-input-libinput, x11-xserver-utils, libgl1-mesa-dri, alsa-utils, espeak-ng, ca-certificates, tzdata" \
	"Yizhan, the app of union service stations, as a kiosk" kiosk

put yizhan-server 755 "$work/syncserver" usr/bin/syncserver
put yizhan-server 644 $here/server/syncserver.service usr/lib/systemd/system/syncserver.service
put yizhan-server 644 $here/server/syncserver.default etc/default/syncserver
put yizhan-server 644 LICENSE usr/share/doc/yizhan-server/copyright
deb yizhan-server "$(libraries "$work/syncserver"), passwd, ca-certificates, tzdata" "Yizhan, the server of union service stations" server

cp FyneApp.toml "$work/FyneApp.toml"
go tool fyne package --os linux --executable "$work/yizhan" --name yizhan >/dev/null
cp "$work/FyneApp.toml" FyneApp.toml # it counts its runs there
mv yizhan.tar.xz "dist/yizhan-$version-linux-$arch.tar.xz"
ls -l dist
