# Conversations: scripted clients and servers around the real core, on a
# virtual clock. Included by Makefile.am.
CONVERSATIONS = talk_transactions talk_departures talk_params talk_flow \
	talk_limits talk_failures talk_cancel talk_control talk_quotas \
	talk_soak talk_timeouts talk_sharing talk_logins talk_fairness \
	talk_budget talk_prepared talk_prepared_sql talk_authquery \
	talk_guessing talk_routing talk_hosts talk_retries talk_soak_routed
check_PROGRAMS += $(CONVERSATIONS)
TESTS += $(CONVERSATIONS)
CONVERSATION_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/test
CONVERSATION_LIBS = libworld.a libpool.a libcluster.a libconfig.a \
	libsql.a libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE) $(CHECK_LIBS)

# The harness, compiled once.
check_LIBRARIES = libworld.a
libworld_a_SOURCES = \
	test/conversation/script.c test/conversation/script.h \
	test/conversation/peer.c test/conversation/peer.h \
	test/conversation/world.c test/conversation/world.h \
	test/conversation/roles.c test/conversation/roles.h \
	test/conversation/play.c test/conversation/play.h \
	test/conversation/hosts.h
libworld_a_CPPFLAGS = $(CONVERSATION_CPPFLAGS)

talk_transactions_SOURCES = test/conversation/test_transactions.c
talk_transactions_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_transactions_LDADD = $(CONVERSATION_LIBS)

talk_routing_SOURCES = test/conversation/test_routing.c
talk_routing_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_routing_LDADD = $(CONVERSATION_LIBS)

talk_hosts_SOURCES = test/conversation/test_hosts.c
talk_hosts_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_hosts_LDADD = $(CONVERSATION_LIBS)

talk_retries_SOURCES = test/conversation/test_retries.c
talk_retries_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_retries_LDADD = $(CONVERSATION_LIBS)

talk_soak_routed_SOURCES = test/conversation/test_soak_routed.c
talk_soak_routed_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_soak_routed_LDADD = $(CONVERSATION_LIBS)

talk_departures_SOURCES = test/conversation/test_departures.c
talk_departures_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_departures_LDADD = $(CONVERSATION_LIBS)

talk_params_SOURCES = test/conversation/test_params.c
talk_params_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_params_LDADD = $(CONVERSATION_LIBS)

talk_flow_SOURCES = test/conversation/test_flow.c
talk_flow_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_flow_LDADD = $(CONVERSATION_LIBS)

talk_limits_SOURCES = test/conversation/test_limits.c
talk_limits_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_limits_LDADD = $(CONVERSATION_LIBS)

talk_failures_SOURCES = test/conversation/test_failures.c
talk_failures_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_failures_LDADD = $(CONVERSATION_LIBS)

talk_cancel_SOURCES = test/conversation/test_cancel.c
talk_cancel_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_cancel_LDADD = $(CONVERSATION_LIBS)

talk_control_SOURCES = test/conversation/test_control.c
talk_control_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_control_LDADD = $(CONVERSATION_LIBS)

talk_soak_SOURCES = test/conversation/test_soak.c
talk_soak_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_soak_LDADD = $(CONVERSATION_LIBS)

talk_quotas_SOURCES = test/conversation/test_quotas.c
talk_quotas_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_quotas_LDADD = $(CONVERSATION_LIBS)

talk_timeouts_SOURCES = test/conversation/test_timeouts.c
talk_timeouts_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_timeouts_LDADD = $(CONVERSATION_LIBS)

talk_sharing_SOURCES = test/conversation/test_sharing.c
talk_sharing_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_sharing_LDADD = $(CONVERSATION_LIBS)

talk_logins_SOURCES = test/conversation/test_logins.c
talk_logins_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_logins_LDADD = $(CONVERSATION_LIBS)

talk_fairness_SOURCES = test/conversation/test_fairness.c \
	test/conversation/ahead.h
talk_fairness_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_fairness_LDADD = $(CONVERSATION_LIBS)

talk_budget_SOURCES = test/conversation/test_budget.c
talk_budget_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_budget_LDADD = $(CONVERSATION_LIBS)

talk_prepared_SOURCES = test/conversation/test_prepared.c
talk_prepared_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_prepared_LDADD = $(CONVERSATION_LIBS)

talk_prepared_sql_SOURCES = test/conversation/test_prepared_sql.c
talk_prepared_sql_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_prepared_sql_LDADD = $(CONVERSATION_LIBS)

talk_authquery_SOURCES = test/conversation/test_authquery.c
talk_authquery_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_authquery_LDADD = $(CONVERSATION_LIBS)

talk_guessing_SOURCES = test/conversation/test_guessing.c
talk_guessing_CPPFLAGS = $(CONVERSATION_CPPFLAGS)
talk_guessing_LDADD = $(CONVERSATION_LIBS)
