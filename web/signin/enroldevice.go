package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// keyInvited finds who may register a key by this link. If nobody may the page has been shown.
func (s *SignIn) keyInvited(w http.ResponseWriter, r *http.Request, key string) (people.Person, bool) {
	_, person, err := s.invited(r.Context(), key)
	if err == nil && (s.Keys == nil || s.Authenticators == nil) {
		err = noKeys()
	}
	if err != nil {
		s.enrolRefused(w, r, "", err)
	}
	return person, err == nil
}

func (s *SignIn) beginEnrolKey(w http.ResponseWriter, r *http.Request) {
	key := bridge.Key(r.PathValue("token"))
	person, ok := s.keyInvited(w, r, key)
	if !ok {
		return
	}
	options, state, err := s.Keys.BeginEnrolment(r.Context(), person)
	if err != nil {
		s.enrolRefused(w, r, "", err)
		return
	}
	s.begin(w, r, options, ceremony{Browser: bridge.Key(s.Kit.Browser(r).Binding), Enrolment: key, State: state})
}

func (s *SignIn) finishEnrolKey(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	key, again := bridge.Key(token), "/enrol/"+url.PathEscape(token)
	person, ok := s.keyInvited(w, r, key)
	if !ok {
		return
	}
	state, err := s.answered(r, s.Kit.Browser(r), ceremony{Enrolment: key})
	if err != nil {
		s.enrolRefused(w, r, again, err)
		return
	}
	made, err := s.Keys.FinishEnrolment(r.Context(), person, state, []byte(r.PostFormValue("credential")), s.Hub.Clock())
	if err != nil {
		s.enrolRefused(w, r, again, err)
		return
	}
	made.Authenticator.Label = cmp.Or(web.Plain(r.PostFormValue("label")), web.Plain(made.Model))
	s.enrol(w, r, key, again, made)
}

func (s *SignIn) startEnrolCard(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	_, _, err := s.invited(r.Context(), bridge.Key(token))
	if err == nil && (s.Cards == nil || s.Authenticators == nil) {
		err = noCards()
	}
	if err != nil {
		s.enrolRefused(w, r, "", err)
		return
	}
	a := attempt{Browser: bridge.Key(s.Kit.Browser(r).Binding), Enrolment: bridge.Key(token), Ref: bridge.Ref(r.Context())}
	s.sendToCard(w, r, a, "?"+url.Values{"e": {token}}.Encode()) // for the way back; the store keeps only its hash
}

func (s *SignIn) finishEnrolCard(w http.ResponseWriter, r *http.Request) {
	found, err := s.collect(r.Context(), s.Kit.Browser(r), r.FormValue("proof"))
	if err == nil && found.Card == nil {
		err = outOfDate("card_proof_other")
	}
	if err != nil {
		s.enrolRefused(w, r, "", err)
		return
	}
	s.Kit.Refer(w, r, found.Attempt.Ref)
	s.enrol(w, r, found.Attempt.Enrolment, "", bridge.NewKey{Authenticator: *found.Card})
}

type enrolledPage struct {
	Device, Name string
	Model        string // of a key; empty: not known
	Level        string // what a key is good for
	Number       bool   // it needs the staff number at each sign-in
}

// deviceOf is what people call a card or key.
func deviceOf(a people.Authenticator) string {
	if a.Kind == people.Smartcard {
		return "smartcard"
	}
	return "security key"
}

// levelOf says in words what a sign-in with a key is good for.
func levelOf(a bridge.Assurance) string {
	switch a {
	case 3:
		return "It signs you in at level 3, the highest."
	case 2:
		return "It signs you in at level 2. Apps that need level 3 will ask you for another key, or a smartcard."
	case 1:
		return "It signs you in at level 1. Apps that need more will ask you for another key, or a smartcard."
	}
	return ""
}

// enrol binds the authenticator and shows it.
func (s *SignIn) enrol(w http.ResponseWriter, r *http.Request, key, again string, made bridge.NewKey) {
	person, err := s.bind(r.Context(), key, &made.Authenticator, made.Evidence)
	if err != nil {
		s.enrolRefused(w, r, again, err)
		return
	}
	page := enrolledPage{Device: "Your " + deviceOf(made.Authenticator), Name: person.Name, Model: web.Plain(made.Model), Level: levelOf(made.Assurance), Number: made.NeedsNumber}
	s.Kit.Page(w, r, "enrolled", "You are set up", page, web.PageOptions{})
}

// bind spends the enrolment, saves the authenticator and records it, in one commit.
func (s *SignIn) bind(ctx context.Context, key string, a *people.Authenticator, evidence map[string]string) (people.Person, error) {
	i, person, err := s.invited(ctx, key)
	if err != nil {
		return person, err
	}
	taken := bridge.Refuse(bridge.AuthenticationFailed, "It is registered already, to you or to somebody else.").WithCode("already_registered")
	switch _, err := s.Authenticators.Authenticator(ctx, a.Kind, a.Handle); {
	case err == nil:
		return person, taken
	case !errors.Is(err, people.ErrNotFound):
		return person, fmt.Errorf("signin: find authenticator: %w", err)
	}
	now := s.Hub.Clock()
	a.UID, a.Added = i.UID, now
	if a.ID == "" {
		a.ID = s.Hub.NewID()
	}
	if a.Label == "" {
		a.Label = map[people.Kind]string{people.Smartcard: "Smartcard", people.FIDO2: "Security key"}[a.Kind]
	}
	detail := map[string]string{"by": i.By, "authenticator": a.ID}
	maps.Copy(detail, evidence)
	event := ledger.Event{
		Time: now, Kind: ledger.Enrolled, Ref: bridge.Ref(ctx), Subject: i.UID, Peer: bridge.Peer(ctx), Method: string(a.Kind), Detail: detail,
	}
	err = s.Hub.Journal.Commit(ctx, bridge.ConsumeArtifact{Kind: bridge.KindEnrolment, Key: key, Now: now}, bridge.AddAuthenticator{Authenticator: *a}, bridge.Append{Event: event})
	if errors.Is(err, people.ErrConflict) {
		return person, taken
	}
	if err != nil {
		if _, ok := lost(err, "").(*bridge.Refusal); ok {
			return person, bridge.Refuse(bridge.TransactionGone, "This link was used already.").WithCode("enrolment").Because(err)
		}
		return person, fmt.Errorf("signin: spend enrolment: %w", err)
	}
	return person, nil
}
