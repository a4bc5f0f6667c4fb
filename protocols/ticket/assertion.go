package ticket

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// roleAssertion answers a legacy system's server. Whatever is refused, the answer tells the caller only
// that it is: a stranger learns nothing about a ticket.
func (p *Provider) roleAssertion(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	token, err := tokenParam(r.URL.RawQuery)
	var iss bridge.Issuance
	var partner trust.Partner
	if err == nil {
		iss, partner, err = p.read(r, token)
	}
	var doc []byte
	if err == nil {
		doc, err = p.encode(iss, partner, token, bridge.Peer(ctx))
	}
	if err == nil {
		err = p.hub.Deliver(ctx, iss)
	}
	if refusal := p.refused(r, partner, err); refusal != nil {
		p.turnAway(w, r, refusal)
		return
	}
	writeXML(w, http.StatusOK, doc)
}

// read decides what the system that presents a ticket is told. Deliver records it.
func (p *Provider) read(r *http.Request, token string) (bridge.Issuance, trust.Partner, error) {
	h, partner, err := p.presented(r, token)
	if err != nil {
		return bridge.Issuance{}, partner, err
	}
	iss, err := decide(r.Context(), p.hub, h)
	return iss, partner, err
}

// decide decides what the system is told that the ticket names by now. While a person with roles has none in use nothing is told: the document
// has to say which it is. One without any is the terms' affair. Session and person are read once, unless something is refused.
func decide(ctx context.Context, hub *bridge.Hub, h held) (bridge.Issuance, error) {
	iss, err := hub.Reissue(ctx, h.Grant, ledger.TicketRead)
	switch {
	case !h.Follows:
	case err != nil:
		s, person, gone := hub.Holder(ctx, h.Grant)
		if gone == nil && s.RoleID == "" && len(person.OpenRoles(hub.Clock())) > 0 {
			return bridge.Issuance{}, noRole()
		}
	case iss.Role.ID == "" && len(iss.Person.OpenRoles(iss.At)) > 0:
		return bridge.Issuance{}, noRole()
	}
	return iss, err
}

func noRole() *bridge.Refusal {
	return bridge.Refuse(bridge.InteractionRequired, "No role was chosen yet.").WithCode("ticket_no_role")
}

// tokenParam reads the one parameter there may be.
func tokenParam(rawQuery string) (string, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil || len(q["token"]) != 1 || len(q["token"][0]) == 0 || len(q["token"][0]) > ticketMax {
		return "", bridge.Refuse(bridge.BadRequest, "The token parameter must be given once.").WithCode("ticket_malformed")
	}
	return q["token"][0], nil
}

// bound checks the partner's network and certificate, both where both are registered.
func bound(r *http.Request, partner trust.Partner) error {
	other := bridge.Refuse(bridge.BadClient, "The ticket is not valid.")
	if !within(r, partner.Ticket.Networks) {
		return other.WithCode("ticket_network")
	}
	if want := partner.Ticket.CertificateHash; want != nil {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			return other.WithCode("ticket_certificate")
		}
		got := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(got[:], want) != 1 {
			return other.WithCode("ticket_certificate")
		}
	}
	return nil
}

// within reports whether a call comes from one of some networks; from everywhere, where there are none.
func within(r *http.Request, networks []netip.Prefix) bool {
	if len(networks) == 0 {
		return true
	}
	addr, err := netip.ParseAddr(bridge.Peer(r.Context()))
	return err == nil && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr.Unmap()) })
}

// destroy ends one ticket at its system's wish. The session lives on. An agent's ticket is not one system's to end.
func (p *Provider) destroy(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	h, partner, err := p.presented(r, r.PostFormValue("token"))
	if err == nil && h.agents {
		err = unknownTicket().WithCode("ticket_agents")
	}
	if err == nil {
		err = spend(ctx, p.hub, h, "")
	}
	if refusal := p.refused(r, partner, err); refusal != nil {
		p.turnAway(w, r, refusal)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// spend ends a ticket and records it, in one commit. by says who decided, where it was not its system.
func spend(ctx context.Context, hub *bridge.Hub, h held, by string) error {
	s, err := hub.Sessions.Session(ctx, h.Session)
	if err != nil {
		return fmt.Errorf("ticket: find session: %w", err)
	}
	now := hub.Clock()
	event := ledger.Event{
		Time: now, Kind: ledger.TicketDestroyed, Ref: bridge.Ref(ctx), Tracking: h.Session, Subject: s.UID, Role: h.RoleID, Partner: h.Partner,
		Peer: bridge.Peer(ctx), Detail: map[string]string{"issued_ref": h.Ref},
	}
	if by != "" {
		event.Detail["by"] = by
	}
	err = hub.Journal.Commit(ctx, bridge.ConsumeArtifact{Kind: bridge.KindTicket, Key: bridge.Key(h.token), Now: now}, bridge.Append{Event: event})
	if errors.Is(err, bridge.ErrSpent) || errors.Is(err, bridge.ErrNotFound) {
		return unknownTicket().Because(err)
	}
	if err != nil {
		return fmt.Errorf("ticket: destroy: %w", err)
	}
	return nil
}
