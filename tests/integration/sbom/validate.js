// SPDX-License-Identifier: Apache-2.0
// CycloneDX by its own schema, which its library ships; SPDX by what its specification (2.3, chapters 6 to 11, annex D) and
// schema ask of the parts that plimsoll writes: no package ships that schema.
'use strict';

const fs = require('fs');
const path = require('path');
const Ajv = require('ajv');
const addFormats = require('ajv-formats');
const parseLicense = require('spdx-expression-parse');

const problems = [];
const check = (good, what) => good || problems.push(what);
const isText = (value) => typeof value === 'string' && value.length > 0;

// ---- CycloneDX ----

function cyclonedx(document) {
	const folder = path.join(__dirname, 'node_modules/@cyclonedx/cyclonedx-library/res/schema');
	const schema = (name) => JSON.parse(fs.readFileSync(path.join(folder, name + '.SNAPSHOT.schema.json')));
	const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'idn-email': true, 'iri-reference': true } });

	addFormats(ajv);
	for (const name of ['spdx', 'jsf-0.82'])
		ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
	const validate = ajv.compile(schema('bom-1.5'));
	if (!validate(document))
		for (const error of validate.errors) problems.push(`${error.instancePath} ${error.message}`);

	const refs = [document.metadata.component, ...document.components].map((component) => component['bom-ref']);
	check(new Set(refs).size === refs.length, 'a bom-ref is there twice');
	check(refs.every(isText), 'a component has no bom-ref');
	for (const component of document.components) {
		for (const license of component.licenses ?? [])
			if (license.expression) expression(license.expression, new Set());
		check(!component.purl || /^pkg:[a-z]+\/[^\s]+$/.test(component.purl), `purl ${component.purl}`);
	}
}

// ---- SPDX ----

const spdxFields = {
	document: ['SPDXID', 'spdxVersion', 'creationInfo', 'name', 'dataLicense', 'documentNamespace', 'comment', 'packages',
		'relationships', 'hasExtractedLicensingInfos'],
	package: ['SPDXID', 'name', 'versionInfo', 'packageFileName', 'supplier', 'downloadLocation', 'filesAnalyzed',
		'checksums', 'sourceInfo', 'licenseConcluded', 'licenseDeclared', 'copyrightText', 'summary', 'externalRefs',
		'primaryPackagePurpose'],
	relationship: ['spdxElementId', 'relatedSpdxElement', 'relationshipType'],
	license: ['licenseId', 'extractedText'],
};

function only(object, kind, where) {
	for (const key of Object.keys(object)) check(spdxFields[kind].includes(key), `${where}: ${key} is no field`);
}

function expression(text, defined) {
	if (text === 'NOASSERTION' || text === 'NONE') return;
	try {
		parseLicense(text);
	} catch (error) {
		problems.push(`license '${text}': ${error.message}`);
	}
	for (const reference of text.match(/LicenseRef-[A-Za-z0-9.-]+/g) ?? [])
		check(defined.has(reference), `${reference} is not defined`);
}

function spdxPackage(entry, licenses) {
	const where = entry.SPDXID;

	only(entry, 'package', where);
	check(/^SPDXRef-[A-Za-z0-9.-]+$/.test(entry.SPDXID), `SPDXID ${entry.SPDXID}`);
	check(isText(entry.name) && isText(entry.downloadLocation), `${where}: a field that must be there is not`);
	check(entry.filesAnalyzed === false, `${where}: files are not analysed`);
	check(entry.versionInfo === undefined || isText(entry.versionInfo), `${where}: versionInfo`);
	check(entry.primaryPackagePurpose === undefined ||
		['CONTAINER', 'OPERATING_SYSTEM', 'FILE'].includes(entry.primaryPackagePurpose), `${where}: its purpose`);
	for (const text of [entry.licenseConcluded, entry.licenseDeclared]) expression(text, licenses);
	for (const { algorithm, checksumValue, ...more } of entry.checksums ?? [])
		check(algorithm === 'SHA256' && /^[0-9a-f]{64}$/.test(checksumValue) && !Object.keys(more).length,
			`${where}: a checksum`);
	for (const { referenceCategory, referenceType, referenceLocator, ...more } of entry.externalRefs ?? [])
		check(referenceCategory === 'PACKAGE-MANAGER' && referenceType === 'purl' && !Object.keys(more).length &&
			/^pkg:[a-z]+\/[^\s]+$/.test(referenceLocator), `${where}: ${referenceLocator}`);
}

function spdx(document) {
	const licenses = new Set((document.hasExtractedLicensingInfos ?? []).map((license) => license.licenseId));
	const ids = new Set(['SPDXRef-DOCUMENT', ...document.packages.map((entry) => entry.SPDXID)]);
	const described = [];

	only(document, 'document', 'the document');
	check(document.spdxVersion === 'SPDX-2.3' && document.dataLicense === 'CC0-1.0' &&
		document.SPDXID === 'SPDXRef-DOCUMENT' && isText(document.name), 'the head of the document');
	check(/^[a-z][a-z0-9+.-]*:[^\s#]+$/.test(document.documentNamespace), `namespace ${document.documentNamespace}`);
	check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(document.creationInfo.created), 'creationInfo.created');
	check(document.creationInfo.creators.every((name) => /^(Tool|Person|Organization): .+/.test(name)), 'creators');
	check(ids.size === document.packages.length + 1, 'an SPDXID is there twice');
	for (const entry of document.packages) spdxPackage(entry, licenses);
	for (const license of document.hasExtractedLicensingInfos ?? []) {
		only(license, 'license', license.licenseId);
		check(/^LicenseRef-[A-Za-z0-9.-]+$/.test(license.licenseId) && isText(license.extractedText), license.licenseId);
	}
	for (const relationship of document.relationships) {
		only(relationship, 'relationship', 'a relationship');
		check(ids.has(relationship.spdxElementId) && ids.has(relationship.relatedSpdxElement),
			`a relationship of what is not there: ${JSON.stringify(relationship)}`);
		check(['DESCRIBES', 'CONTAINS'].includes(relationship.relationshipType), relationship.relationshipType);
		if (relationship.relationshipType === 'DESCRIBES') described.push(relationship);
	}
	check(described.length === 1 && described[0].spdxElementId === 'SPDXRef-DOCUMENT', 'the document describes one package');
}

const [kind, file] = process.argv.slice(2);

({ cyclonedx, spdx })[kind](JSON.parse(fs.readFileSync(file)));
for (const problem of problems.slice(0, 20)) console.error(problem);
process.exit(problems.length ? 1 : 0);
