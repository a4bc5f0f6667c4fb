package trust

import (
	"bytes"
	"net/netip"
	"slices"
)

// hints of a legacy system say what its networks let in beside it.
func (t TicketTerms) hints() []string {
	everywhere := func(n netip.Prefix) bool { return n.Bits() == 0 }
	if t.CertificateHash == nil && slices.ContainsFunc(t.Networks, everywhere) {
		return []string{"its networks hold every address there is: whoever calls is taken for it. Name its own addresses (ticket.networks), or its certificate (ticket.certificate_file)"}
	}
	return nil
}

// MistakenFor reports whether a call may fit both legacy systems, by network and certificate: a ticket of an agent is then refused to either.
func (p Partner) MistakenFor(o Partner) bool {
	if p.Ticket == nil || o.Ticket == nil || p.ID == o.ID || !p.Answerable() || !o.Answerable() {
		return false
	}
	a, b := p.Ticket, o.Ticket
	if a.CertificateHash != nil && b.CertificateHash != nil && !bytes.Equal(a.CertificateHash, b.CertificateHash) {
		return false
	}
	if len(a.Networks) == 0 || len(b.Networks) == 0 { // its certificate alone says who it is
		return true
	}
	return slices.ContainsFunc(a.Networks, func(n netip.Prefix) bool { return slices.ContainsFunc(b.Networks, n.Overlaps) })
}
