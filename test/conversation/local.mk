# Conversations: scripted clients and servers around the real core, on a
# virtual clock. Included by Makefile.am.
CONVERSATIONS = test_transactions
check_PROGRAMS += $(CONVERSATIONS)
TESTS += $(CONVERSATIONS)
CONVERSATION_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/test
CONVERSATION_LIBS = libpool.a libcluster.a libconfig.a libpgwire.a libnet.a \
	libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)

# The harness, compiled once.
check_LIBRARIES = libworld.a
libworld_a_SOURCES = \
	test/conversation/script.c test/conversation/script.h \
	test/conversation/peer.c test/conversation/peer.h \
	test/conversation/world.c test/conversation/world.h \
	test/conversation/roles.c \
	test/conversation/play.c test/conversation/play.h
libworld_a_CFLAGS = $(CONVERSATION_CFLAGS)

test_transactions_SOURCES = test/conversation/test_transactions.c
test_transactions_CFLAGS = $(CONVERSATION_CFLAGS)
test_transactions_LDADD = libworld.a $(CONVERSATION_LIBS)
