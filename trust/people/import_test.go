package people

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const goodYAML = `people:
- uid: 555000000001
  name: Dr Asha Patel
  given_name: Asha
  family_name: Patel
  email: asha@example.org
  identity: 3
  professional: {gmc_id: 1234567}
  orgs:
  - {person_orgid: 555000000021, code: RX1, name: Rx One, opens: 2020-04-01}
  roles:
  - id: 555000000011
    person_orgid: 555000000021
    org: RX1
    org_name: Rx One
    code: "S8000:G8000:R8001"
    name: '"Clinical":"Clinical Provision":"Nurse Access Role"'
    activities: [B0360, {code: B0380, name: Perform}]
    opens: 2020-04-01
    closes: 2026-12-31
  cards:
  - {issuer_key_id: "0A:0b:0c:0d:0e:0f:10:11", serial: "00ff", label: Own card}
- uid: "555000000002"
  name: Sam Lee
  status: suspended
`

const goodCSV = `uid,name,given_name,family_name,email,identity,status,professional_gmc_id,person_orgid,org_code,org_name,org_opens,role_id,role_code,role_name,activities,role_opens,role_closes,card_issuer_key_id,card_serial,card_label
555000000001,Dr Asha Patel,Asha,Patel,asha@example.org,3,,1234567,555000000021,RX1,Rx One,2020-04-01,555000000011,S8000:G8000:R8001,"""Clinical"":""Clinical Provision"":""Nurse Access Role""",B0360;B0380=Perform,2020-04-01,2026-12-31,0a0b0c0d0e0f1011,FF,Own card
555000000002,Sam Lee,,,,,suspended,,,,,,,,,,,,,,
`

func goodImport() Import {
	day := func(s string) time.Time {
		t, _ := time.Parse(time.DateOnly, s)
		return t
	}
	return Import{
		Persons: []Person{{
			UID: "555000000001", Status: Active, Name: "Dr Asha Patel", GivenName: "Asha", FamilyName: "Patel", Email: "asha@example.org", Identity: 3,
			Professional: map[string]string{"gmc_id": "1234567"},
			Orgs:         []Organisation{{PersonOrgID: "555000000021", Code: "RX1", Name: "Rx One", Opens: day("2020-04-01")}},
			Roles: []RoleProfile{{
				ID: "555000000011", PersonOrgID: "555000000021", OrgCode: "RX1", OrgName: "Rx One", Code: "S8000:G8000:R8001",
				Name:       `"Clinical":"Clinical Provision":"Nurse Access Role"`,
				Activities: []Coded{{Code: "B0360"}, {Code: "B0380", Name: "Perform"}}, Opens: day("2020-04-01"), Closes: day("2027-01-01"),
			}},
		}, {UID: "555000000002", Name: "Sam Lee", Status: Suspended}},
		Authenticators: []Authenticator{{UID: "555000000001", Kind: Smartcard, Handle: "0a0b0c0d0e0f1011:ff", Label: "Own card"}},
	}
}

func TestReadYAML(t *testing.T) {
	got, err := ReadYAML(strings.NewReader(goodYAML))
	if err != nil || !reflect.DeepEqual(got, goodImport()) {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestReadCSV(t *testing.T) {
	for name, doc := range map[string]string{"plain": goodCSV, "byte order mark, CRLF": "\ufeff" + strings.ReplaceAll(goodCSV, "\n", "\r\n")} {
		got, err := ReadCSV(strings.NewReader(doc))
		if err != nil || !reflect.DeepEqual(got, goodImport()) {
			t.Fatalf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestReadCSVMergesRowsOfOnePerson(t *testing.T) {
	const header = "uid,name,status,email,person_orgid,org_code,role_id,role_code,role_name,card_issuer_key_id,card_serial\n"
	const role = `,S8000:G8000:R8001,"""a"":""b"":""c""",0a0b0c0d0e0f1011,1` + "\n"
	got, err := ReadCSV(strings.NewReader(header +
		"555000000001,A,,,555000000021,RX1,555000000011" + role +
		"555000000001,,,a@example.org,555000000021,RX1,555000000012" + role))
	if err != nil {
		t.Fatal(err)
	}
	p := got.Persons[0]
	if len(got.Persons) != 1 || len(p.Roles) != 2 || len(p.Orgs) != 1 || p.Email != "a@example.org" || len(got.Authenticators) != 1 {
		t.Fatalf("got %+v", got)
	}
}

func TestLastDayIsOpen(t *testing.T) {
	got, err := ReadYAML(strings.NewReader(goodYAML))
	if err != nil {
		t.Fatal(err)
	}
	r := got.Persons[0].Roles[0]
	for at, open := range map[string]bool{
		"2020-03-31T23:59:59Z": false, "2020-04-01T00:00:00Z": true, "2026-12-31T23:59:59Z": true, "2027-01-01T00:00:00Z": false,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if r.OpenAt(when) != open {
			t.Errorf("at %s open is %v", at, !open)
		}
	}
}

func TestReadYAMLRefuses(t *testing.T) {
	edit := func(from, to string) string {
		if !strings.Contains(goodYAML, from) {
			t.Fatalf("%q is not in the document", from)
		}
		return strings.Replace(goodYAML, from, to, 1)
	}
	for name, test := range map[string]struct{ doc, want string }{
		"empty":            {"", "EOF"},
		"two documents":    {goodYAML + "---\npeople: []\n", "more than one document"},
		"not YAML":         {"people: [", "yaml"},
		"a list":           {"[]", "line 1: document must be a mapping"},
		"unknown key":      {edit("  identity: 3", "  identty: 3"), `line 7: person has no key "identty"`},
		"key twice":        {edit("  identity: 3", "  name: x"), "line 7: person has name twice"},
		"unknown in role":  {edit("    org_name:", "    orgname:"), `line 15: role has no key "orgname"`},
		"identity":         {edit("identity: 3", "identity: 4"), `line 7: identity "4" is not 0 to 3`},
		"status":           {edit("suspended", "gone"), `line 25: status "gone"`},
		"date":             {edit("opens: 2020-04-01}", "opens: 1.4.2020}"), `line 10: opens "1.4.2020" is not a date`},
		"no such day":      {edit("closes: 2026-12-31", "closes: 2026-02-30"), `line 20: closes "2026-02-30" is not a date`},
		"closes too soon":  {edit("closes: 2026-12-31", "closes: 2019-12-31"), "closes before it opens"},
		"uid twice":        {edit(`uid: "555000000002"`, "uid: 555000000001"), "line 23: uid 555000000001 is already that of the person on line 2"},
		"uid short":        {edit("uid: 555000000001", "uid: 55500000001"), "uid must be twelve digits"},
		"alias":            {"a: &a [x]\npeople: *a\n", "line 2: people must be a list"},
		"control":          {edit("Dr Asha Patel", `"a\0b"`), "line 3: name holds characters"},
		"too long":         {edit("Dr Asha Patel", strings.Repeat("x", 1025)), "line 3: name is longer"},
		"card serial":      {edit(`serial: "00ff"`, `serial: "xx"`), "line 22: card needs issuer_key_id and serial"},
		"card two ways":    {edit(`serial: "00ff"`, `certificate: x`), "line 22: card is given in more than one way"},
		"card file":        {edit(`issuer_key_id: "0A:0b:0c:0d:0e:0f:10:11", serial: "00ff"`, `certificate_file: /etc/passwd`), "line 22: certificate_file cannot be used here"},
		"code missing":     {edit("[B0360,", "[{name: x},"), "line 18: code is missing"},
		"org orgid":        {edit("{person_orgid: 555000000021, code", "{person_orgid: 21, code"), "twelve digits"},
		"professional":     {edit("gmc_id:", "GMC:"), `line 8: professional: "GMC"`},
		"mapping for text": {edit("name: Sam Lee", "name: {a: b}"), "line 24: name must be a single value"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, test.want)(ReadYAML(strings.NewReader(test.doc))) })
	}
}

func TestReadCSVRefuses(t *testing.T) {
	const row = "555000000001,A,,\n"
	for name, test := range map[string]struct{ doc, want string }{
		"empty":           {"", "header"},
		"unknown column":  {"uid,name,nme\n", `line 1: there is no column "nme"`},
		"column twice":    {"uid,name,uid\n", `line 1: column "uid" is there twice`},
		"column missing":  {"uid,title\n", "line 1: column name is missing"},
		"professional":    {"uid,name,professional_X\n", `line 1: there is no column "professional_X"`},
		"short row":       {"uid,name,status,email\n" + row + "555000000002,B\n", "line 3: 2 values, but the header has 4"},
		"bad quote":       {"uid,name\n1,\"x\"y\n", "parse error on line 2"},
		"names differ":    {"uid,name,status,email\n" + row + "555000000001,B,,\n", "line 3: name differs"},
		"status differs":  {"uid,name,status,email\n" + row + "555000000001,A,suspended,\n", "line 3: status differs"},
		"status":          {"uid,name,status,email\n555000000001,A,gone,\n", `line 2: status "gone"`},
		"role id missing": {"uid,name,role_code\n555000000001,A,S8000:G8000:R8001\n", "line 2: role_id is missing"},
		"role twice": {"uid,name,role_id,org_code,role_code,role_name\n" + strings.Repeat(`555000000001,A,555000000011,RX1,S8000:G8000:R8001,"""a"":""b"":""c"""`+"\n", 2),
			"role 555000000011 is listed twice"},
		"org differs":    {"uid,name,person_orgid,org_code\n555000000001,A,555000000021,RX1\n555000000001,A,555000000021,RX2\n", "line 3: organisation 555000000021 differs"},
		"card of two":    {"uid,name,card_issuer_key_id,card_serial\n555000000001,A,0a0b0c0d0e0f1011,1\n555000000002,B,0a0b0c0d0e0f1011,1\n", "line 3: card 0a0b0c0d0e0f1011:1 is already that of 555000000001"},
		"name sans code": {"uid,name,role_id,activities\n555000000001,A,555000000011,=x\n", "line 2: activities has a name without a code"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, test.want)(ReadCSV(strings.NewReader(test.doc))) })
	}
}

func refused(t *testing.T, want string) func(Import, error) {
	return func(got Import, err error) {
		t.Helper()
		if err == nil || !errors.Is(err, ErrImport) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if got.Persons != nil || got.Authenticators != nil {
			t.Error("something was imported")
		}
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	_, err := ReadYAML(strings.NewReader("people:\n- {uid: 1, nme: x}\n- {uid: 2, status: z}\n"))
	for _, want := range []string{"line 2: person has no key", "line 2: people: invalid record: person 1", "line 3: status", "line 3: people: invalid record: person 2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	_, err = ReadCSV(strings.NewReader("uid,name,identity\n" + strings.Repeat("1,x,9\n", 5000)))
	if err == nil || strings.Count(err.Error(), "\n") != importErrors || !strings.Contains(err.Error(), "and 4001 more") {
		t.Errorf("5000 faults were not cut short: %d lines", strings.Count(err.Error(), "\n"))
	}
}

func TestImportLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("uid,name\n")
	for i := range ImportPersons + 1 {
		b.WriteString(big.NewInt(int64(555000000000+i)).String() + ",x\n")
	}
	if _, err := ReadCSV(strings.NewReader(b.String())); err == nil || !strings.Contains(err.Error(), "more than 100000 persons") {
		t.Errorf("error %v", err)
	}
	for name, read := range map[string]func(*endless) (Import, error){
		"yaml": func(r *endless) (Import, error) { return ReadYAML(r) }, "csv": func(r *endless) (Import, error) { return ReadCSV(r) },
	} {
		r := &endless{}
		if _, err := read(r); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// endless never stops being read.
type endless struct{}

func (*endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	return len(p), nil
}

func TestReadYAMLTakesCertificates(t *testing.T) {
	certificate := selfSigned(t)
	indented := "      " + strings.ReplaceAll(strings.TrimSpace(certificate), "\n", "\n      ")
	for name, card := range map[string]string{
		"inline": "  - certificate: |\n" + indented + "\n", "file": "  - certificate_file: cards/a.pem\n",
	} {
		t.Run(name, func(t *testing.T) {
			doc := "people:\n- uid: 555000000001\n  name: A\n  cards:\n" + card
			got, err := ReadYAMLBeside(strings.NewReader(doc), fstest.MapFS{"cards/a.pem": {Data: []byte(certificate)}})
			if err != nil {
				t.Fatal(err)
			}
			want := Authenticator{UID: "555000000001", Kind: Smartcard, Handle: "0102030405060708:1f", Expires: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}
			if !reflect.DeepEqual(got.Authenticators, []Authenticator{want}) {
				t.Fatalf("got %+v", got.Authenticators)
			}
		})
	}
	outside := "people:\n- uid: 555000000001\n  name: A\n  cards:\n  - certificate_file: ../a.pem\n"
	refused(t, "line 5: certificate_file cannot be read")(ReadYAMLBeside(strings.NewReader(outside), fstest.MapFS{}))
}

func selfSigned(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(31), NotBefore: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	issuer := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "issuer"}, SubjectKeyId: []byte{1, 2, 3, 4, 5, 6, 7, 8}}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func FuzzReadYAML(f *testing.F) {
	f.Add(goodYAML)
	f.Add("people:\n- uid: *a\n  <<: {x: y}\n")
	f.Fuzz(func(t *testing.T, doc string) { checkImport(t)(ReadYAML(strings.NewReader(doc))) })
}

func FuzzReadCSV(f *testing.F) {
	f.Add(goodCSV)
	f.Add("uid,name,role_id\n\"555000000001\",A;B=,\n")
	f.Fuzz(func(t *testing.T, doc string) { checkImport(t)(ReadCSV(strings.NewReader(doc))) })
}

// checkImport requires that what is accepted is valid and unambiguous, and that what is refused is not returned.
func checkImport(t *testing.T) func(Import, error) {
	return func(got Import, err error) {
		if err != nil {
			if !errors.Is(err, ErrImport) || got.Persons != nil || got.Authenticators != nil {
				t.Fatalf("refused with %v, but returned %+v", err, got)
			}
			return
		}
		uids, handles := map[string]bool{}, map[string]bool{}
		for _, p := range got.Persons {
			if err := p.Validate(); err != nil || uids[p.UID] {
				t.Fatalf("accepted %+v: %v", p, err)
			}
			uids[p.UID] = true
		}
		for _, a := range got.Authenticators {
			if !uids[a.UID] || a.Handle == "" || handles[a.Handle] {
				t.Fatalf("accepted %+v", a)
			}
			handles[a.Handle] = true
		}
	}
}
