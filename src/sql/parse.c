/*
 * parse.c - the one place that knows libpg_query and PostgreSQL's headers.
 *
 * The raw tree is read right where libpg_query leaves it. Its ways out of the
 * library, protobuf and JSON, cost ten times as much and recurse: 9 KB of
 * 1+1+1... end in a crash. Here nothing recurses. Bison keeps its stack on
 * the heap, up to 10,000 states; the tree is walked with a stack of our own,
 * since PostgreSQL's walker calls back for each child and does not care
 * whether the callback goes down at once. Its check of the stack's depth is
 * of no use: libpg_query never sets where the stack begins.
 *
 * Errors of the library come as results, but only from the parser: what else
 * raises one would end the program. So the walker is only given nodes that it
 * knows, and nothing else of the library is called.
 *
 * Globals of libpg_query are thread-local, which the server's headers do not
 * say; so none may be touched here (no PG_TRY, no CurrentMemoryContext).
 */
#include "sql/parse.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "sql/token.h"
#include "sql/words.h"

#include <pg_query.h>
#include <pg_query/pg_query_internal.h>
#include <catalog/pg_class.h>
#include <nodes/nodeFuncs.h>
#include <nodes/parsenodes.h>

/* The numbers of nodes are PostgreSQL 15's, in headers and library alike. */
_Static_assert(PG_VERSION_NUM >= 150000 && PG_VERSION_NUM < 160000,
    "headers of postgresql-server-dev-15 are needed");

/* What PostgreSQL's scanner may read again and again: about a millisecond. */
#define PARSE_WASTE_MAX 250000

/* One text on its way into a tree. */
struct reader {
	struct sql_tree *tree;
	struct sql_statement *s;        /* the current one */
	Node **pending;                 /* to be visited */
	size_t npending, pending_cap;
};

/* A name of one to three parts, as Strings. */
static void
add_qualified(struct reader *r, enum sql_ref_kind kind, List *parts)
{
	int n = list_length(parts);

	if (n == 0 || !IsA(llast(parts), String)) {
		r->s->facts |= SQL_ODD;
		return;
	}
	tree_add_ref(r->tree, kind,
	    n > 1 ? strVal(list_nth(parts, n - 2)) : NULL,
	    strVal(llast(parts)));
}

/* ---- the walk through a query ------------------------------------------ */

/* Called by raw_expression_tree_walker() for each child. */
static bool
push(Node *node, void *arg)
{
	struct reader *r = arg;

	if (node == NULL)
		return false;
	if (r->npending == r->pending_cap) {
		r->pending_cap = r->pending_cap > 0 ? r->pending_cap * 2 : 256;
		r->pending = mem_resize(r->pending,
		    r->pending_cap * sizeof *r->pending);
	}
	r->pending[r->npending++] = node;
	return false;
}

static void
visit_operator(struct reader *r, A_Expr *e)
{
	switch (e->kind) {
	case AEXPR_BETWEEN:
	case AEXPR_NOT_BETWEEN:
	case AEXPR_BETWEEN_SYM:
	case AEXPR_NOT_BETWEEN_SYM:
		tree_add_ref(r->tree, REF_OPERATOR, NULL, "<");
		tree_add_ref(r->tree, REF_OPERATOR, NULL, "<=");
		tree_add_ref(r->tree, REF_OPERATOR, NULL, ">");
		tree_add_ref(r->tree, REF_OPERATOR, NULL, ">=");
		break;
	case AEXPR_OP:
	case AEXPR_OP_ANY:
	case AEXPR_OP_ALL:
	case AEXPR_DISTINCT:
	case AEXPR_NOT_DISTINCT:
	case AEXPR_NULLIF:
	case AEXPR_IN:
	case AEXPR_LIKE:
	case AEXPR_ILIKE:
	case AEXPR_SIMILAR:
		add_qualified(r, REF_OPERATOR, e->name);
		break;
	}
}

static void
visit_sublink(struct reader *r, SubLink *s)
{
	if (s->operName != NIL)
		add_qualified(r, REF_OPERATOR, s->operName);
	else if (s->subLinkType == ANY_SUBLINK)
		tree_add_ref(r->tree, REF_OPERATOR, NULL, "=");
}

/* a.b may be b(a) in disguise, and so may (a).b. */
static void
visit_fields(struct reader *r, List *fields, int from)
{
	Node *field;
	int i;

	for (i = from; i < list_length(fields); i++) {
		field = list_nth(fields, i);
		if (IsA(field, String))
			tree_add_ref(r->tree, REF_FIELD, NULL, strVal(field));
	}
}

static void
visit_value_function(struct reader *r, SQLValueFunction *f)
{
	static const char *const names[] = {
		[SVFOP_CURRENT_DATE] = "current_date",
		[SVFOP_CURRENT_TIME] = "current_time",
		[SVFOP_CURRENT_TIME_N] = "current_time",
		[SVFOP_CURRENT_TIMESTAMP] = "current_timestamp",
		[SVFOP_CURRENT_TIMESTAMP_N] = "current_timestamp",
		[SVFOP_LOCALTIME] = "localtime",
		[SVFOP_LOCALTIME_N] = "localtime",
		[SVFOP_LOCALTIMESTAMP] = "localtimestamp",
		[SVFOP_LOCALTIMESTAMP_N] = "localtimestamp",
		[SVFOP_CURRENT_ROLE] = "current_role",
		[SVFOP_CURRENT_USER] = "current_user",
		[SVFOP_USER] = "user",
		[SVFOP_SESSION_USER] = "session_user",
		[SVFOP_CURRENT_CATALOG] = "current_catalog",
		[SVFOP_CURRENT_SCHEMA] = "current_schema",
	};

	if ((size_t)f->op < countof(names))
		tree_add_ref(r->tree, REF_FUNCTION, "pg_catalog", names[f->op]);
	else
		r->s->facts |= SQL_ODD;
}

static bool
is_temp(const RangeVar *r)
{
	return r != NULL && (r->relpersistence == RELPERSISTENCE_TEMP ||
	    (r->schemaname != NULL && strcmp(r->schemaname, "pg_temp") == 0));
}

static void
visit_select(struct reader *r, SelectStmt *q)
{
	if (q->lockingClause != NIL)
		r->s->facts |= SQL_LOCKS;
	if (q->intoClause != NULL)
		r->s->facts |= SQL_INTO;
	if (q->intoClause != NULL && is_temp(q->intoClause->rel))
		r->s->facts |= SQL_TEMP;
}

/*
 * What a node says by itself; its children follow. False: a kind of node
 * that is not known here, and may not be known to the walker.
 *
 * The tag is an int here: -Wswitch-enum would ask for all 500 of them.
 */
static bool
visit(struct reader *r, Node *node)
{
	switch ((int)nodeTag(node)) {
	case T_SelectStmt:
		visit_select(r, (SelectStmt *)node);
		return true;
	case T_InsertStmt: case T_UpdateStmt: case T_DeleteStmt:
	case T_MergeStmt:
		r->s->facts |= SQL_CHANGES;
		return true;
	case T_FuncCall:
		add_qualified(r, REF_FUNCTION, ((FuncCall *)node)->funcname);
		return true;
	case T_SQLValueFunction:
		visit_value_function(r, (SQLValueFunction *)node);
		return true;
	case T_A_Expr:
		visit_operator(r, (A_Expr *)node);
		return true;
	case T_SubLink:
		visit_sublink(r, (SubLink *)node);
		return true;
	case T_SortBy:
		if (((SortBy *)node)->useOp != NIL)
			add_qualified(r, REF_OPERATOR,
			    ((SortBy *)node)->useOp);
		return true;
	case T_RangeVar:
		tree_add_ref(r->tree, REF_RELATION,
		    ((RangeVar *)node)->schemaname,
		    ((RangeVar *)node)->relname);
		return true;
	case T_RangeTableSample:
		add_qualified(r, REF_FUNCTION,
		    ((RangeTableSample *)node)->method);
		return true;
	case T_CommonTableExpr:
		tree_add_ref(r->tree, REF_CTE, NULL,
		    ((CommonTableExpr *)node)->ctename);
		return true;
	case T_TypeName:
		if (((TypeName *)node)->names != NIL)
			add_qualified(r, REF_TYPE, ((TypeName *)node)->names);
		return true;
	case T_ColumnRef:
		visit_fields(r, ((ColumnRef *)node)->fields, 1);
		return true;
	case T_A_Indirection:
		visit_fields(r, ((A_Indirection *)node)->indirection, 0);
		return true;
	case T_Integer: case T_Float: case T_Boolean: case T_String:
	case T_BitString: case T_A_Const: case T_A_Star: case T_ParamRef:
	case T_SetToDefault: case T_CurrentOfExpr: case T_List:
	case T_MergeWhenClause: case T_Alias: case T_GroupingFunc:
	case T_CaseExpr: case T_CaseWhen: case T_RowExpr:
	case T_CoalesceExpr: case T_MinMaxExpr: case T_XmlExpr:
	case T_XmlSerialize: case T_NullTest: case T_BooleanTest:
	case T_JoinExpr: case T_IntoClause: case T_BoolExpr:
	case T_NamedArgExpr: case T_A_Indices: case T_A_ArrayExpr:
	case T_ResTarget: case T_MultiAssignRef: case T_TypeCast:
	case T_CollateClause: case T_WindowDef: case T_RangeSubselect:
	case T_RangeFunction: case T_RangeTableFunc:
	case T_RangeTableFuncCol: case T_ColumnDef: case T_IndexElem:
	case T_GroupingSet: case T_LockingClause: case T_WithClause:
	case T_InferClause: case T_OnConflictClause: case T_CTESearchClause:
	case T_CTECycleClause:
		return true;
	default:
		return false;
	}
}

static void
walk(struct reader *r, void *root)
{
	Node *node;

	push(root, r);
	while (r->npending > 0) {
		node = r->pending[--r->npending];
		if (visit(r, node))
			raw_expression_tree_walker(node, push, r);
		else
			r->s->facts |= SQL_ODD;
	}
}

/* ---- options ----------------------------------------------------------- */

/* false, off and 0, as defGetBoolean() has it; in doubt no. */
static bool
is_off(const DefElem *d)
{
	if (d->arg == NULL)
		return false;
	if (IsA(d->arg, Integer))
		return intVal(d->arg) == 0;
	return IsA(d->arg, String) &&
	    (str_is_nocase(str_of(strVal(d->arg)), "false") ||
	    str_is_nocase(str_of(strVal(d->arg)), "off"));
}

/* The modes of BEGIN and SET TRANSACTION; the last one counts. */
static void
read_modes(struct reader *r, List *modes)
{
	ListCell *cell;
	DefElem *d;
	A_Const *c;
	bool on;

	foreach (cell, modes) {
		d = lfirst(cell);
		if (!IsA(d, DefElem) || d->arg == NULL ||
		    !IsA(d->arg, A_Const)) {
			r->s->facts |= SQL_ODD;
			continue;
		}
		c = (A_Const *)d->arg;
		on = IsA(&c->val, Integer) && c->val.ival.ival != 0;
		if (strcmp(d->defname, "transaction_isolation") == 0) {
			r->s->isolation = word_isolation(
			    IsA(&c->val, String) ? c->val.sval.sval : NULL);
		} else if (strcmp(d->defname, "transaction_read_only") == 0) {
			r->s->facts &= ~(SQL_READ_ONLY | SQL_READ_WRITE);
			r->s->facts |= on ? SQL_READ_ONLY : SQL_READ_WRITE;
		} else if (strcmp(d->defname, "transaction_deferrable") == 0) {
			r->s->facts &= ~(SQL_DEFERRABLE | SQL_NOT_DEFERRABLE);
			r->s->facts |= on ? SQL_DEFERRABLE :
			    SQL_NOT_DEFERRABLE;
		} else {
			r->s->facts |= SQL_ODD;
		}
	}
}

/* ---- SET --------------------------------------------------------------- */

/* False for what is no constant: an interval as the time zone. */
static bool
put_value(struct text *out, Node *arg, bool as_name)
{
	A_Const *c = (A_Const *)arg;

	if (!IsA(arg, A_Const) || c->isnull)
		return false;
	switch ((int)nodeTag(&c->val)) {
	case T_Integer:
		text_printf(out, "%d", c->val.ival.ival);
		return true;
	case T_Float:
		text_puts(out, c->val.fval.fval);
		return true;
	case T_String:
		if (as_name)
			word_put_name(out, c->val.sval.sval);
		else
			text_puts(out, c->val.sval.sval);
		return true;
	default:
		return false;
	}
}

static void
read_value(struct reader *r, VariableSetStmt *v)
{
	bool names = word_is_name_list(v->name), plain = true;
	struct text out = { 0 };
	ListCell *cell;

	foreach (cell, v->args) {
		if (cell != list_head(v->args))
			text_puts(&out, ", ");
		plain = plain && put_value(&out, lfirst(cell), names);
	}
	if (plain) {
		r->s->facts |= SQL_VALUE;
		r->s->value = tree_keep(r->tree, out.p);
	}
	text_fini(&out);
}

static void
read_set(struct reader *r, VariableSetStmt *v)
{
	r->s->kind = SQL_SET;
	if (v->is_local)
		r->s->facts |= SQL_LOCAL;
	r->s->name = tree_keep(r->tree, v->name);
	switch (v->kind) {
	case VAR_SET_VALUE:
		read_value(r, v);
		break;
	case VAR_SET_DEFAULT:
		r->s->facts |= SQL_DEFAULT;
		break;
	case VAR_SET_CURRENT:
		break;
	case VAR_SET_MULTI:
		r->s->kind = strcmp(v->name, "SESSION CHARACTERISTICS") == 0 ?
		    SQL_SET_CHARACTERISTICS : SQL_SET_TRANSACTION;
		r->s->name = (struct str){ NULL, 0 };
		if (strcmp(v->name, "TRANSACTION SNAPSHOT") != 0)
			read_modes(r, v->args);
		break;
	case VAR_RESET:
		r->s->kind = SQL_RESET;
		break;
	case VAR_RESET_ALL:
		r->s->kind = SQL_RESET_ALL;
		break;
	}
}

/* ---- statements -------------------------------------------------------- */

/* The statement inside of another one. */
static void
read_inner(struct reader *r, Node *query)
{
	if (query == NULL)
		return;
	switch ((int)nodeTag(query)) {
	case T_SelectStmt:
		r->s->inner = SQL_SELECT;
		walk(r, query);
		break;
	case T_InsertStmt: case T_UpdateStmt: case T_DeleteStmt:
	case T_MergeStmt:
		r->s->inner = SQL_CHANGE;
		walk(r, query);
		break;
	case T_ExecuteStmt:
		r->s->inner = SQL_EXECUTE;
		r->s->name = tree_keep(r->tree, ((ExecuteStmt *)query)->name);
		walk(r, ((ExecuteStmt *)query)->params);
		break;
	default:
		r->s->inner = SQL_OTHER;
		r->s->facts |= SQL_ODD;
		break;
	}
}

static void
read_transaction(struct reader *r, TransactionStmt *x)
{
	static const enum sql_kind kinds[] = {
		[TRANS_STMT_BEGIN] = SQL_BEGIN,
		[TRANS_STMT_START] = SQL_BEGIN,
		[TRANS_STMT_COMMIT] = SQL_COMMIT,
		[TRANS_STMT_ROLLBACK] = SQL_ROLLBACK,
		[TRANS_STMT_SAVEPOINT] = SQL_SAVEPOINT,
		[TRANS_STMT_RELEASE] = SQL_RELEASE,
		[TRANS_STMT_ROLLBACK_TO] = SQL_ROLLBACK_TO,
		[TRANS_STMT_PREPARE] = SQL_PREPARE_TRANSACTION,
		[TRANS_STMT_COMMIT_PREPARED] = SQL_COMMIT_PREPARED,
		[TRANS_STMT_ROLLBACK_PREPARED] = SQL_ROLLBACK_PREPARED,
	};

	r->s->kind = (size_t)x->kind < countof(kinds) ? kinds[x->kind] :
	    SQL_OTHER;
	r->s->name = tree_keep(r->tree, x->savepoint_name);
	if (x->chain)
		r->s->facts |= SQL_CHAIN;
	read_modes(r, x->options);
}

static enum sql_kind
discard_kind(const DiscardStmt *d)
{
	switch (d->target) {
	case DISCARD_ALL:
		return SQL_DISCARD_ALL;
	case DISCARD_PLANS:
		return SQL_DISCARD_PLANS;
	case DISCARD_SEQUENCES:
		return SQL_DISCARD_SEQUENCES;
	case DISCARD_TEMP:
		return SQL_DISCARD_TEMP;
	}
	return SQL_OTHER;
}

static void
read_copy(struct reader *r, CopyStmt *c)
{
	r->s->kind = c->is_from ? SQL_COPY_FROM : SQL_COPY_TO;
	if (c->filename != NULL || c->is_program)
		r->s->facts |= SQL_FILE;
	read_inner(r, c->query);
	walk(r, c->relation);
	walk(r, c->whereClause);
}

static void
read_explain(struct reader *r, ExplainStmt *x)
{
	ListCell *cell;
	DefElem *d;

	r->s->kind = SQL_EXPLAIN;
	foreach (cell, x->options) {
		d = lfirst(cell);
		if (strcmp(d->defname, "analyze") == 0 && !is_off(d))
			r->s->facts |= SQL_ANALYZE;
	}
	read_inner(r, x->query);
}

static void
read_create(struct reader *r, const RangeVar *what)
{
	r->s->kind = SQL_CREATE;
	if (is_temp(what))
		r->s->facts |= SQL_TEMP;
}

/* Statements that are a name and little more. False: not one of them. */
static bool
read_named(struct reader *r, Node *node)
{
	const char *name = NULL;
	enum sql_kind all = SQL_OTHER;

	switch ((int)nodeTag(node)) {
	case T_VariableShowStmt:
		r->s->kind = all = SQL_SHOW;
		name = ((VariableShowStmt *)node)->name;
		break;
	case T_DeallocateStmt:
		r->s->kind = SQL_DEALLOCATE;
		all = SQL_DEALLOCATE_ALL;
		name = ((DeallocateStmt *)node)->name;
		break;
	case T_ClosePortalStmt:
		r->s->kind = SQL_CLOSE;
		all = SQL_CLOSE_ALL;
		name = ((ClosePortalStmt *)node)->portalname;
		break;
	case T_FetchStmt:
		r->s->kind = all = SQL_FETCH;
		name = ((FetchStmt *)node)->portalname;
		break;
	case T_ListenStmt:
		r->s->kind = all = SQL_LISTEN;
		name = ((ListenStmt *)node)->conditionname;
		break;
	case T_UnlistenStmt:
		r->s->kind = SQL_UNLISTEN;
		all = SQL_UNLISTEN_ALL;
		name = ((UnlistenStmt *)node)->conditionname;
		break;
	case T_NotifyStmt:
		r->s->kind = all = SQL_NOTIFY;
		name = ((NotifyStmt *)node)->conditionname;
		break;
	default:
		return false;
	}
	if (name == NULL)
		r->s->kind = all;
	r->s->name = tree_keep(r->tree, name);
	return true;
}

/* Statements with a query inside, or of kinds that have one case each. */
static void
read_statement(struct reader *r, Node *node)
{
	switch ((int)nodeTag(node)) {
	case T_SelectStmt:
		r->s->kind = SQL_SELECT;
		walk(r, node);
		break;
	case T_InsertStmt: case T_UpdateStmt: case T_DeleteStmt:
	case T_MergeStmt:
		r->s->kind = SQL_CHANGE;
		walk(r, node);
		break;
	case T_TransactionStmt:
		read_transaction(r, (TransactionStmt *)node);
		break;
	case T_VariableSetStmt:
		read_set(r, (VariableSetStmt *)node);
		break;
	case T_PrepareStmt:
		r->s->kind = SQL_PREPARE;
		r->s->name = tree_keep(r->tree, ((PrepareStmt *)node)->name);
		read_inner(r, ((PrepareStmt *)node)->query);
		break;
	case T_ExecuteStmt:
		r->s->kind = SQL_EXECUTE;
		read_inner(r, node);
		break;
	case T_DiscardStmt:
		r->s->kind = discard_kind((DiscardStmt *)node);
		break;
	case T_DeclareCursorStmt:
		r->s->kind = SQL_DECLARE;
		r->s->name = tree_keep(r->tree,
		    ((DeclareCursorStmt *)node)->portalname);
		if (((DeclareCursorStmt *)node)->options & CURSOR_OPT_HOLD)
			r->s->facts |= SQL_HOLD;
		read_inner(r, ((DeclareCursorStmt *)node)->query);
		break;
	case T_CopyStmt:
		read_copy(r, (CopyStmt *)node);
		break;
	case T_ExplainStmt:
		read_explain(r, (ExplainStmt *)node);
		break;
	case T_CreateTableAsStmt:
		read_create(r, ((CreateTableAsStmt *)node)->into->rel);
		read_inner(r, ((CreateTableAsStmt *)node)->query);
		break;
	case T_CreateStmt:
		read_create(r, ((CreateStmt *)node)->relation);
		break;
	case T_ViewStmt:
		read_create(r, ((ViewStmt *)node)->view);
		break;
	case T_CreateSeqStmt:
		read_create(r, ((CreateSeqStmt *)node)->sequence);
		break;
	case T_LockStmt:
		r->s->kind = SQL_LOCK;
		walk(r, ((LockStmt *)node)->relations);
		break;
	case T_CallStmt:
		r->s->kind = SQL_CALL;
		walk(r, ((CallStmt *)node)->funccall);
		break;
	case T_DoStmt:
		r->s->kind = SQL_DO;
		break;
	case T_LoadStmt:
		r->s->kind = SQL_LOAD;
		break;
	default:
		if (!read_named(r, node))
			r->s->kind = word_kind(r->s->text, &r->s->facts);
		break;
	}
}

static struct str
text_of(struct str text, const RawStmt *raw)
{
	size_t from = raw->stmt_location > 0 ? (size_t)raw->stmt_location : 0;
	size_t n;

	must(from <= text.n);
	n = raw->stmt_len > 0 ? (size_t)raw->stmt_len : text.n - from;
	must(n <= text.n - from);
	return (struct str){ text.p + from, n };
}

static enum sql_result
read_list(struct reader *r, struct str text, List *statements)
{
	ListCell *cell;
	RawStmt *raw;

	foreach (cell, statements) {
		raw = lfirst(cell);
		r->s = tree_add(r->tree, text_of(text, raw));
		if (r->s == NULL)
			return SQL_TOO_MANY;
		r->s->inner = SQL_NKINDS;
		read_statement(r, raw->stmt);
		if (r->s->inner == SQL_NKINDS)
			r->s->inner = r->s->kind;
	}
	return SQL_PARSED;
}

enum sql_result
parse_text(struct str text, struct sql_tree **out)
{
	struct reader r = { .tree = NULL };
	PgQueryInternalParsetreeAndError parsed;
	enum sql_result result = SQL_UNREADABLE;
	MemoryContext context;
	char *copy;

	*out = NULL;
	if (text.n > PARSE_TEXT_MAX)
		return SQL_TOO_LONG;
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return SQL_UNREADABLE;
	if (lexer_waste(text) > PARSE_WASTE_MAX)
		return SQL_TOO_LONG;
	copy = mem_dup(text.n > 0 ? text.p : "", text.n);
	context = pg_query_enter_memory_context();
	parsed = pg_query_raw_parse(copy);
	if (parsed.error == NULL) {
		r.tree = tree_create();
		result = read_list(&r, text, parsed.tree);
		mem_free(r.pending);
	} else {
		pg_query_free_error(parsed.error);
	}
	free(parsed.stderr_buffer);
	pg_query_exit_memory_context(context);
	mem_free(copy);
	if (result == SQL_PARSED)
		*out = r.tree;
	else
		sql_tree_destroy(r.tree);
	return result;
}
