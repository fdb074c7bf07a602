/*
 * editor - lines that a person types on the terminal, with editing, history
 * and completion.
 */
#ifndef EDITOR_H
#define EDITOR_H

#include "ftclient.h"
#include "status.h"

struct editor;

enum status editor_new(struct editor **out, struct client *client);

/* Saves the history.  editor_free(NULL) does nothing. */
void editor_free(struct editor *editor);

/*
 * A line without its newline, to be freed; NULL at the end of input, or after
 * a signal, which interrupt_caught then tells.  The history keeps it unless
 * it begins with a blank.
 */
char *editor_line(struct editor *editor, const char *prompt);

/* The answer to a question: without completion, and not kept. */
char *editor_answer(struct editor *editor, const char *question);

/* A command has run: names of the server may be others. */
void editor_forget_names(struct editor *editor);

#endif
