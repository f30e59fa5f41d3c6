/*
 * messages.h - the messages of protocol 3, once.
 *
 * Two tables name every message and what is special about it; all else
 * (constants, names, flags) is generated from them. The code works with the
 * type byte itself: FE_QUERY is 'Q'.
 */
#ifndef PGWIRE_MESSAGES_H
#define PGWIRE_MESSAGES_H

#include <stdint.h>

/* What is special about a message. */
enum message_flag {
	MSG_KNOWN = 1,
	MSG_CYCLE = 2,       /* frontend: ReadyForQuery ends its answer */
	MSG_EXTENDED = 4,    /* frontend: part of a batch that Sync ends */
	MSG_COPY = 8,        /* moves COPY data or ends it */
	MSG_ASYNC = 16,      /* backend: may come at any time */
	MSG_LOGIN = 32,      /* only before the first ReadyForQuery */
	MSG_ANSWER = 64      /* backend: belongs to what was asked */
};

/*      byte  constant             name                 flags */
#define FRONTEND_MESSAGES(X)                                                 \
	X('Q', QUERY,              "Query",                MSG_CYCLE)        \
	X('F', FUNCTION_CALL,      "FunctionCall",         MSG_CYCLE)        \
	X('S', SYNC,               "Sync",                 MSG_CYCLE)        \
	X('P', PARSE,              "Parse",                MSG_EXTENDED)     \
	X('B', BIND,               "Bind",                 MSG_EXTENDED)     \
	X('D', DESCRIBE,           "Describe",             MSG_EXTENDED)     \
	X('E', EXECUTE,            "Execute",              MSG_EXTENDED)     \
	X('C', CLOSE,              "Close",                MSG_EXTENDED)     \
	X('H', FLUSH,              "Flush",                MSG_EXTENDED)     \
	X('d', COPY_DATA,          "CopyData",             MSG_COPY)         \
	X('c', COPY_DONE,          "CopyDone",             MSG_COPY)         \
	X('f', COPY_FAIL,          "CopyFail",             MSG_COPY)         \
	X('p', PASSWORD,           "PasswordMessage",      MSG_LOGIN)        \
	X('X', TERMINATE,          "Terminate",            0)

#define BACKEND_MESSAGES(X)                                                  \
	X('Z', READY_FOR_QUERY,    "ReadyForQuery",        MSG_ANSWER)       \
	X('C', COMMAND_COMPLETE,   "CommandComplete",      MSG_ANSWER)       \
	X('I', EMPTY_QUERY,        "EmptyQueryResponse",   MSG_ANSWER)       \
	X('E', ERROR,              "ErrorResponse",        0)                \
	X('1', PARSE_COMPLETE,     "ParseComplete",        MSG_ANSWER)       \
	X('2', BIND_COMPLETE,      "BindComplete",         MSG_ANSWER)       \
	X('3', CLOSE_COMPLETE,     "CloseComplete",        MSG_ANSWER)       \
	X('t', PARAMETERS,         "ParameterDescription", MSG_ANSWER)       \
	X('T', ROW_DESCRIPTION,    "RowDescription",       MSG_ANSWER)       \
	X('n', NO_DATA,            "NoData",               MSG_ANSWER)       \
	X('D', DATA_ROW,           "DataRow",              MSG_ANSWER)       \
	X('s', PORTAL_SUSPENDED,   "PortalSuspended",      MSG_ANSWER)       \
	X('G', COPY_IN,            "CopyInResponse",       MSG_ANSWER)       \
	X('H', COPY_OUT,           "CopyOutResponse",      MSG_ANSWER)       \
	X('W', COPY_BOTH,          "CopyBothResponse",     MSG_ANSWER)       \
	X('d', COPY_DATA,          "CopyData",          MSG_ANSWER|MSG_COPY) \
	X('c', COPY_DONE,          "CopyDone",          MSG_ANSWER|MSG_COPY) \
	X('V', FUNCTION_RESULT,    "FunctionCallResponse", MSG_ANSWER)       \
	X('A', NOTIFICATION,       "NotificationResponse", MSG_ASYNC)        \
	X('N', NOTICE,             "NoticeResponse",       MSG_ASYNC)        \
	X('S', PARAMETER_STATUS,   "ParameterStatus",      MSG_ASYNC)        \
	X('K', KEY_DATA,           "BackendKeyData",       MSG_LOGIN)        \
	X('R', AUTHENTICATION,     "Authentication",       MSG_LOGIN)        \
	X('v', NEGOTIATE,     "NegotiateProtocolVersion",  MSG_LOGIN)

#define X(byte, id, name, flags) FE_##id = byte,
enum { FRONTEND_MESSAGES(X) };
#undef X
#define X(byte, id, name, flags) BE_##id = byte,
enum { BACKEND_MESSAGES(X) };
#undef X

const char *frontend_name(char type);
const char *backend_name(char type);
	/* "Query"; "unknown" for a byte that is no message. */

unsigned frontend_flags(char type);
unsigned backend_flags(char type);
	/* Bits of enum message_flag; 0 for a byte that is no message. */

/* The first word of a packet without a type byte. */
#define PROTOCOL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
#define PROTOCOL_3_0      PROTOCOL(3, 0)
#define CANCEL_REQUEST    PROTOCOL(1234, 5678)    /* 80877102 */
#define SSL_REQUEST       PROTOCOL(1234, 5679)    /* 80877103 */
#define GSSENC_REQUEST    PROTOCOL(1234, 5680)    /* 80877104 */

/* The first word of an Authentication message. */
enum auth_request {
	AUTH_OK = 0,
	AUTH_CLEARTEXT = 3,
	AUTH_MD5 = 5,
	AUTH_GSS = 7,
	AUTH_GSS_CONTINUE = 8,
	AUTH_SSPI = 9,
	AUTH_SASL = 10,
	AUTH_SASL_CONTINUE = 11,
	AUTH_SASL_FINAL = 12
};

#define SQLSTATE_SUCCESS                "00000"
#define SQLSTATE_CONNECTION_DOES_NOT_EXIST "08003"
#define SQLSTATE_CONNECTION_FAILURE     "08006"
#define SQLSTATE_PROTOCOL_VIOLATION     "08P01"
#define SQLSTATE_FEATURE_NOT_SUPPORTED  "0A000"
#define SQLSTATE_INVALID_PARAMETER      "22023"
#define SQLSTATE_NO_ACTIVE_TRANSACTION  "25P01"
#define SQLSTATE_FAILED_TRANSACTION     "25P02"
#define SQLSTATE_IDLE_IN_TRANSACTION    "25P03"
#define SQLSTATE_TRANSACTION_TIMEOUT    "25P04"
#define SQLSTATE_READ_ONLY_TRANSACTION  "25006"
#define SQLSTATE_UNKNOWN_STATEMENT      "26000"
#define SQLSTATE_INVALID_AUTHORIZATION  "28000"
#define SQLSTATE_INVALID_PASSWORD       "28P01"
#define SQLSTATE_UNKNOWN_PORTAL         "34000"
#define SQLSTATE_UNKNOWN_DATABASE       "3D000"
#define SQLSTATE_SERIALIZATION_FAILURE  "40001"
#define SQLSTATE_INSUFFICIENT_PRIVILEGE "42501"
#define SQLSTATE_SYNTAX_ERROR           "42601"
#define SQLSTATE_INVALID_NAME           "42602"
#define SQLSTATE_UNKNOWN_OBJECT         "42704"
#define SQLSTATE_DUPLICATE_STATEMENT    "42P05"
#define SQLSTATE_OUT_OF_MEMORY          "53200"
#define SQLSTATE_TOO_MANY_CONNECTIONS   "53300"
#define SQLSTATE_LIMIT_EXCEEDED         "53400"
#define SQLSTATE_TOO_COMPLEX            "54000"
#define SQLSTATE_WRONG_STATE            "55000"
#define SQLSTATE_CANNOT_CHANGE          "55P02"
#define SQLSTATE_QUERY_CANCELED         "57014"
#define SQLSTATE_ADMIN_SHUTDOWN         "57P01"
#define SQLSTATE_CRASH_SHUTDOWN         "57P02"
#define SQLSTATE_CANNOT_CONNECT_NOW     "57P03"
#define SQLSTATE_IDLE_SESSION           "57P05"
#define SQLSTATE_SYSTEM_ERROR           "58000"
#define SQLSTATE_CONFIG_FILE_ERROR      "F0000"
#define SQLSTATE_INTERNAL_ERROR         "XX000"

#endif
