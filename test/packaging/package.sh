#!/usr/bin/env bash
# package.sh - `make deb` works, and what it makes is what was meant.
#
# The sanitizers' build folder would give the same package: it leaves it out.
# packaging/try-in-chroot, by hand, installs it.
. "${0%/*}/../e2e/lib.sh"

! is_sanitized || skip 'the other build folder makes the package'
for program in dpkg-buildpackage dh; do
	command -v "$program" >/dev/null || skip 'needs dpkg-dev and debhelper'
done

unset MAKEFLAGS MFLAGS MAKELEVEL
unset DEB_BUILD_OPTIONS DEB_CFLAGS_APPEND DEB_LDFLAGS_APPEND
version=$(sed -n 's/^AC_INIT(\[pgweir\], \[\([^]]*\)\].*/\1/p' \
	"$E2E/../../configure.ac")

it 'the package builds, from what make dist makes'
make -C "$BUILD" deb >"$T/build.log" 2>&1 || {
	tail -n 30 "$T/build.log"
	fail 'make deb'
}
deb=$(echo "$BUILD/pgweir_${version}_"*.deb)
expect 'version' "$(dpkg-deb -f "$deb" Version)" "$version"

it 'the files that matter are in it'
dpkg-deb -c "$deb" | awk '{ print $1, $2, $6 }' >"$T/files"
for line in \
	'-rwxr-xr-x root/root ./usr/bin/pgweir' \
	'-rw-r----- root/root ./etc/pgweir/pgweir.ini' \
	'-rw-r----- root/root ./etc/pgweir/userlist.txt' \
	'-rw-r--r-- root/root ./etc/logrotate.d/pgweir' \
	'-rw-r--r-- root/root ./lib/systemd/system/pgweir.service' \
	'-rw-r--r-- root/root ./lib/systemd/system/pgweir@.service' \
	'-rw-r--r-- root/root ./lib/systemd/system/pgweir.socket' \
	'-rw-r--r-- root/root ./usr/share/bash-completion/completions/pgweir' \
	'-rw-r--r-- root/root ./usr/share/doc/pgweir/README.md.gz' \
	'-rw-r--r-- root/root ./usr/share/doc/pgweir/README.Debian'; do
	grep -qxF -e "$line" "$T/files" || fail "not there: $line"
done
for page in "$E2E"/../../man/*.[1-8]; do
	page=${page##*/}
	grep -qF "/man${page##*.}/$page.gz" "$T/files" || fail "no $page"
done

it 'the configuration is the operator'\''s: conffiles'
expect 'conffiles' "$(dpkg-deb --ctrl-tarfile "$deb" |
	tar -xOf - ./conffiles | sort | tr '\n' ' ')" \
	'/etc/logrotate.d/pgweir /etc/pgweir/pgweir.ini /etc/pgweir/userlist.txt '

it 'the program in it speaks to systemd, and is hardened'
dpkg-deb -x "$deb" "$T/tree"
program=$T/tree/usr/bin/pgweir
readelf -dW "$program" >"$T/dynamic"
expect 'libsystemd, now, PIE' "$(grep -cE \
	'\[libsystemd|FLAGS_1.* NOW.* PIE' "$T/dynamic")" 2
readelf -sW "$program" >"$T/symbols"
grep -q '__stack_chk_fail' "$T/symbols" || fail 'no canaries'
grep -q '_chk@' "$T/symbols" || fail 'not fortified'
expect 'it runs' "$("$program" --version | head -n 1)" "pgweir $version"

if command -v blhc >/dev/null; then
	it 'every compiler call has the hardening flags'
	expect 'blhc' "$(blhc --bindnow "$T/build.log" 2>&1 | head -n 5)" ''
fi

if command -v lintian >/dev/null; then
	it 'lintian has nothing unexplained to say'
	root=()
	[ "$(id -u)" -ne 0 ] || root=(--allow-root)
	lintian "${root[@]}" --display-info --tag-display-limit 0 "$deb" \
		>"$T/lintian" 2>&1 || true
	[ -e "$E2E/../../man/pgweir.1" ] ||
		sed -i '/no-manual-page/d' "$T/lintian"
	expect 'lintian' "$(cat "$T/lintian")" ''
fi
