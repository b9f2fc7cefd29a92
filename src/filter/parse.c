// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "filter/internal.h"
#include "filter/known.h"

#define PATH_MAX_SIZE 96

struct parser {
	const char *text;
	struct token token; /* in hand, not taken yet */
	unsigned depth, terms;
	struct filter_error *error;
};

static int parse_or(struct parser *parser, struct node **ret_node);

int filter_fail(struct filter_error *error, size_t offset, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	error->offset = offset;
	return -EINVAL;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	node_free(node->left);
	node_free(node->right);
	for (size_t i = 0; i < node->count; i++) {
		free(node->values[i].text);
		pattern_free(node->values[i].pattern);
	}
	free(node->values);
	free(node->path);
	free(node);
}
DEFINE_CLEANUP(struct node *, node_free)
#define _cleanup_node_ _cleanup_(node_freep)

static int advance(struct parser *parser)
{
	return lexer_next(parser->text, parser->token.at + parser->token.size, &parser->token, parser->error);
}

static int expected(struct parser *parser, const char *what)
{
	const struct token *token = &parser->token;
	int shown = token->size < 40 ? (int)token->size : 40;

	if (token->kind == TOKEN_END)
		return filter_fail(parser->error, token->at, "%s is expected here, where the expression ends", what);
	return filter_fail(parser->error, token->at, "%s is expected here, not %.*s", what, shown,
			   parser->text + token->at);
}

static int term_count(struct parser *parser)
{
	if (++parser->terms <= FILTER_TERMS)
		return 0;
	return filter_fail(parser->error, parser->token.at, "there are more than %d comparisons and values",
			   FILTER_TERMS);
}

/* ---- values ---- */

bool number_of(const char *text, double *ret_number)
{
	char *end = NULL;
	double number;

	if (!*text || text[strspn(text, "0123456789+-.eE")])
		return false; /* no hexadecimal, no "inf" */
	number = strtod(text, &end);
	if (*end)
		return false;
	*ret_number = number;
	return true;
}

/* What stands between the quotes. */
static char *text_of(const char *quoted, size_t size)
{
	char *text = malloc(size), *to = text, quote = quoted[0];

	for (size_t i = 1; text && i + 1 < size; i++) {
		if (quoted[i] == '\\' && (quoted[i + 1] == quote || quoted[i + 1] == '\\'))
			i++;
		*to++ = quoted[i];
	}
	if (text)
		*to = '\0';
	return text;
}

static int value_take(struct parser *parser, bool pattern, struct value *value)
{
	struct token token = parser->token;
	int r;

	if (token.kind < TOKEN_TEXT || token.kind > TOKEN_FALSE || (pattern && token.kind != TOKEN_TEXT))
		return expected(parser,
				pattern ? "a pattern in quotes" : "a value: text in quotes, a number, true or false");
	value->text = token.kind == TOKEN_TEXT ? text_of(parser->text + token.at, token.size)
					       : strndup(parser->text + token.at, token.size);
	if (!value->text)
		return -ENOMEM;
	if (strlen(value->text) > PATTERN_MAX)
		return filter_fail(parser->error, token.at, "a value must not be longer than %d bytes", PATTERN_MAX);
	value->is_number = number_of(value->text, &value->number);
	if (token.kind == TOKEN_NUMBER && !value->is_number)
		return filter_fail(parser->error, token.at, "this is no number; text is in quotes");
	r = pattern ? pattern_new(value->text, 0, &value->pattern) : 0;
	if (r == -EINVAL)
		return filter_fail(parser->error, token.at, "a pattern must not be empty");
	return r < 0 ? r : advance(parser);
}

static int values_add(struct parser *parser, struct node *node, bool pattern)
{
	struct value *values = reallocarray(node->values, node->count + 1, sizeof(*values));
	int r = term_count(parser);

	if (values)
		node->values = values;
	if (r < 0 || !values)
		return r < 0 ? r : -ENOMEM;
	values[node->count] = (struct value){ .text = NULL };
	return value_take(parser, pattern, &values[node->count++]);
}

static int list_take(struct parser *parser, struct node *node)
{
	int r = advance(parser);

	node->kind = NODE_IN;
	if (r == 0 && parser->token.kind != TOKEN_OPEN)
		r = expected(parser, "( and a list of values");
	do {
		if (r == 0)
			r = advance(parser);
		if (r == 0)
			r = values_add(parser, node, false);
	} while (r == 0 && parser->token.kind == TOKEN_COMMA);
	if (r == 0 && parser->token.kind != TOKEN_CLOSE)
		r = expected(parser, ", or )");
	return r < 0 ? r : advance(parser);
}

/* ---- terms ---- */

static int path_take(struct parser *parser, struct node *node)
{
	const struct token *token = &parser->token;
	const char *nearest;

	if (token->size >= PATH_MAX_SIZE)
		return filter_fail(parser->error, token->at, "no field has a name that long");
	node->path = strndup(parser->text + token->at, token->size);
	if (!node->path)
		return -ENOMEM;
	if (known_field(node->path))
		return advance(parser);
	nearest = known_nearest(node->path);
	return filter_fail(parser->error, token->at, "no alert has a field '%s'%s%s%s", node->path,
			   nearest ? ": did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int compare_take(struct parser *parser, struct node *node)
{
	enum token_kind kind = parser->token.kind;
	int r;

	if (kind == TOKEN_IN)
		return list_take(parser, node);
	if (kind < TOKEN_EQUAL)
		return 0;
	node->kind = NODE_COMPARE;
	node->operation = (enum operation)(kind - TOKEN_EQUAL);
	r = advance(parser);
	return r < 0 ? r : values_add(parser, node, kind == TOKEN_LIKE || kind == TOKEN_UNLIKE);
}

static int parse_field(struct parser *parser, struct node **ret_node)
{
	_cleanup_node_ struct node *node = calloc(1, sizeof(*node));
	int r = node ? term_count(parser) : -ENOMEM;

	if (r == 0 && parser->token.kind != TOKEN_WORD)
		r = expected(parser, "a field, not or (");
	if (r == 0) {
		node->kind = NODE_THERE;
		r = path_take(parser, node);
	}
	if (r == 0)
		r = compare_take(parser, node);
	if (r == 0)
		*ret_node = take_ptr(node);
	return r;
}

static int parse_group(struct parser *parser, struct node **ret_node)
{
	_cleanup_node_ struct node *node = NULL;
	size_t opened = parser->token.at;
	int r = advance(parser);

	if (r == 0)
		r = parse_or(parser, &node);
	if (r == 0 && parser->token.kind == TOKEN_END)
		return filter_fail(parser->error, opened, "a closing ) is missing for this one");
	if (r == 0 && parser->token.kind != TOKEN_CLOSE)
		return expected(parser, "and, or, or )");
	if (r == 0)
		r = advance(parser);
	if (r == 0)
		*ret_node = take_ptr(node);
	return r;
}

static int parse_factor(struct parser *parser, struct node **ret_node);

static int parse_not(struct parser *parser, struct node **ret_node)
{
	_cleanup_node_ struct node *node = calloc(1, sizeof(*node));
	int r = node ? advance(parser) : -ENOMEM;

	if (r == 0) {
		node->kind = NODE_NOT;
		r = parse_factor(parser, &node->left);
	}
	if (r == 0)
		*ret_node = take_ptr(node);
	return r;
}

static int parse_factor(struct parser *parser, struct node **ret_node)
{
	bool deeper = parser->token.kind == TOKEN_NOT || parser->token.kind == TOKEN_OPEN;
	int r;

	if (!deeper)
		return parse_field(parser, ret_node);
	if (parser->depth == FILTER_DEPTH)
		return filter_fail(parser->error, parser->token.at, "this is deeper than %d levels", FILTER_DEPTH);
	parser->depth++;
	r = (parser->token.kind == TOKEN_NOT ? parse_not : parse_group)(parser, ret_node);
	parser->depth--;
	return r;
}

/* A chain of the operator: what it joins is parsed by `part`. Its tree grows to the left, so the last is at the top. */
static int parse_chain(struct parser *parser, enum token_kind between, enum node_kind kind,
		       int (*part)(struct parser *parser, struct node **ret_node), struct node **ret_node)
{
	_cleanup_node_ struct node *left = NULL;
	int r = part(parser, &left);

	while (r == 0 && parser->token.kind == between) {
		struct node *node = calloc(1, sizeof(*node));

		if (!node)
			return -ENOMEM;
		node->kind = kind;
		node->left = left;
		left = node;
		r = advance(parser);
		if (r == 0)
			r = part(parser, &node->right);
	}
	if (r == 0)
		*ret_node = take_ptr(left);
	return r;
}

static int parse_and(struct parser *parser, struct node **ret_node)
{
	return parse_chain(parser, TOKEN_AND, NODE_AND, parse_factor, ret_node);
}

static int parse_or(struct parser *parser, struct node **ret_node)
{
	return parse_chain(parser, TOKEN_OR, NODE_OR, parse_and, ret_node);
}

int filter_new(const char *text, struct filter **ret_filter, struct filter_error *ret_error)
{
	_cleanup_(filter_freep) struct filter *filter = calloc(1, sizeof(*filter));
	struct parser parser = { .text = text, .error = ret_error };
	int r;

	if (!filter)
		return -ENOMEM;
	if (strnlen(text, FILTER_SIZE + 1) > FILTER_SIZE)
		return filter_fail(ret_error, FILTER_NOWHERE, "the expression is longer than %u KiB",
				   FILTER_SIZE >> 10);
	r = lexer_next(text, 0, &parser.token, ret_error);
	if (r == 0)
		r = parse_or(&parser, &filter->root);
	if (r == 0 && parser.token.kind != TOKEN_END)
		r = expected(&parser, "and, or, or the end");
	if (r == 0)
		*ret_filter = take_ptr(filter);
	return r;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	node_free(filter->root);
	free(filter);
}
