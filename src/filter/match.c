// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "filter/internal.h"

/* A value of the alert, as what it is compared as. */
struct side {
	const char *text;
	bool is_number;
	double number;
	char room[32];
};

static bool side_of(const json_t *value, struct side *side)
{
	if (json_is_string(value)) {
		side->text = json_string_value(value);
		side->is_number = number_of(side->text, &side->number);
		return true;
	}
	if (json_is_boolean(value)) {
		side->text = json_is_true(value) ? "true" : "false";
		side->is_number = false;
		return true;
	}
	if (!json_is_number(value))
		return false;
	side->is_number = true;
	side->number = json_number_value(value);
	if (json_is_integer(value))
		(void)snprintf(side->room, sizeof(side->room), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		(void)snprintf(side->room, sizeof(side->room), "%.17g", side->number);
	side->text = side->room;
	return true;
}

static int order_of(const struct side *side, const struct value *value)
{
	if (side->is_number && value->is_number)
		return (side->number > value->number) - (side->number < value->number);
	return strcmp(side->text, value->text);
}

/* Of IS_UNEQUAL and IS_UNLIKE, what they deny. */
static bool operation_holds(enum operation operation, const struct side *side, const struct value *value)
{
	int order;

	if (value->pattern)
		return pattern_match(value->pattern, side->text);
	order = order_of(side, value);
	switch (operation) {
	case IS_LESS:
		return order < 0;
	case IS_LESS_EQUAL:
		return order <= 0;
	case IS_MORE:
		return order > 0;
	case IS_MORE_EQUAL:
		return order >= 0;
	default:
		return order == 0;
	}
}

/* What a node asks of each value that its path leads to. */
struct question {
	const struct node *node;
	bool there, holds; /* of any */
};

static void value_ask(struct question *question, const json_t *value)
{
	const struct node *node = question->node;
	struct side side = { .text = NULL };

	question->there = true;
	if (node->kind == NODE_THERE || !side_of(value, &side))
		return;
	for (size_t i = 0; i < node->count && !question->holds; i++)
		question->holds =
			operation_holds(node->kind == NODE_IN ? IS_EQUAL : node->operation, &side, &node->values[i]);
}

/* Where the rest of the path leads to from here; through lists, to every element. */
static void path_walk(struct question *question, const json_t *here, const char *path)
{
	const char *dot = path ? strchr(path, '.') : NULL;
	const json_t *element;
	size_t i;

	if (json_is_array(here)) {
		json_array_foreach (here, i, element)
			if (!json_is_array(element))
				path_walk(question, element, path);
	} else if (!path) {
		value_ask(question, here);
	} else if (json_is_object(here)) {
		here = dot ? json_object_getn(here, path, (size_t)(dot - path)) : json_object_get(here, path);
		if (here)
			path_walk(question, here, dot ? dot + 1 : NULL);
	}
}

static bool field_holds(const struct node *node, const json_t *alert)
{
	struct question question = { .node = node };
	bool denies = node->kind == NODE_COMPARE && (node->operation == IS_UNEQUAL || node->operation == IS_UNLIKE);

	path_walk(&question, alert, node->path);
	if (node->kind == NODE_THERE)
		return question.there;
	return question.there && question.holds != denies;
}

static bool node_holds(const struct node *node, const json_t *alert)
{
	if (node->kind == NODE_AND)
		return node_holds(node->left, alert) && node_holds(node->right, alert);
	if (node->kind == NODE_OR)
		return node_holds(node->left, alert) || node_holds(node->right, alert);
	if (node->kind == NODE_NOT)
		return !node_holds(node->left, alert);
	return field_holds(node, alert);
}

bool filter_match(const struct filter *filter, const json_t *alert)
{
	return node_holds(filter->root, alert);
}
