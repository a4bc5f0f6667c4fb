package saml2

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
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
		"with its port": {"https://hub:443/sso", true, true}, "in capitals": {"HTTPS://HUB/sso", true, true}, "another port": {"https://hub:8443/sso", true, false},
		"port of another scheme": {"https://hub:80/sso", true, false}, "another scheme": {"http://hub/sso", true, false}, "another user": {"https://x@hub/sso", true, false},
		"a slash more": {"https://hub/sso/", true, false}, "path in capitals": {"https://hub/SSO", true, false}, "written in escapes": {"https://hub/%73so", true, false},
		"with a query": {"https://hub/sso?a", true, false}, "with a fragment": {"https://hub/sso#a", true, false}, "with an empty fragment": {"https://hub/sso#", true, false}, "with an empty query": {"https://hub/sso?", true, false}, "no address": {"://hub/sso", true, false}, "a longer host": {"https://hub:443.evil/sso", true, false},
		"another": {"https://hub/slo", true, false}, "another, unsigned": {"https://evil/sso", false, false},
	} {
		if got := (header{Destination: c.to}).checkDestination("https://hub/sso", c.needed) == nil; got != c.ok {
			t.Errorf("destination, %s: %v", name, got)
		}
	}
	if sameAddress("https://\u212aey.example/sso", "https://key.example/sso") || !sameAddress("https://KEY.example:443/sso", "https://key.example/sso") {
		t.Error("a sign that is no letter k passes for one")
	}
}

// TestMetadataEndsDuringSignOn: what was good when the person began and is not any more is answered no more, by our clock and a partner's.
func TestMetadataEndsDuringSignOn(t *testing.T) {
	for left, want := range map[time.Duration]bool{minutes(1): false, minutes(2) + 1: true} { // five minutes to sign in, three of them for clocks
		w := newWorld(t)
		w.change(func(p *trust.Partner) { p.SAML.Entity.ValidUntil = w.now.Add(left) })
		w.thinks = minutes(5)
		rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), ""))
		if _, posts := readPage(rec); posts != want || (w.lastReason() == "metadata_expired") == want || (w.count(ledger.Issued) == 1) != want {
			t.Errorf("%v left: %d %q", left, rec.Code, w.lastReason())
		}
	}
}

// TestMetadataAtItsEnd: what is registered is good until its validUntil by a clock that may be behind, and not at it.
func TestMetadataAtItsEnd(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for until, want := range map[time.Time]string{{}: "", now.Add(1): "", now: "", now.Add(1 - minutes(3)): "", now.Add(-minutes(3)): "metadata_expired"} {
		q := &inquiry{now: now, skew: minutes(3)}
		q.partner.SAML = &trust.SAMLTerms{Entity: metadata.Entity{ValidUntil: until}}
		if got := code(checkMetadata(q)); got != want {
			t.Errorf("until %v: %q, want %q", until, got, want)
		}
	}
}

// TestReplyAddresses lists what a request may say of where its answer goes.
func TestReplyAddresses(t *testing.T) {
	const artifact, post, simple, paos = metadata.BindingArtifact, metadata.BindingPOST, metadata.BindingSimpleSign, metadata.BindingPAOS
	acs := func(binding, location string, index int, isDefault bool) metadata.IndexedEndpoint {
		return metadata.IndexedEndpoint{Binding: binding, Location: location, Index: index, Default: isDefault}
	}
	sp := &metadata.ServiceProvider{ACS: []metadata.IndexedEndpoint{
		acs(paos, "https://sp/paos", 0, false), acs(post, "https://sp/one", 1, false), acs(post, "https://sp/two", 2, true),
		acs(artifact, "https://sp/both", 3, false), acs(post, "https://sp/both", 4, false), acs(simple, "https://sp/simple", 5, false), acs(artifact, "https://sp/artifact", 6, false),
	}}
	u := func(s string) *string { return &s }
	n := func(i int) *int { return &i }
	two, none := reply{"https://sp/two", byPOST}, reply{}
	for name, c := range map[string]struct {
		req  authnRequest
		want reply
		code string
	}{
		"nothing":                     {authnRequest{}, two, ""},
		"binding alone":               {authnRequest{ProtocolBinding: post}, two, ""},
		"another binding alone":       {authnRequest{ProtocolBinding: artifact}, reply{"https://sp/both", byArtifact}, ""},
		"a third binding alone":       {authnRequest{ProtocolBinding: simple}, reply{"https://sp/simple", bySimpleSign}, ""},
		"URL":                         {authnRequest{ACSURL: u("https://sp/one")}, reply{"https://sp/one", byPOST}, ""},
		"URL and binding":             {authnRequest{ACSURL: u("https://sp/one"), ProtocolBinding: post}, reply{"https://sp/one", byPOST}, ""},
		"URL of two bindings":         {authnRequest{ACSURL: u("https://sp/both")}, reply{"https://sp/both", byPOST}, ""},
		"URL of two bindings, one":    {authnRequest{ACSURL: u("https://sp/both"), ProtocolBinding: artifact}, reply{"https://sp/both", byArtifact}, ""},
		"URL of another binding":      {authnRequest{ACSURL: u("https://sp/artifact")}, reply{"https://sp/artifact", byArtifact}, ""},
		"URL that is not registered":  {authnRequest{ACSURL: u("https://evil/")}, none, "bad_reply_address"},
		"URL in another writing":      {authnRequest{ACSURL: u("https://SP/one")}, none, "bad_reply_address"},
		"empty URL":                   {authnRequest{ACSURL: u("")}, none, "bad_reply_address"},
		"index":                       {authnRequest{ACSIndex: n(1)}, reply{"https://sp/one", byPOST}, ""},
		"index of the artifact":       {authnRequest{ACSIndex: n(6)}, reply{"https://sp/artifact", byArtifact}, ""},
		"index not for browsers":      {authnRequest{ACSIndex: n(0)}, two, "unsupported_binding"},
		"index that is unknown":       {authnRequest{ACSIndex: n(9)}, none, "bad_reply_address"},
		"URL and index":               {authnRequest{ACSURL: u("https://sp/one"), ACSIndex: n(1)}, none, "acs_twice"},
		"index and its binding":       {authnRequest{ACSIndex: n(1), ProtocolBinding: post}, reply{"https://sp/one", byPOST}, ""},
		"index and another's binding": {authnRequest{ACSIndex: n(1), ProtocolBinding: artifact}, two, "unsupported_binding"},
		"unknown index and a binding": {authnRequest{ACSIndex: n(9), ProtocolBinding: post}, none, "bad_reply_address"},
		"index not for us, binding":   {authnRequest{ACSIndex: n(0), ProtocolBinding: paos}, two, "unsupported_binding"},
		"binding not for browsers":    {authnRequest{ProtocolBinding: paos}, two, "unsupported_binding"},
		"binding that nobody knows":   {authnRequest{ProtocolBinding: "urn:x"}, two, "unsupported_binding"},
		"binding that the URL lacks":  {authnRequest{ACSURL: u("https://sp/one"), ProtocolBinding: artifact}, two, "unsupported_binding"},
		"another binding, evil URL":   {authnRequest{ACSURL: u("https://evil/"), ProtocolBinding: artifact}, none, "bad_reply_address"},
		"binding not for us, its URL": {authnRequest{ACSURL: u("https://sp/paos"), ProtocolBinding: paos}, two, "unsupported_binding"},
	} {
		got, r := chooseReply(sp, c.req, browserReplies())
		if got != c.want || code(r) != c.code {
			t.Errorf("%s: %v %q, want %v %q", name, got, code(r), c.want, c.code)
		}
	}
	for name, c := range map[string]struct {
		list []metadata.IndexedEndpoint
		want reply
	}{
		"no default":        {sp.ACS[1:2], reply{"https://sp/one", byPOST}},
		"first of two":      {[]metadata.IndexedEndpoint{acs(post, "https://sp/1", 1, false), acs(post, "https://sp/2", 2, false)}, reply{"https://sp/1", byPOST}},
		"the default":       {[]metadata.IndexedEndpoint{acs(post, "https://sp/1", 1, false), acs(artifact, "https://sp/2", 2, true)}, reply{"https://sp/2", byArtifact}},
		"none for browsers": {sp.ACS[:1], none}, "none": {nil, none},
	} {
		if got := defaultReply(c.list, browserReplies()); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if _, r := chooseReply(&metadata.ServiceProvider{ACS: c.list}, authnRequest{}, browserReplies()); (code(r) == "no_acs") != (c.want == none) {
			t.Errorf("%s: %q", name, code(r))
		}
	}
	partner := trust.Partner{SAML: &trust.SAMLTerms{Entity: metadata.Entity{SP: sp}}}
	for to, want := range map[reply]bool{
		{"https://sp/one", byPOST}: true, {"https://sp/one", byArtifact}: false, {"https://sp/both", byPOST}: true, {"https://sp/artifact", byPOST}: false,
		{"https://evil/", byPOST}: false, {}: false,
	} {
		if got := to.registered(partner); got != want {
			t.Errorf("%v is registered: %v", to, got)
		}
	}
	for _, p := range []trust.Partner{{}, {SAML: &trust.SAMLTerms{}}} {
		if (reply{"https://sp/one", byPOST}).registered(p) {
			t.Error("a partner without a role is registered")
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
		if got := answered(trust.Partner{}, &c.asked, strong, 3) != ""; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestReasonsOfXML: what is wrong with a signature is an alarm, what is wrong with the XML is not.
func TestReasonsOfXML(t *testing.T) {
	for err, want := range map[error]bridge.Reason{
		xmlsec.ErrSignature: bridge.BadSignature, fmt.Errorf("of a key: %w", xmlsec.ErrKey): bridge.BadSignature, io.ErrUnexpectedEOF: bridge.BadRequest,
	} {
		if got := refuseXML(err); got.Reason != want {
			t.Errorf("%v: %v", err, got.Reason)
		}
	}
	if _, err := decodeBase64(""); err == nil {
		t.Error("nothing is a message")
	}
	email := checkPolicy(nameIDPolicy{Format: metadata.NameIDEmail}, samplePartner())
	other := checkPolicy(nameIDPolicy{Format: "urn:other"}, samplePartner())
	if email == nil || other == nil || !strings.Contains(email.Detail, "e-mail") || strings.Contains(other.Detail, "e-mail") {
		t.Errorf("%v; %v", email, other)
	}
}
