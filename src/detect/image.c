// SPDX-License-Identifier: Apache-2.0
/* image: what runs is the image's own, and the image's packages do not vouch for it. Told once of an image. */
#include "base/cleanup.h"
#include "detect/internal.h"

void detect_image_modified(struct detection *detection)
{
	const struct facts *facts = detection->facts;
	struct finding *finding;

	if (!facts->content.tampered || !facts->first_of_image)
		return;
	finding = detection_add(detection, RULE_IMAGE_MODIFIED, SEVERITY_HIGH, detect_action(detection->event));
	if (!finding)
		return;
	finding_program(finding, detection);
	finding_subject(finding, "%s", finding->path ? finding->path : "?");
	finding_message(
		finding,
		"%s of the image of %s is not what package %.64s %.64s says: it was changed when the image was made",
		say_path(finding->path).text, say_container(detection->container).text, facts->content.package.name,
		facts->content.package.version ?: "");
}

void detect_image_unpackaged(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct facts *facts = detection->facts;
	struct finding *finding;

	if (event->file.layer != PLM_LAYER_IMAGE || facts->content.packaged != ANSWER_NO || !facts->first_of_image ||
	    (event->exec.flags & PLM_EXEC_OUTSIDE))
		return;
	finding = detection_add(detection, RULE_IMAGE_UNPACKAGED, SEVERITY_INFO, "exec");
	if (!finding)
		return;
	finding_program(finding, detection);
	finding_subject(finding, "%s", finding->path ? finding->path : "?");
	finding_message(finding, "Program %s of the image of %s, which no package owns, was executed (%s)",
			say_path(finding->path).text, say_container(detection->container).text,
			say_process(detection).text);
}
