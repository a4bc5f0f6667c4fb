package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
)

var errAlertStatus = errors.New("hub: the address of alerts did not take it")

// emergencyNames are what emergency access is called in each protocol; nil where there is none.
func emergencyNames(c config.Emergency) map[trust.Protocol]string {
	if !c.Enabled {
		return nil
	}
	return map[trust.Protocol]string{trust.SAML2: c.Class, trust.Ticket: c.Class, trust.OIDC: c.ACR}
}

// emergencyPolicy puts the configuration into the words of the core; nil where there is no emergency access. An error is of the
// configuration.
func emergencyPolicy(c config.Emergency, t translate.Translator, lab bool) (*bridge.EmergencyPolicy, error) {
	if !c.Enabled {
		return nil, nil
	}
	compiler, err := trust.NewCompiler()
	if err != nil {
		return nil, err
	}
	who, err := compiler.Condition(c.Who)
	if err != nil {
		return nil, fmt.Errorf("emergency.who: %w", err)
	}
	p := &bridge.EmergencyPolicy{Life: c.Life, KeepNotes: c.KeepNotes, Who: func(in bridge.Facts) bool { return t.Holds(who, in) }}
	for _, line := range c.Reasons {
		code, text, _ := strings.Cut(line, "=")
		p.Reasons = append(p.Reasons, bridge.EmergencyReason{Code: code, Text: text})
	}
	if c.Alert.URL == "" {
		return p, nil
	}
	if err := trust.CheckAddress(c.Alert.URL, lab); err != nil {
		return nil, fmt.Errorf("emergency.alert.url: %w", err)
	}
	p.Alert = alertPost{config: c.Alert, client: httpsource.New(httpsource.Options{Timeout: 5 * time.Second, MaxBytes: 64 << 10, AllowPrivate: true, AllowLocalhost: lab})}
	return p, nil
}

// noSecondMeaning refuses a class of emergency access that a normal sign-in could be called by.
func noSecondMeaning(c config.Emergency, known []trust.ContextClass) error {
	if c.Enabled && (trust.IsContext(known, c.Class) || c.Class == trust.ClassUnspecified) {
		return fmt.Errorf("emergency.class: %s is the class of another sign-in", c.Class)
	}
	return nil
}

// alertPost implements bridge.Alerter.
type alertPost struct {
	config config.EmergencyAlert
	client *httpsource.Client
}

// Alert posts the reference of the alert and the time, and nothing of anybody: who may know more looks it up.
func (a alertPost) Alert(ctx context.Context, id string, opened time.Time) error {
	body, err := json.Marshal(map[string]string{"event": "emergency_opened", "alert": id, "time": opened.UTC().Format(time.RFC3339)})
	if err != nil {
		return fmt.Errorf("hub: alert: %w", err)
	}
	var headers []httpsource.Header
	if token := a.config.Token.Reveal(); token != "" {
		headers = append(headers, httpsource.Header{Name: "Authorization", Value: "Bearer " + token})
	}
	r, err := a.client.Post(ctx, a.config.URL, "application/json", body, headers...)
	if err != nil {
		return err
	}
	if !r.OK() {
		return fmt.Errorf("%w: status %d", errAlertStatus, r.Status)
	}
	return nil
}

// wireEmergency completes the core.
func (h *Hub) wireEmergency(t translate.Translator) (err error) {
	h.core.Emergencies = h.store
	h.core.Emergency, err = emergencyPolicy(h.options.Config.Emergency, t, h.options.Lab)
	return err
}
