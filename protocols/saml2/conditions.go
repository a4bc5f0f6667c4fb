package saml2

import (
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// conditions are what a request wants of the assertion (SAML Core 3.4.1). They can only narrow it: the window is cut to theirs,
// OneTimeUse and ProxyRestriction are copied. Audiences are not: who else may use an assertion is not for one partner to say.
type conditions struct {
	NotBefore    time.Time `json:",omitzero"`
	NotOnOrAfter time.Time `json:",omitzero"`
	OneTimeUse   bool      `json:",omitempty"`
	Proxies      *proxies  `json:",omitempty"`
	unknown      bool      // there is one that we do not know
}

// proxies is a ProxyRestriction (SAML Core 2.5.1.6).
type proxies struct {
	Count     *int     `json:",omitempty"`
	Audiences []string `json:",omitempty"`
}

// maxProxies and maxAudiences, in bytes of them all, bound what of a ProxyRestriction is copied, and kept until the answer.
const (
	maxProxies   = 20
	maxAudiences = 4 << 10
)

func readConditions(r *reader, e *xmlsec.Element) *conditions {
	if e == nil {
		return nil
	}
	// to whole seconds, as they are written, and inwards
	c := &conditions{
		NotBefore:    readInstant(r, e, "NotBefore").Add(time.Second - 1).Truncate(time.Second),
		NotOnOrAfter: readInstant(r, e, "NotOnOrAfter").Truncate(time.Second),
	}
	if !c.NotBefore.IsZero() && !c.NotOnOrAfter.IsZero() && !c.NotBefore.Before(c.NotOnOrAfter) {
		r.fail("Conditions end before they begin.")
	}
	for _, child := range e.Children {
		switch {
		case child.Is(assertionSpace, "AudienceRestriction"):
		case child.Is(assertionSpace, "OneTimeUse") && !c.OneTimeUse:
			c.OneTimeUse = true
		case child.Is(assertionSpace, "ProxyRestriction") && c.Proxies == nil:
			c.Proxies = readProxies(r, child)
		case child.Is(assertionSpace, "Condition"):
			c.unknown = true
		default:
			r.fail("Conditions hold something unknown, or one thing twice.")
		}
	}
	return c
}

func readInstant(r *reader, e *xmlsec.Element, name string) time.Time {
	text, present := e.Attr(name)
	if !present {
		return time.Time{}
	}
	t, err := parseInstant(trimmed(text))
	if err != nil {
		r.fail(name + " of Conditions is not a time.")
	}
	return t
}

func readProxies(r *reader, e *xmlsec.Element) *proxies {
	p := &proxies{Count: readCount(r, e, "Count")}
	size := 0
	for _, a := range e.Children {
		audience := trimmed(a.Text())
		size += len(audience)
		if !a.Is(assertionSpace, "Audience") || audience == "" || len(audience) > 1024 || size > maxAudiences || len(p.Audiences) == maxProxies {
			r.fail("ProxyRestriction is not a short list of audiences.")
			break
		}
		p.Audiences = append(p.Audiences, audience)
	}
	return p
}

// readCount reads xs:nonNegativeInteger; nil when absent.
func readCount(r *reader, e *xmlsec.Element, name string) *int {
	text, present := e.Attr(name)
	if !present {
		return nil
	}
	n, err := strconv.ParseUint(trimmed(text), 10, 31)
	if err != nil {
		r.fail(name + " is not a number.")
	}
	count := int(n)
	return &count
}

// checkConditions refuses what cannot be granted by making an assertion narrower.
func checkConditions(q *inquiry) *bridge.Refusal {
	c := q.req.Conditions
	if c != nil && c.unknown {
		return bridge.Refuse(bridge.UnsupportedRequest, "The request sets a condition that is not known here.").WithCode("condition_unknown")
	}
	_, _, r := c.window(q.now)
	return r
}

// window is when an assertion made at this time is valid.
func (c *conditions) window(at time.Time) (from, to time.Time, r *bridge.Refusal) {
	from, to = at.Add(-assertionLead).Truncate(time.Second), at.Add(assertionLife).Truncate(time.Second)
	if c == nil {
		return from, to, nil
	}
	if !c.NotBefore.IsZero() && c.NotBefore.After(from) {
		from = c.NotBefore
	}
	if !c.NotOnOrAfter.IsZero() && c.NotOnOrAfter.Before(to) {
		to = c.NotOnOrAfter
	}
	if !from.Before(to) || !at.Before(to) {
		return from, to, bridge.Refuse(bridge.Stale, "The app wants an answer that is not valid now. Go back to the app and start again.").WithCode("conditions_window")
	}
	return from, to, nil
}

// conditions writes what stands behind the audience.
func (w *writer) conditions(c *conditions) {
	if c == nil {
		return
	}
	if c.OneTimeUse {
		w.raw("<saml:OneTimeUse></saml:OneTimeUse>")
	}
	if c.Proxies == nil {
		return
	}
	w.raw("<saml:ProxyRestriction")
	if c.Proxies.Count != nil {
		w.attr("Count", strconv.Itoa(*c.Proxies.Count))
	}
	w.raw(">")
	for _, a := range c.Proxies.Audiences {
		w.raw("<saml:Audience>")
		w.text(a)
		w.raw("</saml:Audience>")
	}
	w.raw("</saml:ProxyRestriction>")
}
