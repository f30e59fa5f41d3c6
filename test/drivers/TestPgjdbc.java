/*
 * TestPgjdbc.java - pgjdbc in its defaults: the extended protocol, with
 * settings sent after the login, statements prepared at the fifth execution
 * and portals where a fetch size is set. checks.py says how a driver's
 * program is run.
 */

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;

public class TestPgjdbc {
	static final String HOST = env("DRIVERS_HOST", "127.0.0.1");
	static final String PORT = env("DRIVERS_PORT", "5432");
	/* How many servers the sessions share; 0 if each has its own. */
	static final int SERVERS = Integer.parseInt(
	    env("DRIVERS_SERVERS", "0"));
	static final int SESSIONS = 20;

	interface Check {
		void run() throws Exception;
	}

	interface Body<T> {
		T run(int i) throws Exception;
	}

	interface Session {
		void run(Connection c, int i) throws Exception;
	}

	static final Map<String, Check> checks = new LinkedHashMap<>();

	/* ---- what the checks stand on ---- */

	static String env(String name, String otherwise)
	{
		String value = System.getenv(name);

		return value == null ? otherwise : value;
	}

	static String brief(Object value)
	{
		String text = value instanceof Object[] a ?
		    Arrays.deepToString(a) : String.valueOf(value);

		return text.substring(0, Math.min(200, text.length()));
	}

	static void same(String what, Object got, Object want)
	{
		if (!Arrays.deepEquals(new Object[] { got },
		    new Object[] { want }))
			throw new AssertionError(what + ": got " + brief(got) +
			    ", want " + brief(want));
	}

	static void holds(String what, boolean condition)
	{
		if (!condition)
			throw new AssertionError("not so: " + what);
	}

	static SQLException fails(String state, Check action) throws Exception
	{
		try {
			action.run();
		} catch (SQLException e) {
			if (state != null && !state.equals(e.getSQLState()))
				throw e;
			return e;
		}
		throw new AssertionError("it did not fail");
	}

	/* Runs body(0) .. body(n - 1) at once; the first error ends it. */
	static <T> List<T> together(Body<T> body) throws Exception
	{
		ExecutorService pool = Executors.newFixedThreadPool(SESSIONS);
		var done = new ExecutorCompletionService<T>(pool);
		List<Future<T>> all = new ArrayList<>();
		List<T> results = new ArrayList<>();

		for (int i = 0; i < SESSIONS; i++) {
			int me = i;
			all.add(done.submit(() -> body.run(me)));
		}
		try {
			for (int i = 0; i < SESSIONS; i++)
				done.take().get();
			for (Future<T> one : all)
				results.add(one.get());
		} catch (ExecutionException e) {
			if (e.getCause() instanceof Exception cause)
				throw cause;
			throw (Error)e.getCause();
		}
		pool.shutdown();
		return results;
	}

	/*
	 * Many sessions at once: all are there before the first begins, and
	 * until the last has done.
	 */
	static void crowd(Body<Connection> connect, Session body)
	    throws Exception
	{
		List<Connection> sessions = together(connect);

		together(i -> {
			body.run(sessions.get(i), i);
			return null;
		});
		for (Connection c : sessions)
			c.close();
	}

	static Connection connect(String... settings) throws SQLException
	{
		Properties login = new Properties();

		login.setProperty("user", "app");
		login.setProperty("password", "the password");
		for (int i = 0; i < settings.length; i += 2)
			login.setProperty(settings[i], settings[i + 1]);
		return DriverManager.getConnection("jdbc:postgresql://" + HOST +
		    ":" + PORT + "/drivers", login);
	}

	static final Body<Connection> plain = i -> connect();

	static void bind(PreparedStatement s, Object... values)
	    throws SQLException
	{
		for (int i = 0; i < values.length; i++)
			s.setObject(i + 1, values[i]);
	}

	/* The first column of all rows. */
	static List<Object> column(PreparedStatement s, Object... values)
	    throws SQLException
	{
		List<Object> got = new ArrayList<>();

		bind(s, values);
		try (ResultSet rows = s.executeQuery()) {
			while (rows.next())
				got.add(rows.getObject(1));
		}
		return got;
	}

	static Object one(PreparedStatement s, Object... values)
	    throws SQLException
	{
		return column(s, values).get(0);
	}

	static Object one(Connection c, String text, Object... values)
	    throws SQLException
	{
		try (PreparedStatement s = c.prepareStatement(text)) {
			return one(s, values);
		}
	}

	static void run(Connection c, String text) throws SQLException
	{
		try (Statement s = c.createStatement()) {
			s.execute(text);
		}
	}

	static void setup(String text) throws SQLException
	{
		try (Connection c = connect()) {
			run(c, text);
		}
	}

	static boolean prepared(Statement s) throws SQLException
	{
		return s.unwrap(PGStatement.class).isUseServerPrepare();
	}

	/* ---- prepared statements ---- */

	static void prepares() throws Exception
	{
		crowd(plain, (c, i) -> {
			try (var sum = c.prepareStatement(
			    "select ?::int + " + i * 1000);
			    var text = c.prepareStatement(
			    "select ?::text || ' of " + i + "'")) {
				for (int n = 0; n < 20; n++) {
					same("sum", one(sum, n), n + i * 1000);
					same("text", one(text, "" + n),
					    n + " of " + i);
				}
				holds("it prepares", prepared(sum));
			}
			/* From the driver's own cache. */
			for (int n = 0; n < 10; n++)
				same("again", one(c, "select ?::int + " +
				    i * 1000, n), n + i * 1000);
		});
	}

	static void preparesInBlocks() throws Exception
	{
		crowd(plain, (c, i) -> {
			c.setAutoCommit(false);
			for (int n = 0; n < 12; n++) {
				same("one", one(c, "select " + i + " - ?::int",
				    n), i - n);
				same("two", one(c, "select " + i + " + ?::int",
				    n), i + n);
				if (n % 2 == 0)
					c.commit();
				else
					c.rollback();
			}
		});
	}

	/* More than the driver keeps (256), prepared at once. */
	static void many() throws Exception
	{
		crowd(i -> connect("prepareThreshold", "1"), (c, i) -> {
			for (int turn = 0; turn < 2; turn++)
				for (int n = 0; n < 280; n++)
					same("number", one(c,
					    "select ?::int + " +
					    (i * 1000 + n), 1),
					    i * 1000 + n + 1);
		});
	}

	static void otherTypes() throws Exception
	{
		Object[] values = { 5, 5L, 5.5, new BigDecimal("5.25"), "x" };
		String[] types = { "integer", "bigint", "double precision",
			"numeric", "character varying" };

		crowd(plain, (c, i) -> {
			try (var s = c.prepareStatement(
			    "select pg_typeof(?)::text")) {
				for (int n = 0; n < 40; n++)
					same("type", one(s,
					    values[n / 7 % 5]),
					    types[n / 7 % 5]);
			}
		});
	}

	/* EXECUTE, which the driver prepares like any other statement. */
	static void executes() throws Exception
	{
		crowd(plain, (c, i) -> {
			for (int turn = 0; turn < 3; turn++) {
				int base = i * 1000 + turn;

				run(c, "prepare mine (int) as select $1 + " +
				    base);
				for (int n = 0; n < 12; n++)
					same("sum", one(c, "execute mine (7)"),
					    base + 7);
				run(c, "deallocate mine");
				fails("26000", () -> one(c,
				    "execute mine (7)"));
			}
		});
	}

	static void migration() throws Exception
	{
		setup("drop table if exists moved;" +
		    "create table moved (a int); insert into moved values (1)");
		List<Connection> sessions = together(plain);
		for (Connection c : sessions)
			for (int n = 0; n < 8; n++)
				same("before", one(c, "select * from moved"),
				    1);
		setup("alter table moved add b text default 'new'");
		for (Connection c : sessions) {
			/* Without autocommit the error has to come through. */
			for (int n = 0; n < 3; n++)
				try (var s = c.prepareStatement(
				    "select * from moved");
				    var rows = s.executeQuery()) {
					same("columns", rows.getMetaData()
					    .getColumnCount(), 2);
					rows.next();
					same("new", rows.getString(2), "new");
				} catch (SQLException e) {
					same(e.getMessage(), e.getSQLState(),
					    "0A000");
				}
			same("alive", one(c, "select 7"), 7);
			c.close();
		}
	}

	/* ---- settings ---- */

	static void startup() throws Exception
	{
		String[] names = { "search_path", "statement_timeout",
			"pgweir.tenant", "work_mem", "application_name" };

		crowd(i -> i % 2 != 0 ? connect() :
		    connect("currentSchema", "s" + i + ",public",
		    "ApplicationName", "session " + i, "options",
		    "-c statement_timeout=" + (i + 500000) +
		    " -c pgweir.tenant=t" + i +
		    " -c work_mem=" + (i + 100) + "kB"), (c, i) -> {
			Object[] own = { "s" + i + ",public",
				i == 0 ? "500s" : i + 500000 + "ms", "t" + i,
				i + 100 + "kB", "session " + i };
			Object[] none = { "\"$user\",public", "0", "", "4MB",
				"PostgreSQL JDBC Driver" };
			for (int n = 0; n < 10; n++) {
				for (int k = 0; k < names.length; k++)
					same(names[k], one(c, "select " +
					    "replace(coalesce(current_setting"+
					    "(?, true), ''), ', ', ',')",
					    names[k]),
					    i % 2 != 0 ? none[k] : own[k]);
				if (i % 2 == 0)
					same("by path", one(c,
					    "select id from whoami"), i);
			}
		});
	}

	static void sentByItself() throws Exception
	{
		crowd(plain, (c, i) -> {
			for (int n = 0; n < 10; n++) {
				same("zone", one(c, "show timezone"),
				    java.util.TimeZone.getDefault().getID());
				same("style", one(c, "show datestyle"),
				    "ISO, MDY");
				same("encoding", one(c,
				    "show client_encoding"), "UTF8");
			}
		});
	}

	static void refused() throws Exception
	{
		together(i -> {
			boolean wrong = i % 3 == 0;
			String text = "";

			try (Connection c = connect("options",
			    "-c statement_timeout=" +
			    (wrong ? "sideways" : "12345"))) {
				same("answer", one(c,
				    "show statement_timeout"), "12345ms");
			} catch (SQLException e) {
				text = e.getMessage();
			}
			if (wrong)
				holds("refused: " + text, text.contains(
				    "invalid value for parameter"));
			else
				same("no error", text, "");
			return null;
		});
	}

	static void schemas() throws Exception
	{
		crowd(i -> connect("options", "-c search_path=s" + i +
		    " -c TimeZone=Etc/GMT-5"), (c, i) -> {
			for (int n = 0; n < 3; n++) {
				for (int k = 0; k < 7; k++)
					same("prepared", one(c,
					    "select id + ? from whoami", k),
					    i + k);
				run(c, "reset all");
				same("path", one(c, "show search_path"),
				    "s" + i);
				/* The driver cannot know, and is told. */
				run(c, "discard all");
				same("simple", one(c,
				    "select id from whoami where " + n +
				    " = ?", n), i);
				run(c, "deallocate all");
			}
		});
	}

	/* ---- transactions ---- */

	static void transfer(Connection c, int i, int n) throws Exception
	{
		int[][] both = { { -1, i }, { 1, (i + 1) % 20 } };

		Arrays.sort(both, (a, b) -> a[1] - b[1]);
		for (int[] step : both)
			try (var s = c.prepareStatement("update accounts set " +
			    "balance = balance + ? where id = ?")) {
				bind(s, step[0], step[1]);
				same("rows", s.executeUpdate(), 1);
			}
		if (n % 3 == 2) {
			fails("22012", () -> one(c, "select 1 / ?", 0));
			fails("25P02", () -> one(c, "select 1"));
			c.rollback();
			return;
		}
		Savepoint a = c.setSavepoint("a");
		run(c, "delete from accounts where id = " + i);
		c.rollback(a);
		c.commit();
	}

	static void transactions() throws Exception
	{
		setup("drop table if exists accounts;" +
		    "create table accounts as select i id, 100 balance " +
		    "from generate_series(0, 19) i");
		crowd(plain, (c, i) -> {
			c.setAutoCommit(false);
			for (int n = 0; n < 10; n++)
				transfer(c, i, n);
		});
		try (Connection c = connect()) {
			same("total", one(c, "select sum(balance)::int from " +
			    "accounts where balance = 100"), 2000);
		}
	}

	static void isolation() throws Exception
	{
		crowd(plain, (c, i) -> {
			c.setAutoCommit(false);
			for (int n = 0; n < 4; n++) {
				run(c, "set transaction isolation level " +
				    "serializable, read only");
				same("level", one(c,
				    "show transaction_isolation"),
				    "serializable");
				fails("25006", () -> run(c,
				    "create table never (a int)"));
				c.rollback();
				/* Sent by the driver along with BEGIN. */
				c.setReadOnly(true);
				same("read only", one(c,
				    "show transaction_read_only"), "on");
				c.rollback();
				c.setReadOnly(false);
				same("read only", one(c,
				    "show transaction_read_only"), "off");
				c.rollback();
			}
		});
	}

	static void portals() throws Exception
	{
		crowd(plain, (c, i) -> {
			c.setAutoCommit(false);
			for (int n = 0; n < 7; n++)
				try (var s = c.prepareStatement(
				    "select n + ? from " +
				    "generate_series(1, 500) n")) {
					s.setFetchSize(60);
					bind(s, i * 1000);
					var rows = s.executeQuery();
					for (int k = 1; k <= 300 + n; k++) {
						rows.next();
						same("row", rows.getInt(1),
						    i * 1000 + k);
						if (k == 100)
							same("other", one(c,
							    "select ?", k), k);
					}
					rows.close();
					c.commit();
				}
		});
	}

	/* ---- COPY ---- */

	static CopyManager copies(Connection c) throws SQLException
	{
		return c.unwrap(PGConnection.class).getCopyAPI();
	}

	static void copy() throws Exception
	{
		setup("drop table if exists copied;" +
		    "create table copied (session int, n int, note text)");
		crowd(plain, (c, i) -> {
			StringBuilder text = new StringBuilder();
			for (int n = 0; n < 400; n++)
				text.append(i + "\t" + n + "\tnöte " +
				    "x".repeat(500) + "\n");
			byte[] bytes = text.toString().getBytes(
			    StandardCharsets.UTF_8);
			same("rows", copies(c).copyIn("copy copied from stdin",
			    new ByteArrayInputStream(bytes)), 400L);
			var out = new ByteArrayOutputStream();
			same("rows", copies(c).copyOut("copy (select * from " +
			    "copied where session = " + i +
			    " order by n) to stdout", out), 400L);
			same("text", out.toString(StandardCharsets.UTF_8),
			    text.toString());
			same("alive", one(c, "select ?", i), i);
		});
	}

	static void copyFails() throws Exception
	{
		setup("drop table if exists copied;" +
		    "create table copied (n int)");
		crowd(plain, (c, i) -> {
			for (int n = 0; n < 3; n++) {
				fails("22P02", () -> copies(c).copyIn(
				    "copy copied from stdin",
				    new ByteArrayInputStream(
				    "1\nno number\n".getBytes())));
				var in = copies(c).copyIn(
				    "copy copied from stdin");
				in.writeToCopy("1\n".getBytes(), 0, 2);
				in.cancelCopy();
				same("alive", one(c, "select ?", i), i);
			}
			same("none", one(c, "select count(*) from copied"), 0L);
		});
	}

	/* ---- cancel ---- */

	static void cancelOne(Connection c, int i) throws Exception
	{
		ExecutorService other = Executors.newSingleThreadExecutor();

		try (var s = c.prepareStatement("select pg_sleep(?)")) {
			Future<SQLException> canceled = other.submit(() ->
			    fails("57014", () -> one(s, 600)));
			while (!canceled.isDone()) {
				TimeUnit.MILLISECONDS.sleep(200);
				s.cancel();
			}
			canceled.get();
		}
		other.shutdown();
		same("alive", one(c, "select ?", i), i);
	}

	static void cancel() throws Exception
	{
		crowd(plain, (c, i) -> {
			if (i % 4 == 0) {
				cancelOne(c, i);
				cancelOne(c, i);
				return;
			}
			for (int n = 0; n < 100; n++)
				same("bystander", one(c, "select ?", n), n);
		});
	}

	static void timeouts() throws Exception
	{
		crowd(i -> i % 9 != 0 ? connect() :
		    connect("options", "-c statement_timeout=3000"), (c, i) -> {
			if (i % 3 == 2) {
				try (var s = c.prepareStatement(
				    "select pg_sleep(?)")) {
					s.setQueryTimeout(1);   /* cancels */
					fails("57014", () -> one(s, 30));
				}
			} else if (i % 9 != 0)
				same("slow", one(c,
				    "select ? from pg_sleep(0.15)", i), i);
			else
				fails("57014", () -> one(c,
				    "select pg_sleep(?)", 30));
			same("alive", one(c, "select ?", i), i);
		});
	}

	/* ---- batches ---- */

	static void batches() throws Exception
	{
		setup("drop table if exists lines; create table lines " +
		    "(id serial, s int, n int, note text)");
		crowd(plain, (c, i) -> {
			for (int turn = 0; turn < 3; turn++)
				try (var s = c.prepareStatement("insert into " +
				    "lines (s, n, note) values (?, ?, ?)")) {
					for (int n = 0; n < 300; n++) {
						bind(s, i, n, "x".repeat(100));
						s.addBatch();
					}
					same("done", s.executeBatch().length,
					    300);
				}
			try (var s = c.prepareStatement("insert into lines " +
			    "(s, n) values (?, ?)",
			    Statement.RETURN_GENERATED_KEYS)) {
				for (int n = 0; n < 20; n++) {
					bind(s, i, n);
					s.addBatch();
				}
				s.executeBatch();
				int keys = 0;
				var rows = s.getGeneratedKeys();
				while (rows.next())
					keys++;
				same("keys", keys, 20);
			}
			same("there", one(c, "select count(*) from lines " +
			    "where s = ?", i), 920L);
		});
	}

	static void batchErrors() throws Exception
	{
		setup("drop table if exists lines;" +
		    "create table lines (n int check (n <> 77))");
		crowd(plain, (c, i) -> {
			for (int turn = 0; turn < 4; turn++) {
				c.setAutoCommit(turn % 2 == 0);
				try (var s = c.prepareStatement(
				    "insert into lines values (?)")) {
					for (int n = 0; n < 100; n++) {
						bind(s, n);
						s.addBatch();
					}
					var e = fails("23514",
					    s::executeBatch);
					holds("of a batch",
					    e instanceof BatchUpdateException);
				}
				try (Statement s = c.createStatement()) {
					if (!c.getAutoCommit())
						c.rollback();
					s.addBatch("select 1");
					s.addBatch("select nonsense" + turn);
					s.addBatch("select 2");
					fails(null, s::executeBatch);
				}
				if (!c.getAutoCommit())
					c.rollback();
				same("alive", one(c, "select ?", i), i);
				c.setAutoCommit(true);
			}
			same("none", one(c, "select count(*) from lines"), 0L);
		});
	}

	/* ---- coming and going ---- */

	static void reconnect() throws Exception
	{
		together(i -> {
			for (int n = 0; n < 6; n++)
				try (Connection c = connect()) {
					for (int k = 0; k < 7; k++)
						same("mine", one(c,
						    "select ? + " + n * 100,
						    i), i + n * 100);
				}
			return null;
		});
	}

	static void leave() throws Exception
	{
		setup("drop table if exists lines; create table lines (n int)");
		together(i -> {
			Connection gone = connect();
			gone.setAutoCommit(false);
			run(gone, "insert into lines values (1)");
			if (i % 2 == 0)
				gone.abort(Runnable::run);
			else
				gone.close();
			try (Connection c = connect()) {
				same("none", one(c,
				    "select count(*) from lines"), 0L);
			}
			return null;
		});
	}

	static void lost() throws Exception
	{
		crowd(plain, (c, i) -> {
			if (i % 5 == 0) {
				fails(null, () -> one(c, "select " +
				    "pg_terminate_backend(pg_backend_pid())"));
				holds("it is told", !c.isValid(5));
			}
			try (Connection d = i % 5 == 0 ? connect() : c) {
				for (int n = 0; n < 20; n++)
					same("mine", one(d, "select ?", n), n);
			}
		});
	}

	static void pool() throws Exception
	{
		crowd(i -> connect("options", "-c search_path=s7"), (c, i) -> {
			for (int n = 0; n < 8; n++) {
				holds("it is valid", c.isValid(10));
				c.setAutoCommit(false);
				same("path", one(c, "show search_path"), "s7");
				c.rollback();
				c.setAutoCommit(true);
				same("empty", c.createStatement().execute(""),
				    false);
				run(c, "set timezone = 'Asia/Tokyo'");
				same("set", one(c, "show timezone"),
				    "Asia/Tokyo");
				run(c, "reset all");
				same("reset", one(c, "show timezone"),
				    java.util.TimeZone.getDefault().getID());
				c.clearWarnings();
			}
		});
	}

	/* ---- what goes over the wire ---- */

	static void numbers() throws Exception
	{
		Set<Object> pids = new HashSet<>();

		crowd(plain, (c, i) -> {
			try (var s = c.prepareStatement(
			    "select pg_backend_pid(), ?::int, ?::int")) {
				for (int n = 0; n < 150; n++) {
					bind(s, i, n);
					var rows = s.executeQuery();
					rows.next();
					same("who", rows.getInt(2), i);
					same("number", rows.getInt(3), n);
					synchronized (pids) {
						pids.add(rows.getInt(1));
					}
				}
			}
		});
		if (SERVERS > 0)
			holds(pids.size() + " servers", pids.size() <= SERVERS);
		else
			same("servers", pids.size(), SESSIONS);
	}

	static void large() throws Exception
	{
		crowd(plain, (c, i) -> {
			String letter = "" + (char)(97 + i);
			String text = letter.repeat(1000000);
			for (int n = 0; n < 7; n++)
				same("parameter", one(c, "select ?::text",
				    text), text);
			for (int n = 0; n < 7; n++)
				same("statement", one(c, "select '" + text +
				    "' || ?", "."), text + ".");
			List<Object> want = new ArrayList<>();
			for (int n = 1; n <= 2000; n++)
				want.add(letter.repeat(1000));
			try (var s = c.prepareStatement(
			    "select repeat(?, 1000) from " +
			    "generate_series(1, 2000)")) {
				same("rows", column(s, letter), want);
			}
		});
	}

	static void types() throws Exception
	{
		byte[] bytes = new byte[256];
		for (int i = 0; i < 256; i++)
			bytes[i] = (byte)i;
		var moment = OffsetDateTime.of(1999, 12, 31, 23, 59, 59,
		    999999000, ZoneOffset.UTC);
		Object[][] values = {
			{ true, "bool" }, { Integer.MAX_VALUE, "int4" },
			{ Long.MIN_VALUE, "int8" }, { 1.1e300, "float8" },
			{ new BigDecimal("1234567890.0123456789"), "numeric" },
			{ "naïve ☃ \\ ' \"", "text" }, { bytes, "bytea" },
			{ UUID.fromString(
			    "7fffffff-0000-0000-0000-000000000005"), "uuid" },
			{ LocalDate.of(2026, 2, 28), "date" },
			{ LocalDateTime.of(1999, 12, 31, 23, 59, 59),
			    "timestamp" },
			{ moment, "timestamptz" }, { null, "text" },
		};

		crowd(plain, (c, i) -> {
			/* The sixth is prepared, and binary. */
			for (int n = 0; n < 7; n++) {
				for (Object[] pair : values)
					try (var s = c.prepareStatement(
					    "select ?::" + pair[1])) {
						bind(s, pair[0]);
						var rows = s.executeQuery();
						rows.next();
						same((String)pair[1],
						    pair[0] == null ?
						    rows.getString(1) :
						    pair[0] == bytes ?
						    rows.getBytes(1) :
						    rows.getObject(1,
						    pair[0].getClass()),
						    pair[0]);
					}
				var array = (java.sql.Array)one(c,
				    "select ?::text[]", c.createArrayOf("text",
				    new Object[] { "a", null, "{\",}" }));
				same("array", array.getArray(),
				    new String[] { "a", null, "{\",}" });
				same("enum", one(c, "select ?::mood",
				    "happy"), "happy");
			}
		});
	}

	static void notices() throws Exception
	{
		crowd(plain, (c, i) -> {
			for (int n = 0; n < 20; n++)
				try (Statement s = c.createStatement()) {
					s.execute("do $$ begin raise notice '" +
					    i + " says " + n + "'; end $$");
					SQLWarning heard = s.getWarnings();
					same("heard", heard.getMessage(),
					    i + " says " + n);
					same("no more",
					    heard.getNextWarning(), null);
				}
		});
	}

	static void several() throws Exception
	{
		crowd(plain, (c, i) -> {
			for (int n = 0; n < 8; n++)
				try (var s = c.prepareStatement(
				    "select ?::int; select ?::int + 1")) {
					bind(s, i, n);
					s.execute();
					var first = s.getResultSet();
					first.next();
					same("first", first.getInt(1), i);
					holds("a second", s.getMoreResults());
					var second = s.getResultSet();
					second.next();
					same("second", second.getInt(1), n + 1);
					fails("22012", () -> run(c,
					    "select 1; select 1/0; select 2"));
				}
		});
	}

	static void register()
	{
		checks.put("statements that it prepares by itself",
		    TestPgjdbc::prepares);
		checks.put("statements that it prepares in transactions",
		    TestPgjdbc::preparesInBlocks);
		checks.put("more prepared statements than are kept",
		    TestPgjdbc::many);
		checks.put("the same statement with other types",
		    TestPgjdbc::otherTypes);
		checks.put("EXECUTE, prepared by itself",
		    TestPgjdbc::executes);
		checks.put("prepared statements outlive a migration",
		    TestPgjdbc::migration);
		checks.put("settings of the startup packet",
		    TestPgjdbc::startup);
		checks.put("settings that it sends by itself",
		    TestPgjdbc::sentByItself);
		checks.put("startup settings that PostgreSQL refuses",
		    TestPgjdbc::refused);
		checks.put("RESET ALL, DISCARD ALL and DEALLOCATE ALL",
		    TestPgjdbc::schemas);
		checks.put("transactions", TestPgjdbc::transactions);
		checks.put("isolation levels and read-only transactions",
		    TestPgjdbc::isolation);
		checks.put("portals in a transaction", TestPgjdbc::portals);
		checks.put("COPY in and out", TestPgjdbc::copy);
		checks.put("a COPY that fails, and one that is given up",
		    TestPgjdbc::copyFails);
		checks.put("cancel", TestPgjdbc::cancel);
		checks.put("timeouts of server and driver",
		    TestPgjdbc::timeouts);
		checks.put("batches", TestPgjdbc::batches);
		checks.put("errors in a batch", TestPgjdbc::batchErrors);
		checks.put("reconnecting", TestPgjdbc::reconnect);
		checks.put("leaving in the middle of everything",
		    TestPgjdbc::leave);
		checks.put("a server that is lost", TestPgjdbc::lost);
		checks.put("what a connection pool does between users",
		    TestPgjdbc::pool);
		checks.put("running numbers, nobody gets another's",
		    TestPgjdbc::numbers);
		checks.put("large statements and results",
		    TestPgjdbc::large);
		checks.put("types", TestPgjdbc::types);
		checks.put("notices", TestPgjdbc::notices);
		checks.put("several statements at once",
		    TestPgjdbc::several);
	}

	public static void main(String[] arguments)
	{
		register();
		if (arguments.length == 0) {
			checks.keySet().forEach(System.out::println);
			return;
		}
		try {
			checks.get(arguments[0]).run();
			System.exit(0);
		} catch (Throwable e) {
			e.printStackTrace();
			System.err.println("why: " + (e instanceof
			    SQLException s ? s.getSQLState() :
			    e.getClass().getSimpleName()) + ": " +
			    String.valueOf(e.getMessage()).replace("\n",
			    " / "));
			System.exit(1);
		}
	}
}
