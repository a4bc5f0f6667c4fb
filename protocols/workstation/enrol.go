package workstation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// enrolment is what an agent says to enrol.
type enrolment struct {
	secret string
	key    *ecdsa.PublicKey
	proof  string
}

// enrolled is the hub's answer.
type enrolled struct {
	Workstation string        `json:"workstation"`
	Name        string        `json:"name"`
	Issuer      string        `json:"issuer"`
	Shared      bool          `json:"shared"`
	Removal     trust.Removal `json:"removal"`
}

// enrol takes the key of an agent that shows the one-time secret of its workstation.
func (p *Provider) enrol(w http.ResponseWriter, r *http.Request) {
	station, err := p.enrolOnce(r)
	if err != nil {
		p.refuse(w, r, station.ID, err)
		return
	}
	writeJSON(w, http.StatusOK, enrolled{station.ID, station.Name, p.Reader.Issuer, station.Shared, p.onRemoval(station)})
}

// enrolOnce returns the workstation as it is stored then, or, with an error, as far as it is proven which it is.
func (p *Provider) enrolOnce(r *http.Request) (trust.Workstation, error) {
	data, err := body(r, "application/json")
	if err != nil {
		return trust.Workstation{}, err
	}
	e, err := readEnrolment(data)
	if err != nil {
		return trust.Workstation{}, bridge.Refuse(bridge.BadRequest, "%s.", err).WithCode("enrolment")
	}
	ctx := r.Context()
	station, err := trust.Enrolling(ctx, p.Workstations, e.secret, p.Hub.Clock())
	if errors.Is(err, trust.ErrEnrolment) {
		return trust.Workstation{}, badSecret().Because(err)
	}
	if err != nil {
		return trust.Workstation{}, fmt.Errorf("workstation: enrol: %w", err)
	}
	if _, err := p.Reader.ReadNew(ctx, station, e.key, e.proof, "enrol"); err != nil {
		return station, err
	}
	if station.Key, err = x509.MarshalPKIXPublicKey(e.key); err != nil {
		return station, fmt.Errorf("workstation: write key: %w", err)
	}
	station.Hash, station.Until = nil, time.Time{}
	event := ledger.Event{
		Time: p.Hub.Clock(), Kind: ledger.WorkstationEnrolled, Ref: bridge.Ref(ctx), Peer: bridge.Peer(ctx),
		Detail: map[string]string{"workstation": station.ID, "key": jose.Thumbprint(e.key)},
	}
	if station.Revision, err = p.Workstations.SaveWorkstation(ctx, station, station.Revision, event); errors.Is(err, trust.ErrConflict) {
		return station, badSecret().Because(err) // somebody else used it, or took it back, at this moment
	} else if err != nil {
		return station, fmt.Errorf("workstation: save: %w", err)
	}
	return station, nil
}

func badSecret() *bridge.Refusal {
	return bridge.Refuse(bridge.BadClient, "This secret is not one by which a workstation may be enrolled now: it may be used, over or taken back.").WithCode("workstation_secret")
}

// readEnrolment reads the body strictly.
func readEnrolment(data []byte) (enrolment, error) {
	var e enrolment
	claims, err := jose.ReadClaims(data)
	if err != nil {
		return e, err
	}
	if e.secret, err = claims.Text("secret"); err != nil {
		return e, err
	}
	if e.proof, err = claims.Text("proof"); err != nil {
		return e, err
	}
	if _, err := claims.Object("key"); err != nil {
		return e, err
	}
	set, err := jose.ReadKeySet(slices.Concat([]byte(`{"keys":[`), claims.Raw("key"), []byte(`]}`)))
	if err != nil {
		return e, err
	}
	key, ok := set.Keys()[0].Public.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return e, errors.New("the key is not on P-256")
	}
	e.key = key
	return e, nil
}
