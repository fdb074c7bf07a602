/*
 * claim_table - the claims of one process on a base, so that they can be taken
 * away: by a resume here, by one elsewhere (which raises the generation in the
 * record), or after CLAIM_SILENCE without a byte.
 *
 * For claim.c and for the base, which owns the table.
 */
#ifndef CLAIM_TABLE_H
#define CLAIM_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CLAIM_ID_SIZE	16
#define CLAIM_SILENCE	60	/* seconds */

/* Bytes of a record that are locked: by all, and by who holds the whole. */
#define CLAIM_SHARED_AT	0
#define CLAIM_WHOLE_AT	1

/* Where the generation stands in a record: 8 bytes, big-endian. */
#define CLAIM_GENERATION_AT 8

struct claim_table;

struct claim {
	struct claim_table *table;	/* borrowed; the base's */
	struct claim	*next;		/* guarded by the table's mutex */
	uint8_t		 id[CLAIM_ID_SIZE];
	uint64_t	 generation;
	int		 record_fd;	/* borrowed; bytes of it are locked, and
					 * one for each MiB of a range */
	bool		 joins;		/* holds only what is in its range */

	pthread_mutex_t	 mutex;		/* guards what follows */
	int		 path_fd;	/* owned; locks the path, or -1 */
	off_t		 path_at;
	bool		 is_held;
	bool		 is_closed;	/* alone, on its way to the commit */
	uint64_t	 first, end;	/* MiBs that nobody else writes */
	uint64_t	 heard;		/* clock_ms */
};

/* NULL without memory. */
struct claim_table *claim_table_new(void);
void claim_table_free(struct claim_table *table);

void claim_table_add(struct claim_table *table, struct claim *claim);
void claim_table_remove(struct claim_table *table, struct claim *claim);

/* Make the other holders let go; false if one of them commits. */
bool claim_table_send_away(struct claim_table *table,
    const struct claim *except);

/* Make those who joined let go of these MiBs, and of all else. */
void claim_table_clear_range(struct claim_table *table,
    const struct claim *except, uint64_t first, uint64_t end);

/* To be called about once a second: who must let go does. */
void claim_table_tick(struct claim_table *table);

/* Give the locks back; the claim's mutex is held, or nobody else knows it. */
void claim_let_go(struct claim *claim);

/* Set one byte's lock, or those of some MiBs; false with errno. */
bool claim_lock(int fd, short type, off_t at);
bool claim_lock_range(int record_fd, short type, uint64_t first,
    uint64_t end);

/* Does anybody, here or elsewhere, hold the whole of that record? */
bool claim_whole_is_held(int record_fd);

/* The generation in the record behind `fd`; false if it cannot be read. */
bool claim_generation(int fd, uint64_t *generation);

#endif
