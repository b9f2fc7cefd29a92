// SPDX-License-Identifier: Apache-2.0
#include "filter/internal.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define SPACES  " \t\r\n"

/* Longer ones before those that they begin with. */
static const struct {
	const char *text;
	enum token_kind kind;
} signs[] = {
	{ "==", TOKEN_EQUAL }, { "!=", TOKEN_UNEQUAL }, { "<=", TOKEN_LESS_EQUAL }, { ">=", TOKEN_MORE_EQUAL },
	{ "=~", TOKEN_LIKE },  { "!~", TOKEN_UNLIKE },  { "<", TOKEN_LESS },        { ">", TOKEN_MORE },
	{ "(", TOKEN_OPEN },   { ")", TOKEN_CLOSE },    { ",", TOKEN_COMMA },
};

static const struct {
	const char *text;
	enum token_kind kind;
} words[] = {
	{ "and", TOKEN_AND }, { "or", TOKEN_OR },     { "not", TOKEN_NOT },
	{ "in", TOKEN_IN },   { "true", TOKEN_TRUE }, { "false", TOKEN_FALSE },
};

/* What people write out of habit, and what it is called here. */
static const struct {
	const char *text, *instead;
} habits[] = { { "&&", "and" }, { "||", "or" }, { "=", "==" }, { "!", "not" }, { "~", "=~" } };

static int text_take(const char *text, struct token *token, struct filter_error *error)
{
	char quote = text[token->at];
	size_t at = token->at + 1;

	for (; text[at] && text[at] != quote; at++)
		if (text[at] == '\\' && (text[at + 1] == quote || text[at + 1] == '\\'))
			at++;
	if (!text[at])
		return filter_fail(error, token->at, "a closing %c is missing for this one", quote);
	token->kind = TOKEN_TEXT;
	token->size = at + 1 - token->at;
	return 0;
}

static void word_take(const char *text, struct token *token)
{
	token->kind = TOKEN_WORD;
	token->size = strspn(text + token->at, LETTERS DIGITS "@_.-");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (token->size == strlen(words[i].text) && !memcmp(text + token->at, words[i].text, token->size))
			token->kind = words[i].kind;
}

static int sign_take(const char *text, struct token *token, struct filter_error *error)
{
	const char *here = text + token->at;

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (strncmp(here, signs[i].text, strlen(signs[i].text)) != 0)
			continue;
		token->kind = signs[i].kind;
		token->size = strlen(signs[i].text);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(habits); i++)
		if (!strncmp(here, habits[i].text, strlen(habits[i].text)))
			return filter_fail(error, token->at, "'%s' is written '%s' here", habits[i].text,
					   habits[i].instead);
	return filter_fail(error, token->at, "no field, value or operator begins here");
}

int lexer_next(const char *text, size_t at, struct token *ret_token, struct filter_error *error)
{
	struct token token = { .at = at + strspn(text + at, SPACES) };
	char first = text[token.at];
	int r = 0;

	if (!first)
		token.kind = TOKEN_END;
	else if (first == '"' || first == '\'')
		r = text_take(text, &token, error);
	else if (strchr(LETTERS "@_", first))
		word_take(text, &token);
	else if (strchr(DIGITS "+-.", first)) {
		token.kind = TOKEN_NUMBER;
		token.size = strspn(text + token.at, LETTERS DIGITS "+-.");
	} else
		r = sign_take(text, &token, error);
	if (r == 0)
		*ret_token = token;
	return r;
}
