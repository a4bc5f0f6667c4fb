package ticket

import (
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// fact is one attribute of a role assertion. It has a value; an empty one is omitted, as the document's rules demand.
type fact struct {
	name   string
	values []string
}

// blocks are what a partner is told in the words of the field: header and person, then one block for each role profile released. Every
// role block begins with nhsIdCode, has it once, and has a uniqueIdentifier: readers of the field take what follows an nhsIdCode for
// that role, so that a block without one would change the role before it. A role profile that lacks either is left out.
func blocks(iss bridge.Issuance, mode string) (person []fact, roles [][]fact) {
	person = add(person, "ssbAssertionVersion", "1.1")
	for _, name := range []string{"cn", "uid", "nhsOcsPrCode"} {
		if a, ok := iss.Attribute(name); ok {
			person = add(person, name, texts(a.Values)...)
		}
	}
	released, _ := iss.Attribute("roles")
	if len(released.Values) > 0 {
		person = add(person, "ssbSessionRoleUid", iss.Role.ID)
	}
	person = add(person, "ssbMode", mode)
	for _, r := range released.Values {
		m, ok := r.(map[string]any)
		if !ok {
			continue
		}
		if b := roleBlock(m); b != nil {
			roles = append(roles, b)
		}
	}
	return person, roles
}

// roleBlock is one job role profile; nil if it is not whole.
func roleBlock(m map[string]any) []fact {
	org, _ := m["org_code"].(string)
	id, _ := m["person_roleid"].(string)
	if xmlsec.OneLine(org) == "" || xmlsec.OneLine(id) == "" {
		return nil
	}
	b := add(nil, "nhsIdCode", org)
	for _, pair := range [...][2]string{
		{"o", "org_name"}, {"nhsBusinessFunctions", "activities"}, {"nhsBusinessFunctionsCodes", "activity_codes"},
		{"nhsWorkGroups", "workgroups"}, {"nhsWorkGroupsCodes", "workgroups_codes"}, {"nhsAreaOfWork", "aow"}, {"nhsAreaOfWorkCodes", "aow_codes"},
		{"nhsJobRole", "role_name"}, {"uniqueIdentifier", "person_roleid"}, {"nhsJobRoleCode", "role_code"},
	} {
		switch v := m[pair[1]].(type) {
		case string:
			b = add(b, pair[0], v)
		case []any:
			b = add(b, pair[0], texts(v)...)
		}
	}
	return b
}

// inUse are the person's facts and those of the role in use alone: for answers in which a name can stand but once.
func inUse(iss bridge.Issuance, mode string) []fact {
	person, roles := blocks(iss, mode)
	for _, b := range roles {
		for _, f := range b {
			if f.name == "uniqueIdentifier" && f.values[0] == iss.Role.ID {
				return append(person, b...)
			}
		}
	}
	return person
}

func add(to []fact, name string, values ...string) []fact {
	var present []string
	for _, v := range values {
		if v = xmlsec.OneLine(v); v != "" {
			present = append(present, v)
		}
	}
	if len(present) == 0 {
		return to
	}
	return append(to, fact{name, present})
}

func texts(values []any) []string {
	var out []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
