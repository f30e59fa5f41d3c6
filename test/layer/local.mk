# One empty program per layer, see empty.c. To add a layer: its name in the
# list, and its two lines.
LAYERS = layer_base layer_pgwire layer_sql layer_net layer_config \
	layer_cluster layer_pool layer_admin
check_PROGRAMS += $(LAYERS)
TESTS += $(LAYERS)

layer_base_SOURCES = test/layer/empty.c
layer_base_LDADD = $(libbase_a_OBJECTS)
layer_pgwire_SOURCES = test/layer/empty.c
layer_pgwire_LDADD = $(libpgwire_a_OBJECTS) libbase.a $(CRYPTO_LIBS) \
	$(IDN_LIBS)
layer_sql_SOURCES = test/layer/empty.c
layer_sql_LDADD = $(libsql_a_OBJECTS) libbase.a $(PG_QUERY_LIBS)
layer_net_SOURCES = test/layer/empty.c
layer_net_LDADD = $(libnet_a_OBJECTS) libbase.a $(EV_LIBS) $(CARES_LIBS) \
	$(TLS_LIBS) $(CRYPTO_LIBS)
layer_config_SOURCES = test/layer/empty.c
layer_config_LDADD = $(libconfig_a_OBJECTS) libpgwire.a libnet.a libbase.a \
	$(LIBRARIES_OUTSIDE)
layer_cluster_SOURCES = test/layer/empty.c
layer_cluster_LDADD = $(libcluster_a_OBJECTS) libconfig.a libpgwire.a \
	libnet.a libbase.a $(LIBRARIES_OUTSIDE)
layer_pool_SOURCES = test/layer/empty.c
layer_pool_LDADD = $(libpool_a_OBJECTS) libcluster.a libconfig.a \
	libsql.a libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE)
layer_admin_SOURCES = test/layer/empty.c
layer_admin_LDADD = $(libadmin_a_OBJECTS) libpool.a libcluster.a \
	libconfig.a libsql.a libpgwire.a libnet.a libbase.a $(LIBRARIES_OUTSIDE)
