package saml2

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
)

func code(r *bridge.Refusal) string {
	if r == nil {
		return ""
	}
	return r.AuditCode()
}

// TestHeadersAtTheirLimits lists what every message must have, each at the value where the answer turns.
func TestHeadersAtTheirLimits(t *testing.T) {
	for id, want := range map[string]bool{
		"_1": true, "a": true, "Z9": true, "z": true, "A": true, "a-b.c_d0": true, "_9": true, strings.Repeat("a", 256): true, strings.Repeat("a", 257): false,
		"": false, "1a": false, "-a": false, ".a": false, "a:b": false, "a b": false, "a/b": false, "a@b": false, "[": false, "`": false, "{": false, "é": false, "a\x00": false,
	} {
		if got := (header{ID: id}).checkID() == nil; got != want {
			t.Errorf("ID %q: %v", id, got)
		}
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const skew, life = time.Minute, 5 * time.Minute
	for offset, want := range map[time.Duration]string{
		0: "", skew: "", skew + time.Second: "future_request", -life - skew + time.Second: "", -life - skew: "stale_request", -life - skew - time.Second: "stale_request",
	} {
		_, r := header{IssueInstant: now.Add(offset).Format(time.RFC3339)}.checkInstant(now, skew, life)
		if code(r) != want {
			t.Errorf("made %v from now: %q, want %q", offset, code(r), want)
		}
	}
	if _, r := (header{}).checkInstant(now, skew, life); code(r) != "issue_instant" {
		t.Errorf("no instant: %q", code(r))
	}
	for version, want := range map[string]string{"2.0": "", "2.1": codeVersionHigh, "3.0": codeVersionHigh, "1.1": codeVersionLow, "": codeVersionLow} {
		if got := code(header{Version: version}.checkVersion()); got != want {
			t.Errorf("version %q: %q, want %q", version, got, want)
		}
	}
	for name, c := range map[string]struct {
		issuer issuer
		ok     bool
	}{
		"plain": {issuer{}, true}, "entity": {issuer{Format: metadata.NameIDEntity}, true}, "other format": {issuer{Format: metadata.NameIDUnspecified}, false},
		"qualified": {issuer{Qualified: true}, false}, "entity, qualified": {issuer{Format: metadata.NameIDEntity, Qualified: true}, false},
	} {
		if got := (header{Issuer: c.issuer}).checkIssuer() == nil; got != c.ok {
			t.Errorf("issuer, %s: %v", name, got)
		}
	}
	for name, c := range map[string]struct {
		to     string
		needed bool
		ok     bool
	}{
		"ours": {"https://hub/sso", true, true}, "ours, unsigned": {"https://hub/sso", false, true}, "none, unsigned": {"", false, true}, "none, signed": {"", true, false},
		"another": {"https://hub/slo", true, false}, "another, unsigned": {"https://evil/sso", false, false},
	} {
		if got := (header{Destination: c.to}).checkDestination("https://hub/sso", c.needed) == nil; got != c.ok {
			t.Errorf("destination, %s: %v", name, got)
		}
	}
}

// TestMetadataAtItsEnd: what is registered is good until its validUntil, and not at it.
func TestMetadataAtItsEnd(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for until, want := range map[time.Time]string{{}: "", now.Add(1): "", now: "metadata_expired", now.Add(-1): "metadata_expired"} {
		q := &inquiry{now: now}
		q.partner.SAML = &trust.SAMLTerms{Entity: metadata.Entity{ValidUntil: until}}
		if got := code(checkMetadata(q)); got != want {
			t.Errorf("until %v: %q, want %q", until, got, want)
		}
	}
}

// TestReplyAddresses lists what a request may say of where its answer goes.
func TestReplyAddresses(t *testing.T) {
	const artifact, post = metadata.BindingArtifact, metadata.BindingPOST
	acs := func(binding, location string, index int, isDefault bool) metadata.IndexedEndpoint {
		return metadata.IndexedEndpoint{Binding: binding, Location: location, Index: index, Default: isDefault}
	}
	sp := &metadata.ServiceProvider{ACS: []metadata.IndexedEndpoint{
		acs(artifact, "https://sp/artifact", 0, true), acs(post, "https://sp/one", 1, false), acs(post, "https://sp/two", 2, true), acs(artifact, "https://sp/both", 3, false), acs(post, "https://sp/both", 4, false),
	}}
	u := func(s string) *string { return &s }
	n := func(i int) *int { return &i }
	for name, c := range map[string]struct {
		req  authnRequest
		want string // address
		code string
	}{
		"nothing":                       {authnRequest{}, "https://sp/two", ""},
		"binding alone":                 {authnRequest{ProtocolBinding: post}, "https://sp/two", ""},
		"URL":                           {authnRequest{ACSURL: u("https://sp/one")}, "https://sp/one", ""},
		"URL and binding":               {authnRequest{ACSURL: u("https://sp/one"), ProtocolBinding: post}, "https://sp/one", ""},
		"URL of two bindings":           {authnRequest{ACSURL: u("https://sp/both")}, "https://sp/both", ""},
		"URL of another binding":        {authnRequest{ACSURL: u("https://sp/artifact")}, "https://sp/two", "unsupported_binding"},
		"URL that is not registered":    {authnRequest{ACSURL: u("https://evil/")}, "", "bad_reply_address"},
		"empty URL":                     {authnRequest{ACSURL: u("")}, "", "bad_reply_address"},
		"index":                         {authnRequest{ACSIndex: n(1)}, "https://sp/one", ""},
		"index of another binding":      {authnRequest{ACSIndex: n(0)}, "https://sp/two", "unsupported_binding"},
		"index that is not registered":  {authnRequest{ACSIndex: n(9)}, "", "bad_reply_address"},
		"URL and index":                 {authnRequest{ACSURL: u("https://sp/one"), ACSIndex: n(1)}, "", "acs_twice"},
		"index and binding":             {authnRequest{ACSIndex: n(1), ProtocolBinding: post}, "", "acs_twice"},
		"another binding":               {authnRequest{ProtocolBinding: artifact}, "https://sp/two", "unsupported_binding"},
		"another binding, good URL":     {authnRequest{ACSURL: u("https://sp/one"), ProtocolBinding: artifact}, "https://sp/two", "unsupported_binding"},
		"another binding, unknown URL":  {authnRequest{ACSURL: u("https://evil/"), ProtocolBinding: artifact}, "", "bad_reply_address"},
		"another binding, artifact URL": {authnRequest{ACSURL: u("https://sp/artifact"), ProtocolBinding: artifact}, "https://sp/two", "unsupported_binding"},
	} {
		got, r := chooseACS(sp, c.req)
		if got != c.want || code(r) != c.code {
			t.Errorf("%s: %q %q, want %q %q", name, got, code(r), c.want, c.code)
		}
	}
	for name, c := range map[string]struct {
		list []metadata.IndexedEndpoint
		want string
	}{
		"no default": {sp.ACS[1:2], "https://sp/one"}, "first of two": {[]metadata.IndexedEndpoint{acs(post, "https://sp/1", 1, false), acs(post, "https://sp/2", 2, false)}, "https://sp/1"},
		"none takes POST": {sp.ACS[:1], ""}, "none": {nil, ""},
	} {
		only := &metadata.ServiceProvider{ACS: c.list}
		if got := defaultACS(only); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if _, r := chooseACS(only, authnRequest{}); (code(r) == "no_acs") != (c.want == "") {
			t.Errorf("%s: %q", name, code(r))
		}
	}
	partner := trust.Partner{SAML: &trust.SAMLTerms{Entity: metadata.Entity{SP: sp}}}
	for url, want := range map[string]bool{"https://sp/one": true, "https://sp/both": true, "https://sp/artifact": false, "https://evil/": false, "": false} {
		if got := takesPOST(partner, url); got != want {
			t.Errorf("%q takes POST: %v", url, got)
		}
	}
	for _, p := range []trust.Partner{{}, {SAML: &trust.SAMLTerms{}}} {
		if takesPOST(p, "https://sp/one") {
			t.Error("a partner without a role takes POST")
		}
	}
}

// TestNamesOfSubjects: a partner's NameID is the one it was told, or says less.
func TestNamesOfSubjects(t *testing.T) {
	told := nameID{Value: "v", Format: metadata.NameIDPersistent, NameQualifier: "hub", SPNameQualifier: "sp"}
	for name, c := range map[string]struct {
		said nameID
		want bool
	}{
		"all of it": {told, true}, "only the value": {nameID{Value: "v"}, true}, "unspecified": {nameID{Value: "v", Format: metadata.NameIDUnspecified}, true},
		"another value": {nameID{Value: "w"}, false}, "nothing": {nameID{}, false}, "another format": {nameID{Value: "v", Format: metadata.NameIDTransient}, false},
		"another qualifier": {nameID{Value: "v", NameQualifier: "x"}, false}, "another partner's": {nameID{Value: "v", SPNameQualifier: "x"}, false},
		"without one qualifier": {nameID{Value: "v", Format: metadata.NameIDPersistent, SPNameQualifier: "sp"}, true},
	} {
		if got := c.said.names(told); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (nameID{}).names(nameID{}) {
		t.Error("no name is nobody's name")
	}
}

// TestContextsAtTheirLimits: what is asked with declarations or of no level at all is met by nobody.
func TestContextsAtTheirLimits(t *testing.T) {
	strong := bridge.Session{Assurance: 3, Method: bridge.MethodSmartcard}
	for name, c := range map[string]struct {
		asked requestedContext
		want  bool
	}{
		"declaration beside a class":   {requestedContext{Comparison: "exact", Declarations: true, Classes: []string{classAAL3}}, false},
		"declaration by minimum":       {requestedContext{Comparison: "minimum", Declarations: true, Classes: []string{classAAL1}}, false},
		"at most anything unspecified": {requestedContext{Comparison: "maximum", Classes: []string{classUnspecified}}, false},
		"at least unspecified":         {requestedContext{Comparison: "minimum", Classes: []string{classUnspecified}}, true},
		"better than unspecified":      {requestedContext{Comparison: "better", Classes: []string{classUnspecified}}, true},
		"better than AAL3":             {requestedContext{Comparison: "better", Classes: []string{classAAL3}}, false},
		"exactly unspecified":          {requestedContext{Comparison: "exact", Classes: []string{classUnspecified}}, true},
	} {
		if got := bridge.SatisfiedContext(contexts(&c.asked), strong) != ""; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
