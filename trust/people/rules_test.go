package people

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// TestOpenAt: the opening moment belongs to the time, the closing moment does not.
func TestOpenAt(t *testing.T) {
	var none time.Time
	for name, c := range map[string]struct {
		opens, closes time.Time
		want          bool
	}{
		"no dates": {none, none, true}, "opens now": {noon, none, true}, "opens later": {noon.Add(1), none, false}, "opened": {noon.Add(-1), none, true},
		"closes now": {none, noon, false}, "closes later": {none, noon.Add(1), true}, "closed": {none, noon.Add(-1), false},
		"within": {noon.Add(-1), noon.Add(1), true}, "not yet": {noon.Add(1), noon.Add(2), false}, "no more": {noon.Add(-2), noon, false},
	} {
		if got := (RoleProfile{Opens: c.opens, Closes: c.closes}).OpenAt(noon); got != c.want {
			t.Errorf("role, %s: %v", name, got)
		}
		if got := (Organisation{Opens: c.opens, Closes: c.closes}).OpenAt(noon); got != c.want {
			t.Errorf("organisation, %s: %v", name, got)
		}
	}
}

// TestOpenRoles: a role needs its own dates and those of the employment it belongs to, where one is on record.
func TestOpenRoles(t *testing.T) {
	p := Person{
		Orgs: []Organisation{{PersonOrgID: "now"}, {PersonOrgID: "left", Closes: noon}},
		Roles: []RoleProfile{
			{ID: "1", PersonOrgID: "left"}, {ID: "2", PersonOrgID: "now"}, {ID: "3", PersonOrgID: "now", Closes: noon}, {ID: "4", PersonOrgID: "none"},
			{ID: "5", PersonOrgID: "left", Closes: noon.Add(1)},
		},
	}
	var got string
	for _, r := range p.OpenRoles(noon) {
		got += r.ID
	}
	if got != "24" {
		t.Errorf("open roles %s", got)
	}
	for id, want := range map[string]bool{"1": false, "2": true, "3": false, "4": true, "5": false, "6": false, "": false} {
		if r, ok := p.OpenRole(id, noon); ok != want || ok && r.ID != id || !ok && r.ID != "" {
			t.Errorf("role %q: %+v, %v", id, r, ok)
		}
	}
}

func TestUsableAt(t *testing.T) {
	var none time.Time
	for name, c := range map[string]struct {
		revoked, expires time.Time
		want             bool
	}{
		"no end": {none, none, true}, "expires later": {none, noon.Add(1), true}, "expires now": {none, noon, false}, "expired": {none, noon.Add(-1), false},
		"revoked": {noon, none, false}, "revoked, and its dates are good": {noon, noon.Add(1), false},
	} {
		if got := (Authenticator{Revoked: c.revoked, Expires: c.expires}).UsableAt(noon); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	revoked, again := Authenticator{Revoked: noon}, Authenticator{Label: "new", Used: noon.Add(1)}
	if got := revoked.Updated(again); !got.Revoked.Equal(noon) || got.Label != "new" {
		t.Errorf("a revocation was undone: %+v", got)
	}
	if got := again.Updated(revoked); !got.Revoked.Equal(noon) {
		t.Errorf("a revocation was lost: %+v", got)
	}
}

// TestValidate lists records, good (want "") and bad.
func TestValidate(t *testing.T) {
	const name = `"Clinical":"Clinical Provision":"Nurse Access Role"`
	for what, c := range map[string]struct {
		change func(*Person, *RoleProfile)
		want   string
	}{
		"good":                  {func(*Person, *RoleProfile) {}, ""},
		"suspended":             {func(p *Person, _ *RoleProfile) { p.Status = Suspended }, ""},
		"no status":             {func(p *Person, _ *RoleProfile) { p.Status = "" }, "status"},
		"identity 0":            {func(p *Person, _ *RoleProfile) { p.Identity = 0 }, ""},
		"identity 3":            {func(p *Person, _ *RoleProfile) { p.Identity = 3 }, ""},
		"identity 4":            {func(p *Person, _ *RoleProfile) { p.Identity = 4 }, "identity"},
		"identity below 0":      {func(p *Person, _ *RoleProfile) { p.Identity = -1 }, "identity"},
		"eleven digits":         {func(p *Person, _ *RoleProfile) { p.UID = p.UID[1:] }, "twelve digits"},
		"a letter":              {func(p *Person, _ *RoleProfile) { p.UID = "x" + p.UID[1:] }, "twelve digits"},
		"no name":               {func(p *Person, _ *RoleProfile) { p.Name = " \t" }, "name is missing"},
		"role id":               {func(_ *Person, r *RoleProfile) { r.ID = "1" }, "twelve digits"},
		"role without place":    {func(_ *Person, r *RoleProfile) { r.OrgCode = "" }, "organisation code"},
		"role twice":            {func(p *Person, r *RoleProfile) { p.Roles = append(p.Roles, *r) }, "twice"},
		"two parts of a code":   {func(_ *Person, r *RoleProfile) { r.Code = "S8000:G8000" }, "of the form"},
		"four parts of a code":  {func(_ *Person, r *RoleProfile) { r.Code += ":R1111" }, "of the form"},
		"other letter":          {func(_ *Person, r *RoleProfile) { r.Code = "S8000:X8000:R8001" }, "of the form"},
		"letters in a code":     {func(_ *Person, r *RoleProfile) { r.Code = "S8000:G8000:R8O01" }, "of the form"},
		"three digits":          {func(_ *Person, r *RoleProfile) { r.Code = "S800:G8000:R8001" }, "of the form"},
		"five digits":           {func(_ *Person, r *RoleProfile) { r.Code = "S80000:G8000:R8001" }, ""},
		"empty part of a code":  {func(_ *Person, r *RoleProfile) { r.Code = "S8000::R8001" }, "of the form"},
		"two parts of a name":   {func(_ *Person, r *RoleProfile) { r.Name = `"a":"b"` }, "quoted parts"},
		"four parts of a name":  {func(_ *Person, r *RoleProfile) { r.Name += `:"d"` }, "quoted parts"},
		"no quotes":             {func(_ *Person, r *RoleProfile) { r.Name = `abc:"b":"c"` }, "quoted parts"},
		"no opening quote":      {func(_ *Person, r *RoleProfile) { r.Name = `ab":"b":"c"` }, "quoted parts"},
		"no closing quote":      {func(_ *Person, r *RoleProfile) { r.Name = `"ab:"b":"c"` }, "quoted parts"},
		"empty part of a name":  {func(_ *Person, r *RoleProfile) { r.Name = `"":"b":"c"` }, "quoted parts"},
		"quote inside":          {func(_ *Person, r *RoleProfile) { r.Name = `"a"b":"b":"c"` }, "quoted parts"},
		"one letter":            {func(_ *Person, r *RoleProfile) { r.Name = `"a":"b":"c"` }, ""},
		"closes as it opens":    {func(_ *Person, r *RoleProfile) { r.Opens, r.Closes = noon, noon }, "closes before"},
		"closes before":         {func(_ *Person, r *RoleProfile) { r.Opens, r.Closes = noon, noon.Add(-1) }, "closes before"},
		"closes after":          {func(_ *Person, r *RoleProfile) { r.Opens, r.Closes = noon, noon.Add(1) }, ""},
		"closes, never opened":  {func(_ *Person, r *RoleProfile) { r.Closes = noon }, ""},
		"opens, and never ends": {func(_ *Person, r *RoleProfile) { r.Opens = noon }, ""},
	} {
		p := Person{UID: "555000000001", Status: Active, Name: "A", Identity: 2, Roles: []RoleProfile{{ID: "555000000011", OrgCode: "RX1", Code: "S8000:G8000:R8001", Name: name}}}
		c.change(&p, &p.Roles[0])
		err := p.Validate()
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// TestGatheringAtItsLimits walks the edges of what an import takes; ok says whether nothing was complained about.
func TestGatheringAtItsLimits(t *testing.T) {
	hex := func(n int) string { return strings.Repeat("ab", n) }
	for what, c := range map[string]struct {
		do func(*gathering)
		ok bool
	}{
		"longest text":          {func(g *gathering) { g.text(1, "x", strings.Repeat("x", importText)) }, true},
		"too long a text":       {func(g *gathering) { g.text(1, "x", strings.Repeat("x", importText+1)) }, false},
		"not UTF-8":             {func(g *gathering) { g.text(1, "x", "a\xff") }, false},
		"control":               {func(g *gathering) { g.text(1, "x", "a\x07b") }, false},
		"first year":            {func(g *gathering) { g.day(1, "x", "1900-01-01") }, true},
		"before it":             {func(g *gathering) { g.day(1, "x", "1899-12-31") }, false},
		"no such day":           {func(g *gathering) { g.day(1, "x", "2026-02-30") }, false},
		"no day":                {func(g *gathering) { g.day(1, "x", "") }, true},
		"identity 0":            {func(g *gathering) { g.identity(1, "0") }, true},
		"identity 3":            {func(g *gathering) { g.identity(1, "3") }, true},
		"identity 4":            {func(g *gathering) { g.identity(1, "4") }, false},
		"identity -1":           {func(g *gathering) { g.identity(1, "-1") }, false},
		"identity in words":     {func(g *gathering) { g.identity(1, "two") }, false},
		"shortest key":          {func(g *gathering) { g.handle(1, hex(8), "1") }, true},
		"too short a key":       {func(g *gathering) { g.handle(1, hex(7), "1") }, false},
		"longest key":           {func(g *gathering) { g.handle(1, hex(64), "1") }, true},
		"too long a key":        {func(g *gathering) { g.handle(1, hex(65), "1") }, false},
		"half a byte":           {func(g *gathering) { g.handle(1, hex(8)+"a", "1") }, false},
		"longest serial number": {func(g *gathering) { g.handle(1, hex(8), hex(20)) }, true},
		"too long a serial":     {func(g *gathering) { g.handle(1, hex(8), hex(20)+"a") }, false},
		"serial number 0":       {func(g *gathering) { g.handle(1, hex(8), "00") }, false},
		"negative":              {func(g *gathering) { g.handle(1, hex(8), "-1") }, false},
		"no serial number":      {func(g *gathering) { g.handle(1, hex(8), "") }, false},
	} {
		var g gathering
		c.do(&g)
		if ok := len(g.errs) == 0; ok != c.ok {
			t.Errorf("%s: %v", what, g.errs)
		}
	}
	for s, want := range map[string]bool{"gmc_id": true, "a": true, "z9": true, "": false, "9a": false, "_a": false, "Gmc": false, "a-b": false, "{": false, strings.Repeat("a", 40): true, strings.Repeat("a", 41): false} {
		if got := professionalName(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	for n, want := range map[int]bool{ImportBytes: true, ImportBytes + 1: false} {
		if _, err := readLimited(bytes.NewReader(make([]byte, n)), ImportBytes); (err == nil) != want {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestOrganisationsAndCards(t *testing.T) {
	for what, c := range map[string]struct{ old, with, want string }{
		"code is missing":       {"code: RX1,", "code: '',", "needs a person_orgid"},
		"id of an employment":   {"{person_orgid: 555000000021,", "{person_orgid: 55500000002,", "needs a person_orgid"},
		"closes as it opens":    {"name: Rx One, opens: 2020-04-01", "name: Rx One, opens: 2020-04-02, closes: 2020-04-01", "closes before it opens"},
		"open for a day":        {"name: Rx One, opens: 2020-04-01", "name: Rx One, opens: 2020-04-01, closes: 2020-04-01", ""},
		"same card, two labels": {"label: Own card}", "label: Own card}\n  - {issuer_key_id: \"0a0b0c0d0e0f1011\", serial: \"ff\", label: Other}", "two labels"},
		"same card, same label": {"label: Own card}", "label: Own card}\n  - {issuer_key_id: \"0a0b0c0d0e0f1011\", serial: \"ff\", label: Own card}", ""},
	} {
		doc := strings.Replace(goodYAML, c.old, c.with, 1)
		if doc == goodYAML {
			t.Fatalf("%s: nothing replaced", what)
		}
		_, err := ReadYAML(strings.NewReader(doc))
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrImport) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}
