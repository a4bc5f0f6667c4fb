package people

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadCSV reads an import in CSV (RFC 4180, UTF-8, header row): one row a role profile. Columns, in any order,
// of which uid and name must be there:
//
//	uid name title given_name middle_names initials family_name email status identity
//	professional_X            X being a name like gmc_id
//	person_orgid org_code org_name org_opens org_closes
//	role_id role_code role_name role_opens role_closes activities workgroups areas_of_work
//	card_issuer_key_id card_serial card_label
//
// Lists are separated by semicolons; an entry is a code, or a code and a name joined by "=". Rows of one uid are
// one person: a value may be left out in later rows, but must not differ. A row without role_id adds no role.
// Unknown columns are errors. All errors are reported at once, joined.
func ReadCSV(r io.Reader) (Import, error) {
	doc, err := readLimited(r, ImportBytes)
	if err != nil {
		return Import{}, err
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))))
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return Import{}, fmt.Errorf("%w: header: %w", ErrImport, err)
	}
	g := &csvImport{gathering: newGathering(), columns: map[string]int{}}
	if !g.header(slices.Clone(header)) {
		return g.finish()
	}
	for {
		g.row, err = in.Read()
		if errors.Is(err, io.EOF) {
			return g.finish()
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			g.errs = append(g.errs, fmt.Errorf("%w: %w", ErrImport, err)) // where the next row begins is not known
			return g.finish()
		}
		g.line, _ = in.FieldPos(0)
		if err != nil {
			g.fail(g.line, "%d values, but the header has %d", len(g.row), len(g.columns))
			continue
		}
		g.person()
	}
}

type csvImport struct {
	*gathering
	columns map[string]int
	row     []string
	line    int
}

func csvColumns() []string {
	return []string{
		"uid", "name", "title", "given_name", "middle_names", "initials", "family_name", "email", "status", "identity",
		"person_orgid", "org_code", "org_name", "org_opens", "org_closes",
		"role_id", "role_code", "role_name", "role_opens", "role_closes", "activities", "workgroups", "areas_of_work",
		"card_issuer_key_id", "card_serial", "card_label",
	}
}

const professionalPrefix = "professional_"

func (g *csvImport) header(names []string) bool {
	known := csvColumns()
	for i, name := range names {
		name = strings.TrimSpace(name)
		professional, is := strings.CutPrefix(name, professionalPrefix)
		if _, twice := g.columns[name]; twice {
			g.fail(1, "column %q is there twice", shown(name))
		} else if !slices.Contains(known, name) && !(is && professionalName(professional)) {
			g.fail(1, "there is no column %q", shown(name))
		}
		g.columns[name] = i
	}
	for _, needed := range []string{"uid", "name"} {
		if _, ok := g.columns[needed]; !ok {
			g.fail(1, "column %s is missing", needed)
		}
	}
	return len(g.errs) == 0
}

func (g *csvImport) value(column string) string {
	i, ok := g.columns[column]
	if !ok {
		return ""
	}
	return strings.Clone(g.text(g.line, column, g.row[i]))
}

// person reads a row into the person of its uid, new or known.
func (g *csvImport) person() {
	uid := g.value("uid")
	at, known := g.persons[uid]
	if !known {
		if g.tooMany(g.line) {
			return
		}
		at = len(g.Persons)
		g.persons[uid] = at
		g.Persons, g.lines = append(g.Persons, Person{UID: uid}), append(g.lines, g.line)
	}
	p := &g.Persons[at]
	g.merge("name", &p.Name)
	g.merge("title", &p.Title)
	g.merge("given_name", &p.GivenName)
	g.merge("middle_names", &p.MiddleNames)
	g.merge("initials", &p.Initials)
	g.merge("family_name", &p.FamilyName)
	g.merge("email", &p.Email)
	g.standing(p, known)
	g.professional(p)
	g.org(p)
	g.role(p)
	if issuer, serial := g.value("card_issuer_key_id"), g.value("card_serial"); issuer != "" || serial != "" {
		g.card(g.line, Authenticator{UID: uid, Handle: g.handle(g.line, issuer, serial), Label: g.value("card_label")})
	}
}

// merge keeps what earlier rows said.
func (g *csvImport) merge(column string, field *string) {
	value := g.value(column)
	switch {
	case *field == "":
		*field = value
	case value != "" && value != *field:
		g.fail(g.line, "%s differs from an earlier row of the same uid", column)
	}
}

// standing takes status and identity from the first row of a person. Later rows may repeat them.
func (g *csvImport) standing(p *Person, known bool) {
	status, identity := g.value("status"), g.value("identity")
	s, i := g.status(g.line, status), g.identity(g.line, identity)
	if !known {
		p.Status, p.Identity = s, i
		return
	}
	if status != "" && s != p.Status {
		g.fail(g.line, "status differs from an earlier row of the same uid")
	}
	if identity != "" && i != p.Identity {
		g.fail(g.line, "identity differs from an earlier row of the same uid")
	}
}

func (g *csvImport) professional(p *Person) {
	for column := range g.columns {
		name, is := strings.CutPrefix(column, professionalPrefix)
		if !is {
			continue
		}
		number := p.Professional[name]
		g.merge(column, &number)
		if number == "" {
			continue
		}
		if p.Professional == nil {
			p.Professional = map[string]string{}
		}
		p.Professional[name] = number
	}
}

func (g *csvImport) org(p *Person) {
	o := Organisation{
		PersonOrgID: g.value("person_orgid"), Code: g.value("org_code"), Name: g.value("org_name"),
		Opens: g.day(g.line, "org_opens", g.value("org_opens")), Closes: g.lastDay(g.line, "org_closes", g.value("org_closes")),
	}
	if o.PersonOrgID == "" {
		if !o.Opens.IsZero() || !o.Closes.IsZero() {
			g.fail(g.line, "org_opens and org_closes need person_orgid")
		}
		return
	}
	for _, old := range p.Orgs {
		if old.PersonOrgID == o.PersonOrgID {
			if old != o {
				g.fail(g.line, "organisation %s differs from an earlier row of the same uid", o.PersonOrgID)
			}
			return
		}
	}
	p.Orgs = append(p.Orgs, o)
}

func (g *csvImport) role(p *Person) {
	r := RoleProfile{
		ID: g.value("role_id"), PersonOrgID: g.value("person_orgid"), OrgCode: g.value("org_code"), OrgName: g.value("org_name"),
		Code: g.value("role_code"), Name: g.value("role_name"),
		Activities: g.codes("activities"), Workgroups: g.codes("workgroups"), AreasOfWork: g.codes("areas_of_work"),
		Opens: g.day(g.line, "role_opens", g.value("role_opens")), Closes: g.lastDay(g.line, "role_closes", g.value("role_closes")),
	}
	if r.ID != "" {
		p.Roles = append(p.Roles, r)
		return
	}
	if r.Code != "" || r.Name != "" || len(r.Activities)+len(r.Workgroups)+len(r.AreasOfWork) > 0 || !r.Opens.IsZero() || !r.Closes.IsZero() {
		g.fail(g.line, "role_id is missing")
	}
}

func (g *csvImport) codes(column string) []Coded {
	var out []Coded
	for entry := range strings.SplitSeq(g.value(column), ";") {
		code, name, _ := strings.Cut(entry, "=")
		code, name = strings.TrimSpace(code), strings.TrimSpace(name)
		if code != "" {
			out = append(out, Coded{Code: code, Name: name})
		} else if name != "" {
			g.fail(g.line, "%s has a name without a code", column)
		}
	}
	return out
}
