package saml2

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// ended is what became of one request: the report to show, with the deliveries of all sessions that it named.
type ended struct {
	bridge.LogoutReport
	logouts []string
}

// endSessions ends every session that the request names, at the same time, and is UnknownSubject if it names none. One that could
// not be ended keeps no other alive. The report is that of
// the browser's own session, here, if it is among them.
func (p *Provider) endSessions(ctx context.Context, q logoutInquiry, here string) (ended, error) {
	sessions, err := p.namedSessions(ctx, q)
	if err != nil {
		return ended{}, err
	}
	if len(sessions) == 0 {
		return ended{}, noSession()
	}
	var total ended
	cause := bridge.LogoutCause{Reason: bridge.EndedByPartner, Ref: bridge.Ref(ctx), Protocol: trust.SAML2, Partner: q.partner.ID}
	reports, errs := make([]bridge.LogoutReport, len(sessions)), make([]error, len(sessions))
	p.Hub.Parallel(len(sessions), func(i int) { reports[i], errs[i] = p.Hub.Logout(ctx, sessions[i], cause) })
	for i, report := range reports {
		if errs[i] != nil {
			continue
		}
		deliveries := append(total.Deliveries, report.Deliveries...)
		if total.ID == "" || sessions[i] == here {
			total.LogoutReport = report
		}
		total.Deliveries, total.logouts = deliveries, append(total.logouts, report.ID)
	}
	return total, errors.Join(errs...)
}

func noSession() *bridge.Refusal {
	return bridge.Refuse(bridge.UnknownSubject, "The sign-out request names no session of this system.").WithCode("unknown_session")
}

// namedSessions finds the sessions by index; without one, all of the subject (SAML Core 3.7.1). In each of them the partner
// must have been told the NameID of the request.
func (p *Provider) namedSessions(ctx context.Context, q logoutInquiry) ([]string, error) {
	if q.req.Subject.sealed != nil && !p.open(&q.req.Subject, q.partner) {
		return nil, noSession().WithCode(codeEncryptedID)
	}
	if q.req.Subject.Encrypted {
		return nil, bridge.Refuse(bridge.UnsupportedRequest, "A sign-out request must name its subject by a NameID.").WithCode("subject_form")
	}
	candidates, err := p.candidates(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("saml2: find sessions: %w", err)
	}
	var out []string
	for _, c := range candidates {
		if c.Protocol == trust.SAML2 && c.Partner == q.partner.ID && p.toldAs(c, q.req.Subject.NameID) && !slices.Contains(out, c.Session) {
			out = append(out, c.Session)
		}
	}
	return out, nil
}

func (p *Provider) candidates(ctx context.Context, q logoutInquiry) ([]bridge.Participant, error) {
	if len(q.req.Indexes) > 0 {
		return p.byIndex(ctx, q)
	}
	return p.Hub.Participants.ParticipantsOf(ctx, trust.SAML2, q.partner.ID, q.req.Subject.NameID.Value)
}

func (p *Provider) byIndex(ctx context.Context, q logoutInquiry) ([]bridge.Participant, error) {
	var out []bridge.Participant
	for _, index := range q.req.Indexes {
		found, err := p.Hub.Participants.FindParticipant(ctx, trust.SAML2, q.partner.ID, index)
		switch {
		case errors.Is(err, bridge.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			names, err := p.Hub.Participants.Participants(ctx, found.Session)
			if err != nil {
				return nil, err
			}
			out = append(out, names...)
		}
	}
	return out, nil
}
