package trust

// samlSets are the bundles for SAML. Names are object identifiers or URIs, so that their NameFormat is uri (SAML2int SDP-IDP18).
var samlSets = map[string]set{
	"nhs-saml": {
		{Name: "urn:oid:0.9.2342.19200300.100.1.1", Friendly: "uid", Value: "person.uid"},
		{Name: "urn:oid:2.16.840.1.113730.3.1.241", Friendly: "displayName", Value: "person.name"},
		{Name: "urn:oid:2.5.4.42", Friendly: "givenName", Value: "person.given_name"},
		{Name: "urn:oid:2.5.4.4", Friendly: "sn", Value: "person.family_name"},
		{Name: "https://fhir.nhs.uk/Id/sds-user-id", Friendly: "nhsUserId", Value: "person.uid"},
		{Name: "https://fhir.nhs.uk/Id/sds-role-profile-id", Friendly: "nhsRoleProfileId", Value: "role.id"},
		{Name: "https://fhir.nhs.uk/Id/ods-organization-code", Friendly: "nhsOrganisation", Value: "role.org"},
		{Name: "urn:nhs:names:sds:nhsJobRoleCode", Friendly: "nhsJobRoleCode", Value: "role.full_code"},
		{Name: "urn:nhs:names:sds:nhsJobRole", Friendly: "nhsJobRole", Value: "role.full_name"},
		{Name: "urn:nhs:names:sds:nhsBusinessFunctionsCodes", Friendly: "nhsActivities", Value: "role.activities"},
		{Name: "urn:nhs:names:sds:nhsWorkGroupsCodes", Friendly: "nhsWorkgroups", Value: "role.workgroups"},
		{Name: "urn:nhs:names:sds:nhsAreaOfWorkCodes", Friendly: "nhsAreasOfWork", Value: "role.areas_of_work"},
	},
	"nhs-person": { // what the directory says of a person beyond nhs-saml
		{Name: "urn:oid:2.5.4.3", Friendly: "cn", Value: "person.name"},
		{Name: "urn:oid:0.9.2342.19200300.100.1.40", Friendly: "personalTitle", Value: "person.title"},
		{Name: "urn:oid:2.5.4.43", Friendly: "initials", Value: "person.initials"},
		{Name: "urn:nhs:names:sds:nhsMiddleNames", Friendly: "nhsMiddleNames", Value: "person.middle_names"},
		{Name: "urn:nhs:names:sds:nhsPersonStatus", Friendly: "nhsPersonStatus", Value: "'1'"}, // active: nobody else is spoken of
	},
	"nhs-professional": {
		registered("urn:nhs:names:sds:nhsGMC", "nhsGMC", "gmc_id"), registered("urn:nhs:names:sds:nhsGMP", "nhsGMP", "gmp_id"),
		registered("urn:nhs:names:sds:nhsGDC", "nhsGDC", "gdc_id"), registered("urn:nhs:names:sds:nhsGDP", "nhsGDP", "gdp_id"),
		registered("urn:nhs:names:sds:nhsNMC", "nhsNMC", "nmc_id"), registered("urn:nhs:names:sds:nhsRCN", "nhsRCN", "rcn_id"),
		registered("urn:nhs:names:sds:nhsConsultant", "nhsConsultant", "consultant_id"),
		registered("urn:nhs:names:sds:nhsOcsPrCode", "nhsOcsPrCode", "gmp_id"),
	},
	"nhs-role-names": { // of the chosen role, beside the codes of nhs-saml
		{Name: "urn:nhs:names:sds:nhsIDCode", Friendly: "nhsIDCode", Value: "role.org"},
		{Name: "urn:oid:2.5.4.10", Friendly: "o", Value: "role.org_name"},
		{Name: "urn:nhs:names:sds:nhsBusinessFunctions", Friendly: "nhsBusinessFunctions", Value: "role.activity_names"},
		{Name: "urn:nhs:names:sds:nhsWorkGroups", Friendly: "nhsWorkGroups", Value: "role.workgroup_names"},
		{Name: "urn:nhs:names:sds:nhsAreaOfWork", Friendly: "nhsAreaOfWork", Value: "role.area_of_work_names"},
	},
	"subject-id":  {{Name: "urn:oasis:names:tc:SAML:attribute:subject-id", Friendly: "subject-id", Value: "subject.scoped"}},
	"pairwise-id": {{Name: "urn:oasis:names:tc:SAML:attribute:pairwise-id", Friendly: "pairwise-id", Value: "subject.pairwise_scoped"}},
	"subject-identifiers": { // what the metadata signals that it needs, the pairwise one where either will do (SAML2int SDP-IDP15)
		{Name: "urn:oasis:names:tc:SAML:attribute:subject-id", Friendly: "subject-id", Value: "partner.subject_id == 'subject-id' ? subject.scoped : ''"},
		{Name: "urn:oasis:names:tc:SAML:attribute:pairwise-id", Friendly: "pairwise-id", Value: "partner.subject_id in ['pairwise-id', 'any'] ? subject.pairwise_scoped : ''"},
	},
	"personalized": { // the names of REFEDS Personalized Access
		{Name: "urn:oid:2.16.840.1.113730.3.1.241", Friendly: "displayName", Value: "person.name"},
		{Name: "urn:oid:2.5.4.42", Friendly: "givenName", Value: "person.given_name"},
		{Name: "urn:oid:2.5.4.4", Friendly: "sn", Value: "person.family_name"},
		{Name: "urn:oid:0.9.2342.19200300.100.1.3", Friendly: "mail", Value: "person.email"},
	},
	"eduperson": {
		{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", Friendly: "eduPersonPrincipalName", Value: "subject.scoped"},
		{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.13", Friendly: "eduPersonUniqueId", Value: "subject.scoped"},
		{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", Friendly: "eduPersonAffiliation", Value: "size(roles) > 0 ? ['employee', 'member'] : []"},
		{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.9", Friendly: "eduPersonScopedAffiliation", Value: "size(roles) > 0 ? ['employee@' + subject.scope, 'member@' + subject.scope] : []"},
		{Name: "urn:oid:1.3.6.1.4.1.25178.1.2.9", Friendly: "schacHomeOrganization", Value: "subject.scope"},
	},
	"eduperson-entitlement": {{
		Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.7", Friendly: "eduPersonEntitlement",
		Value: "(role.id != '' ? ['urn:nhs:names:sds:nhsJobRoleCode:' + role.code] : []) + role.activities.map(a, 'urn:nhs:names:sds:nhsBusinessFunctionsCodes:' + a)",
	}},
	"eduperson-targeted-id": {{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.10", Friendly: "eduPersonTargetedID", Value: "subject.pairwise"}},
	"eduperson-assurance": {{ // REFEDS Assurance Framework 2.0; a level of identity holds those below it
		Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.11", Friendly: "eduPersonAssurance",
		Value: "['', '/version/2', '/ID/unique', '/ID/eppn-unique-no-reassign'].map(v, 'https://refeds.org/assurance' + v)" +
			" + ['low', 'medium', 'high'].filter(l, person.identity >= {'low': 1, 'medium': 2, 'high': 3}[l]).map(l, 'https://refeds.org/assurance/IAP/' + l)",
	}},
}

func registered(name, friendly, id string) Release {
	return Release{Name: name, Friendly: friendly, Value: professional(id).Value}
}
