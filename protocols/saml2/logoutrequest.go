package saml2

import (
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// logoutRequestLife is how long a partner may take to act on a LogoutRequest of ours.
const logoutRequestLife = 5 * time.Minute

// Reasons of a sign-out (SAML Core 3.7.3).
const (
	reasonUser  = "urn:oasis:names:tc:SAML:2.0:logout:user"
	reasonAdmin = "urn:oasis:names:tc:SAML:2.0:logout:admin"
)

// notice is what a LogoutRequest of ours says.
type notice struct {
	id      string
	to      string // Destination
	subject nameID
	index   string
	reason  string // empty: none of those that the standard names
	async   bool   // no answer is wanted
}

// noticeOf makes a participant's notice; its id and where it goes are the caller's to say.
func (p *Provider) noticeOf(d bridge.Delivery, partner trust.Partner) (notice, error) {
	subject, err := p.told(partner, trust.SubjectKind(d.Participant.Format), d.Participant.Subject, false)
	return notice{subject: subject, index: d.Participant.Index, reason: reasonOf(d.Reason)}, err
}

// write writes a LogoutRequest (SAML Core 3.7.1) in exclusive canonical form. at is the offset for a signature.
func (n notice) write(issuer string, now time.Time) (doc []byte, at int) {
	w := &writer{b: make([]byte, 0, 1024)}
	w.raw(`<samlp:LogoutRequest xmlns:samlp="`, protocolSpace, `"`)
	w.attr("Destination", n.to)
	w.attr("ID", n.id)
	w.attr("IssueInstant", string(appendInstant(nil, now)))
	w.attr("NotOnOrAfter", string(appendInstant(nil, now.Add(logoutRequestLife))))
	w.attrIf("Reason", n.reason)
	w.attr("Version", "2.0")
	w.raw(">")
	w.issuer(issuer, true)
	at = len(w.b)
	if n.async {
		w.raw(`<samlp:Extensions><aslo:Asynchronous xmlns:aslo="`, asyncSpace, `"></aslo:Asynchronous></samlp:Extensions>`)
	}
	w.nameID(n.subject, true)
	w.raw("<samlp:SessionIndex>")
	w.text(n.index)
	w.raw("</samlp:SessionIndex></samlp:LogoutRequest>")
	return w.b, at
}

// reasonOf says in the words of the standard why a session ended; a limit of time has none.
func reasonOf(r bridge.EndReason) string {
	switch r {
	case bridge.EndedByUser, bridge.EndedBySwitch, bridge.EndedByPartner, bridge.EndedByCard, bridge.EndedBySilence, bridge.EndedElsewhere, bridge.EndedByLock:
		return reasonUser
	case bridge.EndedByAdmin, bridge.EndedBySuspension, bridge.EndedByRevocation:
		return reasonAdmin
	case bridge.EndedByLimit, bridge.EndedByWaiting, bridge.EndedUnused:
	}
	return ""
}
