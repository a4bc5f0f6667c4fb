package people

import (
	"errors"
	"io"
	"io/fs"

	"go.yaml.in/yaml/v3"
)

// ReadYAML reads an import in YAML: a mapping with the list "people", each with the keys uid, name, title,
// given_name, middle_names, initials, family_name, email, status, identity, professional, orgs, roles, cards.
// Unknown and repeated keys, and aliases, are errors. All errors are reported at once, joined.
func ReadYAML(r io.Reader) (Import, error) { return ReadYAMLBeside(r, nil) }

// ReadYAMLBeside is ReadYAML for a document whose cards may name files, by certificate_file, found in files.
func ReadYAMLBeside(r io.Reader, files fs.FS) (Import, error) {
	root, err := readYAML(r, ImportBytes)
	if err != nil {
		return Import{}, err
	}
	g := &yamlImport{newGathering(), files}
	g.mapping(root, "document", fields{"people": g.list("people", g.person)})
	return g.finish()
}

type yamlImport struct {
	*gathering
	files fs.FS
}

func (g *yamlImport) person(n *yaml.Node) {
	if g.tooMany(n.Line) {
		return
	}
	p := Person{Status: Active}
	var cards []*yaml.Node
	g.mapping(n, "person", fields{
		"uid": g.into(&p.UID, "uid"), "name": g.into(&p.Name, "name"), "title": g.into(&p.Title, "title"),
		"given_name": g.into(&p.GivenName, "given_name"), "middle_names": g.into(&p.MiddleNames, "middle_names"),
		"initials": g.into(&p.Initials, "initials"), "family_name": g.into(&p.FamilyName, "family_name"),
		"email":        g.into(&p.Email, "email"),
		"status":       func(n *yaml.Node) { p.Status = g.status(n.Line, g.scalar(n, "status")) },
		"identity":     func(n *yaml.Node) { p.Identity = g.identity(n.Line, g.scalar(n, "identity")) },
		"professional": func(n *yaml.Node) { p.Professional = g.professional(n) },
		"orgs":         g.list("orgs", func(n *yaml.Node) { p.Orgs = append(p.Orgs, g.org(n)) }),
		"roles":        g.list("roles", func(n *yaml.Node) { p.Roles = append(p.Roles, g.role(n)) }),
		"cards":        g.list("cards", func(n *yaml.Node) { cards = append(cards, n) }),
	})
	if at, known := g.persons[p.UID]; known {
		g.fail(n.Line, "uid %s is already that of the person on line %d", p.UID, g.lines[at])
	}
	g.persons[p.UID] = len(g.Persons)
	g.Persons, g.lines = append(g.Persons, p), append(g.lines, n.Line)
	for _, c := range cards { // the uid may be written below them
		g.readCard(c, p.UID)
	}
}

func (g *yamlImport) professional(n *yaml.Node) map[string]string {
	if n.Kind != yaml.MappingNode {
		g.fail(n.Line, "professional must be a mapping")
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if _, twice := out[name]; twice || !professionalName(name) {
			g.fail(n.Content[i].Line, "professional: %q is not a name like gmc_id, or is there twice", shown(name))
			continue
		}
		out[name] = g.scalar(n.Content[i+1], name)
	}
	return out
}

func (g *yamlImport) org(n *yaml.Node) Organisation {
	var o Organisation
	g.mapping(n, "organisation", fields{
		"person_orgid": g.into(&o.PersonOrgID, "person_orgid"), "code": g.into(&o.Code, "code"), "name": g.into(&o.Name, "name"),
		"opens":  func(n *yaml.Node) { o.Opens = g.day(n.Line, "opens", g.scalar(n, "opens")) },
		"closes": func(n *yaml.Node) { o.Closes = g.lastDay(n.Line, "closes", g.scalar(n, "closes")) },
	})
	return o
}

func (g *yamlImport) role(n *yaml.Node) RoleProfile {
	var r RoleProfile
	g.mapping(n, "role", fields{
		"id": g.into(&r.ID, "id"), "person_orgid": g.into(&r.PersonOrgID, "person_orgid"), "org": g.into(&r.OrgCode, "org"),
		"org_name": g.into(&r.OrgName, "org_name"), "code": g.into(&r.Code, "code"), "name": g.into(&r.Name, "name"),
		"activities":    g.list("activities", func(n *yaml.Node) { r.Activities = append(r.Activities, g.coded(n)) }),
		"workgroups":    g.list("workgroups", func(n *yaml.Node) { r.Workgroups = append(r.Workgroups, g.coded(n)) }),
		"areas_of_work": g.list("areas_of_work", func(n *yaml.Node) { r.AreasOfWork = append(r.AreasOfWork, g.coded(n)) }),
		"opens":         func(n *yaml.Node) { r.Opens = g.day(n.Line, "opens", g.scalar(n, "opens")) },
		"closes":        func(n *yaml.Node) { r.Closes = g.lastDay(n.Line, "closes", g.scalar(n, "closes")) },
	})
	return r
}

// coded is a mapping of code and name, or a code alone.
func (g *yamlImport) coded(n *yaml.Node) Coded {
	var c Coded
	if n.Kind == yaml.ScalarNode {
		c.Code = g.scalar(n, "code")
	} else {
		g.mapping(n, "coded value", fields{"code": g.into(&c.Code, "code"), "name": g.into(&c.Name, "name")})
	}
	if c.Code == "" {
		g.fail(n.Line, "code is missing")
	}
	return c
}

func (g *yamlImport) readCard(n *yaml.Node, uid string) {
	var label, issuer, serial, file string
	var certificate *yaml.Node
	g.mapping(n, "card", fields{
		"label": g.into(&label, "label"), "issuer_key_id": g.into(&issuer, "issuer_key_id"), "serial": g.into(&serial, "serial"),
		"certificate_file": g.into(&file, "certificate_file"), "certificate": func(n *yaml.Node) { certificate = n },
	})
	var a Authenticator
	var err error
	switch {
	case certificate != nil && file == "" && issuer == "" && serial == "":
		a, err = parseCard([]byte(certificate.Value))
	case certificate == nil && file != "" && issuer == "" && serial == "":
		a, err = cardFile(g.files, file)
	case certificate == nil && file == "":
		a.Handle = g.handle(n.Line, issuer, serial)
	default:
		err = errors.New("card is given in more than one way")
	}
	if err != nil {
		g.fail(n.Line, "%s", err)
		return
	}
	a.UID, a.Label = uid, label
	g.card(n.Line, a)
}
