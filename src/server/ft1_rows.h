/*
 * ft1_rows - the answers of FT/1 that are rows, many in a frame: what the table
 * of ft1_answer.c has for them.  See answer.h.
 */
#ifndef FT1_ROWS_H
#define FT1_ROWS_H

#include "ft1_answer.h"

/* Left free for OK or ERROR at the end of a producer. */
#define FT1_ROWS_LAST_ROOM 1024

void ft1_rows_facts(struct ft1_entry *entry, const struct file_facts *facts);

bool ft1_rows_entry(struct answer *answer, const struct file_facts *facts);
bool ft1_rows_held(struct answer *answer, const struct lock_facts *facts);
bool ft1_rows_pieces(struct answer *answer, const struct answer_pieces *row);
bool ft1_rows_upload(struct answer *answer,
    const struct upload_listed *upload);
bool ft1_rows_member(struct answer *answer, const struct answer_member *row);
void *ft1_rows_whole_room(struct answer *answer,
    const struct file_facts *facts);
void ft1_rows_whole(struct answer *answer, const uint8_t *digest);

#endif
