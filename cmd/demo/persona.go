package demo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// Persona is one invented person.
type Persona struct {
	Person people.Person
	Note   string // what can be seen with this one
	card   issued
	state  cardState
}

// cardState says what is wrong with a persona's card.
type cardState int

const (
	cardGood cardState = iota
	cardExpired
	cardRevoked
)

// job is a role as the National RBAC Database names it.
type job struct {
	code, name string
	activities []people.Coded
}

func clinician() job {
	return job{"S8000:G8000:R8000", `"Clinical":"Clinical Provision":"Clinical Practitioner Access Role"`, []people.Coded{
		{Code: "B0420", Name: "Independent Prescribing"}, {Code: "B0360", Name: "View Detailed Health Records"},
	}}
}

func nurse() job {
	return job{"S8000:G8000:R8001", `"Clinical":"Clinical Provision":"Nurse Access Role"`, []people.Coded{
		{Code: "B0428", Name: "Personal Medication Administration"}, {Code: "B0360", Name: "View Detailed Health Records"},
	}}
}

func professional() job {
	return job{"S8000:G8000:R8003", `"Clinical":"Clinical Provision":"Health Professional Access Role"`, []people.Coded{
		{Code: "B0360", Name: "View Detailed Health Records"},
	}}
}

func clerk() job {
	return job{"S8001:G8003:R8008", `"Admin and Clerical":"Admin and Clerical":"Admin/Clinical Support Access Role"`, []people.Coded{
		{Code: "B0825", Name: "Amend Patient Demographics"},
	}}
}

func secretary() job {
	return job{"S8001:G8003:R8006", `"Admin and Clerical":"Admin and Clerical":"Medical Secretary Access Role"`, []people.Coded{
		{Code: "B0820", Name: "View Patient Demographics"},
	}}
}

// place is an organisation of the demo; none exists.
type place struct{ code, name string }

func places() []place {
	return []place{
		{"ZZ901", "Anytown General Hospital"}, {"ZZ902", "Littlebrook Community Hospital"}, {"ZZ903", "Fernhill Surgery"},
		{"ZZ904", "Harbour Road Clinic"}, {"ZZ905", "Northmoor Hospice"}, {"ZZ906", "Elm Street Walk-in Centre"}, {"ZZ907", "Saltings Day Unit"},
	}
}

// post is a job at one of the places.
type post struct {
	job
	at   int
	area string
}

// personas are the invented people, the one to begin with first.
func personas() []Persona {
	return []Persona{
		persona(1, "Dr", "Asha", "Example", cardGood, "Three roles: the hub asks which.",
			post{clinician(), 0, "Acute Medicine"}, post{clinician(), 1, "Care of the Elderly"}, post{professional(), 2, "General Practice"}),
		persona(2, "", "Ben", "Sample", cardGood, "One role: the hub does not ask.", post{nurse(), 0, "Acute Medicine"}),
		persona(3, "", "Carol", "Specimen", cardGood, "Two roles at the front desk.",
			post{clerk(), 0, "Outpatients"}, post{secretary(), 0, "Cardiology"}),
		persona(4, "", "Deepak", "Placeholder", cardGood, "Seven roles: the role page gets a filter.",
			post{nurse(), 0, "Theatres"}, post{nurse(), 1, "Rehabilitation"}, post{nurse(), 2, "General Practice"}, post{nurse(), 3, "Sexual Health"},
			post{nurse(), 4, "Palliative Care"}, post{nurse(), 5, "Minor Injuries"}, post{professional(), 6, "Chemotherapy"}),
		persona(5, "", "Elin", "Norole", cardGood, "No role: signs in, and is told whom to ask."),
		persona(6, "Dr", "Farid", "Lapsed", cardExpired, "The card expired yesterday; the security key works.", post{clinician(), 0, "Radiology"}),
		persona(7, "", "Grace", "Mislaid", cardRevoked, "The card was reported lost and revoked; the security key works.", post{nurse(), 1, "Rehabilitation"}),
	}
}

func persona(n int, title, given, family string, state cardState, note string, posts ...post) Persona {
	name := given + " " + family
	if title != "" {
		name = title + " " + name
	}
	p := people.Person{
		UID: digits(5550_0000_0100 + n*7), Status: people.Active, Name: name, Title: title, GivenName: given, FamilyName: family,
		Initials: given[:1], Identity: 3, Email: fmt.Sprintf("%s.%s@anytown.invalid", lower(given), lower(family)),
	}
	if title == "Dr" {
		p.Professional = map[string]string{"gmc_id": digits(9_000_000 + n)[5:]}
	}
	orgs := map[int]string{}
	for i, post := range posts {
		at := places()[post.at]
		if orgs[post.at] == "" {
			orgs[post.at] = digits(5550_1000_0000 + n*1000 + post.at)
			p.Orgs = append(p.Orgs, people.Organisation{PersonOrgID: orgs[post.at], Code: at.code, Name: at.name})
		}
		p.Roles = append(p.Roles, people.RoleProfile{
			ID: digits(5550_2000_0000 + n*1000 + i), PersonOrgID: orgs[post.at], OrgCode: at.code, OrgName: at.name,
			Code: post.code, Name: post.name, Activities: post.activities,
			AreasOfWork: []people.Coded{{Code: fmt.Sprintf("P0010:Q0050:T%04d", 100+len(post.area)), Name: post.area}},
			Opens:       time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		})
	}
	return Persona{Person: p, Note: note, state: state}
}

// digits is a twelve-digit identifier.
func digits(n int) string {
	s := strconv.Itoa(n)
	for len(s) < 12 {
		s = "0" + s
	}
	return s
}

func lower(s string) string {
	b := []byte(s)
	b[0] |= 0x20
	return string(b)
}

// cardDates are the validity of a persona's card.
func (p Persona) cardDates(now time.Time) (from, to time.Time) {
	if p.state == cardExpired {
		return now.Add(-3 * 365 * 24 * time.Hour), now.Add(-24 * time.Hour)
	}
	return now.Add(-24 * time.Hour), now.Add(validity - time.Hour)
}
