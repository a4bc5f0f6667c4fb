package oidc

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ory/fosite"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// grant is what a code, an access token or a refresh token stands for. Each artifact carries a whole copy, so
// that a lookup is one read.
type grant struct {
	ID        string   `json:"i"` // artifact group
	Client    string   `json:"c"`
	Session   string   `json:"s"`
	Subject   string   `json:"u"` // as the client was told first
	Role      string   `json:"r,omitempty"`
	ACR       []string `json:"a,omitempty"`
	Scopes    []string `json:"p"`
	Ref       string   `json:"f,omitempty"`
	Since     int64    `json:"t"` // when this artifact was issued, seconds since 1970
	Redirect  string   `json:"d,omitempty"`
	Challenge string   `json:"h,omitempty"`
	Nonce     string   `json:"n,omitempty"`
	AuthnAt   int64    `json:"w"` // when the person proved before it was granted, seconds since 1970
}

// bridge is the grant as the core decides over it. wants are the claims that will be printed; nil: all.
func (g *grant) bridge(p *Provider, wants []string) bridge.Grant {
	return bridge.Grant{Session: g.Session, Partner: g.Client, Protocol: trust.OIDC, RoleID: g.Role, Contexts: p.contexts(g.ACR), Ref: g.Ref, Wants: wants}
}

// artifact stores the grant under the hash of a secret.
func (g grant) artifact(kind bridge.ArtifactKind, key string, now, expires time.Time) (bridge.Artifact, error) {
	g.Since = now.Unix()
	if kind != bridge.KindAuthCode {
		g.Redirect, g.Challenge, g.Nonce = "", "", ""
	}
	payload, err := json.Marshal(g)
	if err != nil {
		return bridge.Artifact{}, fmt.Errorf("oidc: write grant: %w", err)
	}
	return bridge.Artifact{Kind: kind, Key: key, Group: g.ID, Session: g.Session, Payload: payload, Expires: expires}, nil
}

func readGrant(a bridge.Artifact) (*grant, error) {
	var g grant
	if err := json.Unmarshal(a.Payload, &g); err != nil {
		return nil, fmt.Errorf("oidc: read grant: %w", err)
	}
	return &g, nil
}

// grantSession carries a grant through fosite. Expiry is the artifact's own, by the hub's clock: fosite asks
// the machine's, so what it says here is not kept.
type grantSession struct{ grant *grant }

func (grantSession) SetExpiresAt(fosite.TokenType, time.Time)       {}
func (grantSession) GetExpiresAt(fosite.TokenType) (none time.Time) { return none }
func (grantSession) GetUsername() string                            { return "" }
func (s grantSession) GetSubject() string                           { return s.grant.Subject }
func (s grantSession) Clone() fosite.Session                        { return s }

// otherClient stands for the owner of a grant who is not the one asking.
func otherClient(id string) fosite.Client { return &fosite.DefaultClient{ID: id} }
