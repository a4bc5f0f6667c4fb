package oidc

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
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Kinds of what an EHR put at hand: for one launch of one app, and for whichever of its apps is opened in a session.
const (
	kindLaunch  bridge.ArtifactKind = "oidc-launch"
	kindContext bridge.ArtifactKind = "oidc-context"
)

// launchPath is below the issuer.
const launchPath = "/oidc/launch"

// Lifetimes of a launch.
const (
	launchLife    = 5 * time.Minute
	maxLaunchLife = 10 * time.Minute
)

// launchRecord is a context as it is stored.
type launchRecord struct {
	From    string        `json:"f"`           // id of the EHR
	App     string        `json:"a,omitempty"` // the one app that it is for; empty: any that the EHR may launch
	Server  string        `json:"s,omitempty"` // FHIR server that it is about; empty: not said
	Context launchContext `json:"c"`
}

// launchAnswer is what an EHR hears.
type launchAnswer struct {
	Launch  string `json:"launch,omitempty"`
	Expires int64  `json:"expires_in"` // seconds
	URL     string `json:"launch_url,omitempty"`
}

// launch takes a context from an EHR in whose session a clinician works (SMART App Launch 2.2, EHR launch, leaves this to the EHR and
// its authorization server). It goes with that session.
func (p *Provider) launch(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.callLaunch(w, r)
	if err != nil {
		return
	}
	answer, err := p.keepLaunch(r.Context(), c, form)
	if err != nil {
		if spent := p.spend(r.Context(), c); spent != nil && bridge.AsRefusal(err).Reason != bridge.Replayed {
			err = spent
		}
		p.refuseCall(w, r, c.id, "", err)
		return
	}
	writeJSON(w, http.StatusCreated, answer)
}

func (p *Provider) keepLaunch(ctx context.Context, c caller, form url.Values) (launchAnswer, error) {
	none := launchAnswer{}
	if len(c.terms.Smart.Launches) == 0 {
		return none, bridge.Refuse(bridge.UnsupportedRequest, "The terms of this client do not let it launch apps (oidc.smart.launches).").WithCode(codeUnauthorizedClient)
	}
	asked, why := p.readLaunch(c, form)
	if why != nil {
		return none, why
	}
	detail := map[string]string{"app": asked.record.App}
	if asked.session {
		detail["app"] = "any"
	}
	iss, err := p.sessionOf(ctx, c, form, detail)
	if err != nil {
		return none, err
	}
	payload, err := json.Marshal(asked.record)
	if err != nil {
		return none, fmt.Errorf("oidc: write launch: %w", err)
	}
	now := p.hub.Clock()
	put := bridge.PutArtifact{Artifact: bridge.Artifact{Kind: kindContext, Key: iss.SessionID, Session: iss.SessionID, Payload: payload, Expires: iss.SessionEnds}, Replace: true}
	answer := none
	if !asked.session {
		secret := p.hub.NewSecret()
		put.Artifact.Kind, put.Artifact.Key, put.Artifact.Expires, put.Replace = kindLaunch, bridge.Key(secret), earlier(now.Add(asked.life), iss.SessionEnds), false
		answer.Launch, answer.URL = secret, launchURL(asked.app, asked.record.Server, secret)
	}
	answer.Expires = int64(put.Artifact.Expires.Sub(now) / time.Second)
	if err := p.hub.Deliver(ctx, iss, append([]bridge.Write{put}, c.marks()...)...); err != nil {
		if errors.Is(err, bridge.ErrExists) {
			err = refusedReplay().Because(err)
		}
		return none, err
	}
	return answer, nil
}

// launchURL is where the EHR sends the browser (SMART App Launch 2.2, EHR launch: iss and launch); empty if that is not known.
func launchURL(app *client, server, secret string) string {
	at := app.terms.Smart.LaunchURI
	if at == "" || server == "" {
		return ""
	}
	return withQuery(at, url.Values{"iss": {server}, "launch": {secret}})
}

// sessionOf finds the session that an EHR names: by the sid of its ID token, or by an access token of its own. It must live, and the
// person's role must still be open.
func (p *Provider) sessionOf(ctx context.Context, c caller, form url.Values, detail map[string]string) (bridge.Issuance, error) {
	gone := bridge.Refuse(bridge.BadRequest, "sid or access_token names no living session in which this client was told of the person.").WithCode("launch_session")
	g := bridge.Grant{Partner: c.id, Protocol: trust.OIDC, Ref: bridge.Ref(ctx), Wants: []string{}, Detail: detail, Quiet: true}
	switch sid, token := form.Get("sid"), form.Get("access_token"); {
	case (sid == "") == (token == ""):
		return bridge.Issuance{}, bridge.Refuse(bridge.BadRequest, "Name the session of the person: either sid, as the ID token has it, or access_token.").WithCode("launch_session")
	case sid != "":
		told, err := p.hub.Participants.FindParticipant(ctx, trust.OIDC, c.id, sid)
		if errors.Is(err, bridge.ErrNotFound) {
			return bridge.Issuance{}, gone.Because(err)
		}
		if err != nil {
			return bridge.Issuance{}, err
		}
		g.Session = told.Session
	default:
		t, err := p.readAccess(token)
		if err != nil || t.Client != c.id {
			return bridge.Issuance{}, gone.Because(err)
		}
		own, _, err := p.living(ctx, t)
		if err != nil || own == nil {
			return bridge.Issuance{}, gone.Because(err)
		}
		g.Session = own.Session
	}
	s, err := p.hub.Sessions.Session(ctx, g.Session)
	if errors.Is(err, bridge.ErrNotFound) {
		return bridge.Issuance{}, gone.Because(err)
	}
	if err != nil {
		return bridge.Issuance{}, err
	}
	g.RoleID = s.RoleID
	iss, err := p.hub.Reissue(ctx, g, ledger.ContextGiven)
	if why := bridge.AsRefusal(err); err != nil && !why.OurFault() {
		err = gone.Because(err)
	}
	return iss, err
}

// mayLaunch reports whether the terms of an EHR let it launch an app.
func (p *Provider) mayLaunch(ehr, app string) bool {
	c, err := p.anyPartner(ehr)
	return err == nil && slices.Contains(c.terms.Smart.Launches, app)
}
