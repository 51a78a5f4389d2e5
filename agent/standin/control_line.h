/* One line of a control file, cut into words, and how to complain about it. */
#ifndef STANDIN_CONTROL_LINE_H
#define STANDIN_CONTROL_LINE_H

#include "control.h"

enum { WORD_MAX = 8 };

struct line {
    struct tray *tray;
    char *word[WORD_MAX];
    unsigned int count;
    char *problem;
    unsigned int problem_size;
};

/* Say what is wrong with the line; false, so that a reader can return it. */
__attribute__((format(printf, 2, 3))) bool refuse(struct line *line, const char *format, ...);
/* Whether it has from lowest to highest words, its first one counted. */
bool has_words(struct line *line, unsigned int lowest, unsigned int highest);
/* A number from 0 to highest at this place. */
bool number(struct line *line, unsigned int place, unsigned long long highest, unsigned long long *out);

/* control_events.c: a line that begins with "event". */
bool read_event(struct line *line);

#endif
