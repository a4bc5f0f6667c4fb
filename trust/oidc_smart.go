package trust

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/smart"
)

// SmartDocument is what the OIDC part says about SMART App Launch.
type SmartDocument struct {
	Launches  []string `yaml:"launches,omitempty"`
	LaunchURI string   `yaml:"launch_uri,omitempty"`
	FHIRBase  string   `yaml:"fhir_base,omitempty"`
}

// IUADocument is what the OIDC part says about IHE Internet User Authorization.
type IUADocument struct {
	HomeCommunityID string `yaml:"home_community_id,omitempty"`
}

// SmartTerms say what a partner is to SMART App Launch and IHE IUA.
type SmartTerms struct {
	Launches      []string      // ids of the apps that it may launch in a context; none: it is no EHR
	LaunchURI     string        // where the app is launched; empty: that is not known here
	Clinical      []smart.Scope // of the scopes, those that speak of FHIR resources
	HomeCommunity string        // that a token for it names (IUA: home_community_id); empty: none
}

// Named are the ids of the partners that the terms name, each once: those that a client may have tokens for, and those that it may launch.
func (t OIDCTerms) Named() []string {
	out := slices.Concat(t.Tokens.Targets(), t.Smart.Launches)
	slices.Sort(out)
	return slices.Compact(out)
}

// Scopes of SMART App Launch 2.2 beside the clinical ones.
const (
	ScopeFHIRUser        = "fhirUser"
	ScopeLaunch          = "launch"
	ScopeLaunchPatient   = "launch/patient"
	ScopeLaunchEncounter = "launch/encounter"
	ScopeOnline          = "online_access"
	ScopeOffline         = "offline_access"
)

// IUAClaim begins the name of each rule that fills the extension of IHE IUA, and of no other claim.
const IUAClaim = "extensions.ihe_iua."

// fhirBase stands in a rule of a set for the base of the FHIR server, as a text of CEL.
const fhirBase = "$fhir_base"

// smartSets are the bundles for FHIR. fhirUser is the resource of the chosen role, else that of the person; what cannot be the id of a
// FHIR resource is released as none. Of IHE IUA, a code is written with its system before it, as FHIR searches write it.
var smartSets = map[string]set{
	"smart": {{
		Name: ScopeFHIRUser,
		Value: "role.id.matches('^[A-Za-z0-9.-]{1,64}$') ? " + fhirBase + " + '/PractitionerRole/' + role.id : " +
			"person.uid.matches('^[A-Za-z0-9.-]{1,64}$') ? " + fhirBase + " + '/Practitioner/' + person.uid : ''",
	}},
	"iua": {
		{Name: IUAClaim + "subject_name", Value: "person.name"},
		{Name: IUAClaim + "subject_organization", Value: "role.org_name"},
		{Name: IUAClaim + "subject_organization_id", Value: "role.org"},
		{Name: IUAClaim + "subject_role", Value: "role.id != '' ? 'https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode|' + role.full_code : ''"},
	},
}

// based fills the base of the FHIR server into the rules of a set.
func (b *builder) based(members []Release) []Release {
	for i, m := range members {
		if !strings.Contains(m.Value, fhirBase) {
			continue
		}
		base := ""
		if b.d.OIDC != nil && b.d.OIDC.Smart != nil {
			base = strings.TrimRight(b.d.OIDC.Smart.FHIRBase, "/")
		}
		if base == "" {
			b.fail("set smart needs oidc.smart.fhir_base: the FHIR server that knows the people")
		}
		members[i].Value = strings.ReplaceAll(m.Value, fhirBase, strconv.QuoteToASCII(base))
	}
	return members
}

// smart compiles the terms of SMART App Launch and IHE IUA. It comes after the scopes.
func (b *builder) smart(d *OIDCDocument, t *OIDCTerms) {
	for _, scope := range t.Scopes {
		if !smart.Clinical(scope) {
			continue
		}
		s, err := smart.Parse(scope)
		if err != nil {
			b.fail("oidc.scopes: %q: %v", scope, err)
			continue
		}
		t.Smart.Clinical = append(t.Smart.Clinical, s)
	}
	if d.IUA != nil {
		t.Smart.HomeCommunity = d.IUA.HomeCommunityID
		if id := d.IUA.HomeCommunityID; id != "" && !strings.HasPrefix(id, "urn:oid:") {
			b.fail("oidc.iua.home_community_id %q is not of the form urn:oid:1.2.3", id)
		}
	}
	if d.Smart == nil {
		return
	}
	t.Smart.Launches, t.Smart.LaunchURI = d.Smart.Launches, d.Smart.LaunchURI
	for what, u := range map[string]string{"oidc.smart.launch_uri": d.Smart.LaunchURI, "oidc.smart.fhir_base": d.Smart.FHIRBase} {
		if u != "" {
			b.address(what, u)
		}
	}
	if strings.ContainsAny(d.Smart.FHIRBase, "?'\"\\") {
		b.fail("oidc.smart.fhir_base %q is not the base of a FHIR server", d.Smart.FHIRBase)
	}
	if len(d.Smart.Launches) > maxTargets || slices.Contains(d.Smart.Launches, "") {
		b.fail("oidc.smart.launches: at most %d ids of partners", maxTargets)
	}
	if len(d.Smart.Launches) > 0 && t.ClientAuth == AuthNone {
		b.fail("oidc.smart.launches needs a client that authenticates")
	}
}
