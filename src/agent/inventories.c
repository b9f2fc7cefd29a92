// SPDX-License-Identifier: Apache-2.0
/* The inventories of the images of the containers that run: asked for, come, or not to be had. */
#include "agent/internal.h"

#include <string.h>

#define NOTES_TOLD 4 /* of one image: a broken one has many, and they say the same */

static const char *digest_of(const struct container_facts *facts)
{
	return facts->image && facts->image->id ? facts->image->id : facts->image_digest;
}

void inventories_ask(struct agent *agent, struct container *container)
{
	if (container->image || !container->rootfs || container->state == CONTAINER_WAITING ||
	    container->sight != SIGHT_WHOLE)
		return;
	container->image = images_hold(agent->images, container->rootfs, digest_of(&container->facts));
}

void inventories_forget(struct agent *agent, struct container *container)
{
	images_drop(agent->images, container->image);
	container->image = NULL;
}

struct user {
	const struct image *image;
	struct container *container;
};

static void user_match(struct container *container, void *data)
{
	struct user *user = data;

	if (container->image == user->image && !user->container)
		user->container = container;
}

/* What could not be read of it is told of one of its containers, once. */
static void tell_unread(struct agent *agent, const struct image *image, const struct reader_failure *failure)
{
	const struct inventory *inventory = image_inventory(image);
	struct user user = { .image = image };
	char message[512];

	registry_for_each(agent->registry, user_match, &user);
	if (failure->text[0]) {
		(void)snprintf(message, sizeof(message), "the packages of its image could not be read: the reader %s",
			       failure->text);
		serve_coverage(agent, user.container, RULE_COVERAGE_INVENTORY, "image", message);
	}
	for (size_t i = 0; inventory && i < inventory_note_count(inventory) && i < NOTES_TOLD; i++) {
		const struct inventory_note note = inventory_note(inventory, i);

		(void)snprintf(message, sizeof(message), "not all packages of its image could be read (%s): %s%s%s",
			       note.source, note.path ?: "", note.path ? ": " : "", note.reason);
		serve_coverage(agent, user.container, RULE_COVERAGE_INVENTORY, note.source, message);
	}
}

void inventories_come(struct agent *agent)
{
	struct images_answer answer;

	while (images_take(agent->images, &answer))
		if (answer.token)
			packages_come(agent, &answer);
		else if (answer.image)
			tell_unread(agent, answer.image, &answer.failure);
}
