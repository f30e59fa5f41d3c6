/*
 * docgen.h - what the parts of docgen share.
 */
#ifndef DOCGEN_H
#define DOCGEN_H

void roff_text(const char *);
	/* Print text of the manual: one sentence a line, nothing that roff
	 * would take for a request or an escape. */

/* What stands in a template for these lines: */
void console_verbs(void);       /* @VERBS@ */
void console_tables(void);      /* @TABLES@ */
void console_waits(void);       /* @WAITS@ */
	/* They end the program where manual.def does not fit the code. */

#endif
