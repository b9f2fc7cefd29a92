// SPDX-License-Identifier: Apache-2.0
#include "policy/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct level {
	struct node *node;  /* a list or map, already in the tree */
	struct node **tail; /* where its next child goes */
	struct node *key;   /* of a map: its value comes next */
};

struct builder {
	yaml_parser_t parser;
	struct report *report;
	struct node *root;
	struct level levels[TREE_DEPTH];
	unsigned depth;
	size_t nodes;
	unsigned documents;
};

void node_free(struct node *node)
{
	while (node) {
		struct node *next = node->next;

		node_free(node->key);
		node_free(node->first); /* TREE_DEPTH deep at most */
		free(node->text);
		free(node);
		node = next;
	}
}

static int refuse(struct builder *builder, const yaml_event_t *event, const char *message)
{
	report_add(builder->report, (unsigned)event->start_mark.line + 1, (unsigned)event->start_mark.column + 1, "%s",
		   message);
	return -EINVAL;
}

static int node_new(struct builder *builder, const yaml_event_t *event, enum node_type type, struct node **ret_node)
{
	struct node *node = NULL;

	if (builder->nodes++ >= TREE_NODES)
		return refuse(builder, event, "the file has too many values");
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->type = type;
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	*ret_node = node;
	return 0;
}

/* Puts `node` where the next one belongs; frees it where there is no place for it. */
static int builder_attach(struct builder *builder, const yaml_event_t *event, struct node *node)
{
	struct level *level = builder->depth ? &builder->levels[builder->depth - 1] : NULL;

	if (!level) {
		builder->root = node;
		return 0;
	}
	if (level->node->type == NODE_MAP && !level->key) {
		if (node->type != NODE_TEXT) {
			node_free(node);
			return refuse(builder, event, "a key must be a word, not a list or a mapping");
		}
		level->key = node;
		return 0;
	}
	node->key = take_ptr(level->key);
	*level->tail = node;
	level->tail = &node->next;
	level->node->count++;
	return 0;
}

static int build_text(struct builder *builder, const yaml_event_t *event)
{
	_cleanup_(node_freep) struct node *node = NULL;
	int error = 0;

	if (event->data.scalar.anchor || event->data.scalar.tag)
		return refuse(builder, event, "anchors (&) and tags (!) are not accepted: write the value out");
	error = node_new(builder, event, NODE_TEXT, &node);
	if (error)
		return error;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->length = event->data.scalar.length;
	node->text = malloc(node->length + 1);
	if (!node->text)
		return -ENOMEM;
	memcpy(node->text, event->data.scalar.value, node->length);
	node->text[node->length] = '\0';
	return builder_attach(builder, event, take_ptr(node));
}

static int build_open(struct builder *builder, const yaml_event_t *event, enum node_type type, bool decorated)
{
	struct node *node = NULL;
	int error = 0;

	if (decorated)
		return refuse(builder, event, "anchors (&) and tags (!) are not accepted: write the value out");
	if (builder->depth >= TREE_DEPTH)
		return refuse(builder, event, "lists and mappings are nested too deep");
	error = node_new(builder, event, type, &node);
	if (error)
		return error;
	error = builder_attach(builder, event, node);
	if (error)
		return error;
	builder->levels[builder->depth++] = (struct level){ .node = node, .tail = &node->first };
	return 0;
}

static int build_list(struct builder *builder, const yaml_event_t *event)
{
	return build_open(builder, event, NODE_LIST,
			  event->data.sequence_start.anchor || event->data.sequence_start.tag);
}

static int build_map(struct builder *builder, const yaml_event_t *event)
{
	return build_open(builder, event, NODE_MAP, event->data.mapping_start.anchor || event->data.mapping_start.tag);
}

static int build_close(struct builder *builder, const yaml_event_t *event)
{
	(void)event;
	builder->depth--;
	return 0;
}

static int build_alias(struct builder *builder, const yaml_event_t *event)
{
	return refuse(builder, event, "aliases are not accepted: a value that begins with * must be in quotes");
}

static int build_document(struct builder *builder, const yaml_event_t *event)
{
	if (builder->documents++)
		return refuse(builder, event, "only one document is accepted in a file");
	return 0;
}

static int build_nothing(struct builder *builder, const yaml_event_t *event)
{
	(void)builder;
	(void)event;
	return 0;
}

static int (*const build[])(struct builder *builder, const yaml_event_t *event) = {
	[YAML_NO_EVENT] = build_nothing,           [YAML_STREAM_START_EVENT] = build_nothing,
	[YAML_STREAM_END_EVENT] = build_nothing,   [YAML_DOCUMENT_START_EVENT] = build_document,
	[YAML_DOCUMENT_END_EVENT] = build_nothing, [YAML_ALIAS_EVENT] = build_alias,
	[YAML_SCALAR_EVENT] = build_text,          [YAML_SEQUENCE_START_EVENT] = build_list,
	[YAML_SEQUENCE_END_EVENT] = build_close,   [YAML_MAPPING_START_EVENT] = build_map,
	[YAML_MAPPING_END_EVENT] = build_close,
};

/* A fault of the encoding has only an offset; lines are counted up to it. */
static void report_encoding(struct builder *builder, const char *text, size_t size)
{
	size_t offset = builder->parser.problem_offset < size ? builder->parser.problem_offset : size;
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < offset; i++) {
		column = text[i] == '\n' ? 1 : column + ((text[i] & 0xc0) != 0x80);
		line += text[i] == '\n';
	}
	report_add(builder->report, line, column, "not YAML: %s", builder->parser.problem);
}

/* libyaml tells what it could not read (the problem) and what it was in the middle of (the context). */
static void report_scan(struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	const char *context = parser->context ? parser->context : "while reading";
	const char *problem = parser->problem ? parser->problem : "cannot go on";
	bool alias = strstr(context, "alias");
	const yaml_mark_t *mark = alias ? &parser->context_mark : &parser->problem_mark;

	if (alias)
		problem = "a value that begins with * must be in quotes";
	report_add(builder->report, (unsigned)mark->line + 1, (unsigned)mark->column + 1,
		   "not YAML: %s (from line %zu): %s", context,
		   (parser->context ? parser->context_mark.line : mark->line) + 1, problem);
}

static int report_syntax(struct builder *builder, const char *text, size_t size)
{
	if (builder->parser.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (builder->parser.error == YAML_READER_ERROR)
		report_encoding(builder, text, size);
	else
		report_scan(builder);
	return -EINVAL;
}

static int builder_run(struct builder *builder, const char *text, size_t size)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	int error = 0;

	yaml_parser_set_input_string(&builder->parser, (const unsigned char *)text, size);
	while (!error && type != YAML_STREAM_END_EVENT) {
		yaml_event_t event = {};

		if (!yaml_parser_parse(&builder->parser, &event))
			return report_syntax(builder, text, size);
		type = event.type;
		error = build[type](builder, &event);
		yaml_event_delete(&event);
	}
	return error;
}

int tree_parse(const char *text, size_t size, struct report *report, struct node **ret_root)
{
	struct builder builder = { .report = report };
	int error = 0;

	if (!yaml_parser_initialize(&builder.parser))
		return -ENOMEM;
	error = builder_run(&builder, text, size);
	yaml_parser_delete(&builder.parser);
	while (builder.depth)
		node_free(builder.levels[--builder.depth].key);
	if (error) {
		node_free(builder.root);
		return error;
	}
	*ret_root = builder.root;
	return 0;
}
