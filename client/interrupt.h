/*
 * interrupt - the signals that end a program, held back so that work in
 * progress can be wound up: a temporary file removed, a transfer cancelled.
 *
 * Between interrupt_begin and interrupt_end SIGINT, SIGTERM and SIGHUP are
 * blocked and only come out of a descriptor that one polls beside the others.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

#include "status.h"

struct interrupt;

/* Hold the signals back. */
enum status interrupt_begin(struct interrupt **out);

/*
 * One that holds no signals back: for work in another thread, which ends at
 * once, as by an urgent signal, when somebody raises it.
 */
enum status interrupt_relay(struct interrupt **out);

/* From any thread; it stays raised. */
void interrupt_raise(struct interrupt *relay);

/* Let the signals through again.  interrupt_end(NULL) does nothing. */
void interrupt_end(struct interrupt *interrupt);

/* Becomes readable when a signal has come; -1 for NULL. */
int interrupt_fd(const struct interrupt *interrupt);

/* The number of the last signal since interrupt_forget; 0 if none came. */
int interrupt_caught(struct interrupt *interrupt);

/* True if it is urgent: a second one came, or it was not SIGINT. */
bool interrupt_is_urgent(struct interrupt *interrupt);

/* The same of what was caught so far, which costs nothing. */
bool interrupt_was_urgent(const struct interrupt *interrupt);

/*
 * While it is patient, a first signal stops nothing: interrupt_is_pending tells
 * of it, to those who then come to an end by themselves.
 */
void interrupt_be_patient(struct interrupt *interrupt, bool is_patient);
bool interrupt_is_pending(struct interrupt *interrupt);

void interrupt_forget(struct interrupt *interrupt);

/*
 * While another program has the terminal, SIGINT is meant for that one: it is
 * not caught here.
 */
void interrupt_leave_to_other(struct interrupt *interrupt, bool is_left);

/*
 * In between SIGINT only interrupts system calls, as a person must be able to
 * refuse to be asked for a password.  NULL does nothing.
 */
void interrupt_pause(struct interrupt *interrupt);
void interrupt_resume(struct interrupt *interrupt);

/*
 * Wait until `fd` can be read.  STATUS_CANCELLED if a signal came first, or was
 * caught and not forgotten; interrupt_caught then tells it.
 */
enum status interrupt_wait(struct interrupt *interrupt, int fd);

/* Wait so many milliseconds; likewise. */
enum status interrupt_sleep(struct interrupt *interrupt, int milliseconds);

#endif
