# The Debian package, the units of systemd and what goes with them.
EXTRA_DIST += packaging/build-deb packaging/try-in-chroot \
	packaging/systemd/pgweir.service packaging/systemd/pgweir@.service \
	packaging/systemd/pgweir.socket packaging/bash-completion/pgweir \
	packaging/debian/README.Debian \
	packaging/debian/changelog.in packaging/debian/clean \
	packaging/debian/control packaging/debian/copyright \
	packaging/debian/docs packaging/debian/examples \
	packaging/debian/install packaging/debian/logrotate \
	packaging/debian/pgweir.ini packaging/debian/pgweir.lintian-overrides \
	packaging/debian/postinst packaging/debian/postrm \
	packaging/debian/prerm packaging/debian/rules \
	packaging/debian/source/format packaging/debian/userlist.txt

.PHONY: deb
deb: dist-gzip
	$(srcdir)/packaging/build-deb $(distdir).tar.gz .
CLEANFILES += $(PACKAGE)_*.deb $(distdir).tar.gz

PACKAGING_TESTS = test/packaging/units.sh test/packaging/package.sh
TESTS += $(PACKAGING_TESTS)
EXTRA_DIST += $(PACKAGING_TESTS)
