package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// NewEnrolment makes a link, /enrol/TOKEN, by which a person binds one authenticator to themselves. by is who
// made it, for the record. The token is not stored, only its hash. A link that the person was given before works no more.
func NewEnrolment(ctx context.Context, hub *bridge.Hub, uid, by string, life time.Duration) (token string, err error) {
	p, err := hub.Directory.Person(ctx, uid)
	if err != nil {
		return "", fmt.Errorf("signin: enrol %s: %w", uid, err)
	}
	if p.Status != people.Active {
		return "", fmt.Errorf("signin: enrol %s: %w: the person is suspended", uid, people.ErrInvalid)
	}
	payload, err := json.Marshal(invitation{UID: uid, By: by})
	if err != nil {
		return "", fmt.Errorf("signin: write enrolment: %w", err)
	}
	token, now := hub.NewSecret(), hub.Clock()
	a := bridge.Artifact{Kind: bridge.KindEnrolment, Key: bridge.Key(token), Group: "enrolment of " + uid, Payload: payload, Expires: now.Add(life)}
	if err := hub.Artifacts.DropGroup(ctx, a.Group); err != nil { // a link made before, which may have gone astray, ends here
		return "", fmt.Errorf("signin: end earlier enrolments: %w", err)
	}
	event := ledger.Event{Time: now, Kind: ledger.EnrolmentIssued, Subject: uid, Peer: bridge.Peer(ctx), Ref: bridge.Ref(ctx), Detail: map[string]string{"by": by}}
	if err := hub.Journal.Commit(ctx, bridge.PutArtifact{Artifact: a}, bridge.Append{Event: event}); err != nil {
		return "", fmt.Errorf("signin: save enrolment: %w", err)
	}
	return token, nil
}

type enrolPage struct {
	Path      string
	Name, Org string
	Key, Card bool
	Reach     keyReach
}

// invited finds the person of an enrolment that can still be used.
func (s *SignIn) invited(ctx context.Context, key string) (invitation, people.Person, error) {
	over := bridge.Refuse(bridge.TransactionGone, "This link was used already, or is too old. Ask your Registration Authority for a new one.").WithCode("enrolment")
	var i invitation
	spent, err := s.look(ctx, bridge.KindEnrolment, key, &i)
	if err != nil || spent {
		if _, ok := lost(err, "").(*bridge.Refusal); ok {
			return i, people.Person{}, over
		}
		return i, people.Person{}, err
	}
	p, err := s.Hub.Directory.Person(ctx, i.UID)
	if errors.Is(err, people.ErrNotFound) || err == nil && p.Status != people.Active {
		return i, p, over
	}
	if err != nil {
		return i, p, fmt.Errorf("signin: load person: %w", err)
	}
	return i, p, nil
}

func (s *SignIn) enrolPage(w http.ResponseWriter, r *http.Request) {
	b := s.Kit.BindBrowser(w, r)
	token := r.PathValue("token")
	_, person, err := s.invited(r.Context(), bridge.Key(token))
	if err != nil {
		s.enrolRefused(w, r, "", err)
		return
	}
	page := enrolPage{
		Path: "/enrol/" + url.PathEscape(token), Name: person.Name, Org: organisation(person, s.Hub.Clock()),
		Key: s.Keys != nil && s.Authenticators != nil, Card: s.Cards != nil && s.Authenticators != nil,
		Reach: s.reach(),
	}
	s.Kit.PageWho(w, r, b, "", "enrol", "Set up how you sign in", page, web.PageOptions{FormAction: []string{s.Kit.CardOrigin}})
}

func organisation(p people.Person, now time.Time) string {
	i := slices.IndexFunc(p.Orgs, func(o people.Organisation) bool { return o.OpenAt(now) })
	if i >= 0 {
		return p.Orgs[i].Name
	}
	if roles := p.OpenRoles(now); len(roles) > 0 {
		return roles[0].OrgName
	}
	return ""
}

// enrolRefused shows why nothing was registered; again is the path to try once more.
func (s *SignIn) enrolRefused(w http.ResponseWriter, r *http.Request, again string, err error) {
	refusal := bridge.AsRefusal(err)
	switch refusal.Reason {
	case bridge.Internal, bridge.Unavailable:
		s.Kit.Refuse(w, r, err)
		return
	case bridge.TransactionGone:
		page := refusedPage{Lead: "Each link works once, and only for a short time.", Steps: []string{"Ask your Registration Authority for a new one."}, RA: true, Reason: refusal.AuditCode(), Home: "/"}
		s.Kit.Page(w, r, "refused", "This link no longer works", page, web.PageOptions{Status: http.StatusNotFound})
		return
	}
	page, status, _ := explain(refusal)
	page.Steps, page.RA, page.Again = []string{"Try again, or ask your Registration Authority."}, true, again
	s.Kit.Page(w, r, "refused", "Nothing was registered", page, web.PageOptions{Status: status})
}
