/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this folder: lexer.c gives words, parse.c makes the tree, match.c asks it, show.c shows an error. */
#ifndef PLM_FILTER_INTERNAL_H
#define PLM_FILTER_INTERNAL_H

#include <stdint.h>

#include "filter/filter.h"
#include "policy/pattern.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD, /* a field's path */
	TOKEN_TEXT,
	TOKEN_NUMBER,
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_IN,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_EQUAL, /* the comparisons, in the order of enum operation */
	TOKEN_UNEQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_MORE,
	TOKEN_MORE_EQUAL,
	TOKEN_LIKE,
	TOKEN_UNLIKE,
};

struct token {
	enum token_kind kind;
	size_t at, size; /* in the expression, quotes included */
};

/* The token that begins at or behind `at`. 0, or -EINVAL and *error. */
int lexer_next(const char *text, size_t at, struct token *ret_token, struct filter_error *error);

enum operation { IS_EQUAL, IS_UNEQUAL, IS_LESS, IS_LESS_EQUAL, IS_MORE, IS_MORE_EQUAL, IS_LIKE, IS_UNLIKE };

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_THERE, NODE_COMPARE, NODE_IN };

struct value {
	char *text; /* owned */
	bool is_number;
	double number;
	struct pattern *pattern; /* of IS_LIKE and IS_UNLIKE; owned */
};

struct node {
	enum node_kind kind;
	struct node *left, *right; /* NODE_AND, NODE_OR; NODE_NOT has left */
	char *path;                /* of the others; owned */
	enum operation operation;  /* NODE_COMPARE */
	struct value *values;      /* one, or NODE_IN's */
	size_t count;
};

struct filter {
	struct node *root;
};

/* Is the whole text a number? Decimal, with a sign, a fraction and an exponent. */
bool number_of(const char *text, double *ret_number);

/* Sets *error; -EINVAL. */
int filter_fail(struct filter_error *error, size_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
