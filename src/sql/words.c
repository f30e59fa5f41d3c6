/*
 * words.c - tables of words, for what is decided by words alone.
 */
#include "sql/words.h"

#include "base/must.h"
#include "sql/token.h"

enum sql_kind
word_kind(struct str statement, uint32_t *facts)
{
	static const char *const ddl[] = { "create", "alter", "drop",
		"truncate", "comment", "grant", "revoke", "import",
		"security", "reassign", "refresh" };
	struct lexer l = lexer_on(statement, false);
	enum sql_kind kind = SQL_OTHER;
	char name[SQL_NAME_MAX];
	struct token t;
	size_t i;

	lexer_next(&l, &t);
	for (i = 0; i < countof(ddl); i++)
		if (token_is_word(&t, ddl[i]))
			kind = SQL_DDL;
	while (lexer_next(&l, &t) != TOKEN_END)
		if (token_name(&t, name) && strcmp(name, "pg_temp") == 0)
			*facts |= SQL_TEMP;
	return kind;
}

enum sql_isolation
word_isolation(const char *level)
{
	static const char *const names[] = {
		[SQL_READ_UNCOMMITTED] = "read uncommitted",
		[SQL_READ_COMMITTED] = "read committed",
		[SQL_REPEATABLE_READ] = "repeatable read",
	};
	size_t i;

	for (i = SQL_READ_UNCOMMITTED; i < countof(names); i++)
		if (str_is_nocase(str_of(level), names[i]))
			return (enum sql_isolation)i;
	return SQL_SERIALIZABLE;
}

bool
word_is_name_list(const char *setting)
{
	static const char *const lists[] = { "search_path",
		"temp_tablespaces", "local_preload_libraries",
		"session_preload_libraries", "shared_preload_libraries",
		"unix_socket_directories" };
	size_t i;

	for (i = 0; i < countof(lists); i++)
		if (str_is_nocase(str_of(setting), lists[i]))
			return true;
	return false;
}

void
word_put_name(struct text *out, const char *s)
{
	size_t plain = strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789");

	if (*s != '\0' && s[plain] == '\0' && (*s < '0' || *s > '9')) {
		text_puts(out, s);
		return;
	}
	text_add(out, "\"", 1);
	for (; *s != '\0'; s++)
		text_add(out, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
	text_add(out, "\"", 1);
}
