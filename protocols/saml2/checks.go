package saml2

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// inquiry is one AuthnRequest under examination.
type inquiry struct {
	sender
	req       authnRequest
	by        binding // how it arrived
	relay     relayState
	now       time.Time
	issued    time.Time
	reply     reply     // set as soon as the reply address is proven
	offered   []binding // for the reply
	endpoint  string    // address at which the message arrived
	entityID  string    // ours
	emergency string    // class of emergency access; empty: there is none
	skew      time.Duration
	life      time.Duration
	open      func(*subject, trust.Partner) bool // decrypts an EncryptedID
}

// check is one rule.
type check struct {
	name string
	rule func(*inquiry) *bridge.Refusal
}

// checks are all rules in their order. Those before "reply address" are refused on a page of ours; those after it are answered
// to the partner by a Status.
func checks() []check {
	return []check{
		{"metadata", checkMetadata},
		{"id", checkID},
		{"issuer", checkIssuer},
		{"signature required", checkSigned},
		{"destination", checkDestination},
		{"issue instant", checkInstant},
		{"reply address", checkReply},
		{"version", checkVersion},
		{"name id policy", func(q *inquiry) *bridge.Refusal { return checkPolicy(q.req.Policy, q.partner) }},
		{"subject", checkSubject},
		{"conditions", checkConditions},
		{"attribute service", checkService},
		{"scoping", checkScoping},
		{"authn context", checkContext},
	}
}

// run applies the rules until one does not hold, and names it.
func (q *inquiry) run() (failed string, r *bridge.Refusal) {
	for _, c := range checks() {
		if r := c.rule(q); r != nil {
			return c.name, r
		}
	}
	return "", nil
}

func checkMetadata(q *inquiry) *bridge.Refusal { return metadataAt(q.partner, q.now, q.skew) }

// checkMetadata is the rule for what no request stands at the beginning of, or at the end of one.
func (p *Provider) checkMetadata(partner trust.Partner) *bridge.Refusal {
	return metadataAt(partner, p.Hub.Clock(), p.ClockSkew)
}

// metadataAt: what a partner's metadata says is good until it says so (SAML Metadata 2.3.2), by its clock or ours.
func metadataAt(partner trust.Partner, now time.Time, skew time.Duration) *bridge.Refusal {
	if !partner.Expired(now.Add(-skew)) {
		return nil
	}
	until := partner.SAML.Entity.ValidUntil
	return bridge.Refuse(bridge.PartnerSuspended, "What is registered for %s was good until %s.", partner.Name, until.UTC().Format("2 January 2006")).WithCode("metadata_expired")
}

func checkID(q *inquiry) *bridge.Refusal { return q.req.checkID() }

func (h header) checkID() *bridge.Refusal {
	if !isNCName(h.ID) || len(h.ID) > 256 {
		return badRequest("id", "The message has no usable ID.")
	}
	return nil
}

func checkIssuer(q *inquiry) *bridge.Refusal { return q.req.checkIssuer() }

func (h header) checkIssuer() *bridge.Refusal {
	if h.Issuer.Format != "" && h.Issuer.Format != metadata.NameIDEntity || h.Issuer.Qualified {
		return badRequest("issuer", "The sender's name is not the plain name of a system.")
	}
	return nil
}

func checkSigned(q *inquiry) *bridge.Refusal {
	if !q.signed && (q.partner.SAML.Entity.SP.AuthnRequestsSigned || q.partner.SAML.RequestsSigned) {
		return bridge.Refuse(bridge.BadSignature, "This system is registered to sign its requests, and this one is not signed.").WithCode("unsigned")
	}
	return nil
}

func checkDestination(q *inquiry) *bridge.Refusal {
	return q.req.checkDestination(q.endpoint, q.signed && q.by.addressed())
}

// checkDestination wants a signed message to say where it goes, so that it cannot be used elsewhere (SAML Bindings 3.4.5.2).
func (h header) checkDestination(endpoint string, needed bool) *bridge.Refusal {
	if h.Destination == "" && !needed || sameAddress(h.Destination, endpoint) {
		return nil
	}
	return badRequest("destination", "The message is addressed to another system.")
}

// sameAddress reports whether two addresses are one: host and scheme in any case, and the port that goes without saying said or not
// (RFC 3986, 6.2.2 and 6.2.3). Libraries write anew what they read in our metadata.
func sameAddress(a, b string) bool {
	return a == b || normalAddress(a) == normalAddress(b)
}

func normalAddress(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || strings.Contains(raw, "#") { // none of ours has a fragment, and an empty one would be lost
		return raw
	}
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	u.Host = strings.TrimSuffix(strings.Map(lowerASCII, u.Host), usual)
	return u.String()
}

// lowerASCII leaves other letters alone: there are some whose small form is one of ASCII.
func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

func checkInstant(q *inquiry) *bridge.Refusal {
	var r *bridge.Refusal
	q.issued, r = q.req.checkInstant(q.now, q.skew, q.life)
	return r
}

func (h header) checkInstant(now time.Time, skew, life time.Duration) (time.Time, *bridge.Refusal) {
	t, err := parseInstant(h.IssueInstant)
	switch {
	case err != nil:
		return t, badRequest("issue_instant", "The message does not say when it was made.")
	case t.After(now.Add(skew)):
		return t, bridge.Refuse(bridge.Stale, "The message is from the future. The clock of the app or of this hub is wrong.").WithCode("future_request")
	case !t.After(now.Add(-life - skew)):
		return t, bridge.Refuse(bridge.Stale, "The message is too old. Go back to the app and start again.")
	}
	return t, nil
}

func checkReply(q *inquiry) *bridge.Refusal {
	var r *bridge.Refusal
	q.reply, r = chooseReply(q.partner.SAML.Entity.SP, q.req, q.offered)
	return r
}

func checkVersion(q *inquiry) *bridge.Refusal { return q.req.checkVersion() }

func (h header) checkVersion() *bridge.Refusal {
	if h.Version == "2.0" {
		return nil
	}
	r := bridge.Refuse(bridge.UnsupportedRequest, "The message is not of SAML 2.0.")
	if h.Version > "2.0" {
		return r.WithCode(codeVersionHigh)
	}
	return r.WithCode(codeVersionLow)
}

// maxName bounds, in bytes, the identifier of a subject that a request names: it is kept until somebody has signed in. No identifier here
// is longer.
const maxName = 1024

// checkSubject takes a NameID, encrypted or not, in the form that the answer will have. Whether it is the one signed in is decided when
// there is one.
func checkSubject(q *inquiry) *bridge.Refusal {
	s := q.req.Subject
	if s == nil {
		return nil
	}
	if s.Confirmed { // the profile forbids it (SAML Profiles 4.1.4.1); a bare bearer, which a family of libraries adds, changes nothing
		return bridge.Refuse(bridge.UnsupportedRequest, "A request of a browser may not say how its subject is confirmed.").WithCode("subject_confirmation")
	}
	unknown := bridge.Refuse(bridge.UnknownSubject, "The request names a subject in a way that is not known here.").WithCode("subject_name")
	if q.signed && s.sealed != nil && (q.open == nil || !q.open(s, q.partner)) {
		return unknown.WithCode(codeEncryptedID)
	}
	if s.Encrypted {
		return bridge.Refuse(bridge.UnsupportedRequest, "A request about one subject must name it by a NameID, and be signed if that is encrypted.").WithCode("subject_form")
	}
	kind, _ := kindAsked(q.format(), q.partner.Terms.Subject)
	if kind == trust.SubjectNone {
		return unknown
	}
	told := nameID{Value: s.NameID.Value, Format: formatOf(kind), NameQualifier: q.entityID, SPNameQualifier: q.partner.ID}
	if !s.NameID.names(told) || len(told.Value) > maxName {
		return unknown
	}
	return nil
}

// format is the one in which the subject shall be named: a request that names one and has no policy wants it named so again (SAML Core
// 3.4.1.4). Only what tells less than the terms is given for the asking.
func (q *inquiry) format() string {
	if s := q.req.Subject; q.req.Policy.Format == "" && s != nil && (s.NameID.Format == metadata.NameIDPersistent || s.NameID.Format == metadata.NameIDTransient) {
		return s.NameID.Format
	}
	return q.req.Policy.Format
}

// checkScoping obeys an IDPList that leaves us out (SAML Core 3.4.1.2). A ProxyCount of 0 alone is kept by nature: the
// hub authenticates by itself.
func checkScoping(q *inquiry) *bridge.Refusal {
	s := q.req.Scoping
	if !s.List || slices.Contains(s.IDPs, q.entityID) {
		return nil
	}
	r := bridge.Refuse(bridge.UnsupportedRequest, "The request wants another system to sign the person in.")
	if s.ProxyCount != nil && *s.ProxyCount == 0 {
		return r.WithCode(codeProxyCount)
	}
	return r.WithCode(codeNoIDP)
}

// checkService wants the index to be in the metadata where it decides what is released. Where it does not, it is a hint that
// nothing follows from (SAML Core 3.4.1).
func checkService(q *inquiry) *bridge.Refusal {
	if _, known := wanted(q.partner, q.req.Service); known {
		return nil
	}
	return bridge.Refuse(bridge.UnsupportedRequest, "%s asks for a set of attributes (its AttributeConsumingServiceIndex) that its metadata does not have.", q.partner.Name).
		WithCode("attribute_service")
}

// checkContext refuses at once what no sign-in can meet. Several libraries ask for exactly a password unless they are told
// not to: whoever sets one up is told so.
func checkContext(q *inquiry) *bridge.Refusal {
	known := classesOf(q.partner)
	asked := q.contexts()
	if len(asked) == 0 || slices.ContainsFunc(asked, func(c bridge.AuthnContext) bool { return c.Min < never || c.Emergency }) {
		return nil
	}
	if slices.ContainsFunc(q.req.Context.Classes, func(ref string) bool { c, _ := known.find(ref); return c.Foreign && c.Assurance == 1 }) {
		return bridge.Refuse(bridge.AssuranceTooLow, "%s asks for a sign-in by password (its RequestedAuthnContext), and nobody signs in here that way. It must ask for another class, or for none.", q.partner.Name)
	}
	return bridge.Refuse(bridge.AssuranceTooLow, "%s asks for a way of signing in (its RequestedAuthnContext) that is not offered here.", q.partner.Name)
}

// request is what the bridge is asked.
func (q *inquiry) request() (bridge.Request, error) {
	// A request that was set aside is continued up to bounceLife after it went stale: its mark lasts as long.
	mark := bridge.Mark{Key: replayKey(q.partner.ID, q.req.ID), Expires: q.issued.Add(q.life + q.skew + bounceLife)}
	state := state{ID: q.req.ID, Reply: q.reply, Relay: q.relay, Format: q.format(), Service: q.req.Service, Conditions: q.req.Conditions}
	out := bridge.Request{
		Partner: q.partner.ID, Protocol: trust.SAML2, ForceAuthn: q.req.ForceAuthn, Passive: q.req.IsPassive,
		Contexts: q.contexts(), Requesters: q.req.Scoping.Requesters, ReturnTo: web.Origin(q.reply.URL), Resume: ResumePath,
		Once: mark,
	}
	if q.req.Subject != nil {
		state.Subject = q.req.Subject.NameID.Value
		if kind, _ := kindAsked(state.Format, q.partner.Terms.Subject); kind == trust.SubjectUID {
			out.Subject = state.Subject
		}
	}
	var err error
	out.State, err = state.encode()
	return out, err
}

// isNCName takes the ASCII part of NCName (Namespaces in XML 1.0); no partner uses more.
func isNCName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}
