package ticket

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// roleAssertion answers a legacy system's server. Whatever is refused, the answer tells the caller only
// that it is: a stranger learns nothing about a ticket.
func (p *Provider) roleAssertion(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	token, err := tokenParam(r.URL.RawQuery)
	var grant bridge.Grant
	if err == nil {
		grant, err = p.grant(r, token)
	}
	var iss bridge.Issuance
	if err == nil {
		iss, err = p.hub.Reissue(ctx, grant, ledger.TicketRead)
	}
	if err == nil {
		err = p.hub.Deliver(ctx, iss)
	}
	if err != nil {
		p.refuse(w, r, p.hub.RefuseRequest(ctx, ledger.TicketRefused, grant.Partner, bridge.Ref(ctx), err))
		return
	}
	writeXML(w, http.StatusOK, p.document(iss, token, bridge.Peer(ctx)))
}

// tokenParam reads the one parameter there may be.
func tokenParam(rawQuery string) (string, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil || len(q["token"]) != 1 || len(q["token"][0]) == 0 || len(q["token"][0]) > ticketMax {
		return "", bridge.Refuse(bridge.BadRequest, "The token parameter must be given once.").WithCode("ticket_malformed")
	}
	return q["token"][0], nil
}

// grant finds what a ticket stands for and checks that the caller is the system it was issued to.
func (p *Provider) grant(r *http.Request, token string) (bridge.Grant, error) {
	a, err := p.hub.Artifacts.Get(r.Context(), bridge.KindTicket, bridge.Key(token), p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) || (err == nil && a.Spent) {
		return bridge.Grant{}, bridge.Refuse(bridge.BadGrant, "The ticket is not valid.").WithCode("ticket_unknown")
	}
	if err != nil {
		return bridge.Grant{}, fmt.Errorf("ticket: find: %w", err)
	}
	var g bridge.Grant
	if err := json.Unmarshal(a.Payload, &g); err != nil {
		return bridge.Grant{}, fmt.Errorf("ticket: read grant: %w", err)
	}
	partner, err := p.hub.Partner(trust.Ticket, g.Partner)
	if err != nil {
		return g, err
	}
	return g, bound(r, partner)
}

// bound checks the partner's network and certificate, both where both are registered.
func bound(r *http.Request, partner trust.Partner) error {
	other := bridge.Refuse(bridge.BadClient, "The ticket is not valid.")
	if len(partner.Ticket.Networks) > 0 {
		addr, err := netip.ParseAddr(bridge.Peer(r.Context()))
		if err != nil || !within(addr, partner.Ticket.Networks) {
			return other.WithCode("ticket_network")
		}
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

func within(addr netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// destroy ends one ticket at its system's wish. The session lives on.
func (p *Provider) destroy(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	token := r.PostFormValue("token")
	grant, err := p.grant(r, token)
	if err == nil {
		err = p.spend(ctx, token, grant)
	}
	if err != nil {
		p.refuse(w, r, p.hub.RefuseRequest(ctx, ledger.TicketRefused, grant.Partner, bridge.Ref(ctx), err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// spend ends a ticket and records it, in one commit.
func (p *Provider) spend(ctx context.Context, token string, g bridge.Grant) error {
	s, err := p.hub.Sessions.Session(ctx, g.Session)
	if err != nil {
		return fmt.Errorf("ticket: find session: %w", err)
	}
	now := p.hub.Clock()
	event := ledger.Event{
		Time: now, Kind: ledger.TicketDestroyed, Ref: bridge.Ref(ctx), Tracking: g.Session, Subject: s.UID, Role: g.RoleID, Partner: g.Partner,
		Peer: bridge.Peer(ctx), Detail: map[string]string{"issued_ref": g.Ref},
	}
	err = p.hub.Journal.Commit(ctx, bridge.ConsumeArtifact{Kind: bridge.KindTicket, Key: bridge.Key(token), Now: now}, bridge.Append{Event: event})
	if errors.Is(err, bridge.ErrSpent) || errors.Is(err, bridge.ErrNotFound) {
		return bridge.Refuse(bridge.BadGrant, "The ticket is not valid.").WithCode("ticket_unknown").Because(err)
	}
	if err != nil {
		return fmt.Errorf("ticket: destroy: %w", err)
	}
	return nil
}
