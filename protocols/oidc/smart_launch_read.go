package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// launchRequest is what an EHR asked for, as it was understood.
type launchRequest struct {
	record  launchRecord
	app     *client // nil for a session
	session bool
	life    time.Duration
}

// Lengths of what an EHR says, in bytes.
const (
	maxLaunchText  = 256
	maxFHIRContext = 1024
	maxReferences  = 16
)

func refuseContext(format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, format, args...).WithCode("launch_context")
}

// callLaunch reads and authenticates a request, whose parameters come as a form or as members of one JSON object. On error it has answered.
func (p *Provider) callLaunch(w http.ResponseWriter, r *http.Request) (caller, url.Values, error) {
	if !isKind(r, "application/json") {
		return p.call(w, r)
	}
	var c caller
	claimed := ""
	form, err := readJSONForm(r)
	if err == nil {
		c, claimed, err = p.authenticate(r, form)
	}
	if err != nil {
		p.refuseCall(w, r, claimed, "", err)
	}
	return c, form, err
}

// readJSONForm reads a JSON object as if it were a form: texts, numbers and truth values as they are, anything else as JSON.
func readJSONForm(r *http.Request) (url.Values, error) {
	body, err := readBody(r, "application/json")
	if err != nil {
		return nil, err
	}
	return jsonForm(body)
}

func jsonForm(body []byte) (url.Values, error) {
	members, err := jose.ReadClaims(body)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The body is not a JSON object: %s.", err.Error()).WithCode("json")
	}
	form := url.Values{}
	for name, raw := range members.All() {
		text, err := members.Text(name)
		switch {
		case string(raw) == "null":
			continue
		case err != nil:
			text = string(raw)
		}
		form[name] = []string{text}
	}
	if len(form) > maxParameters {
		return nil, bridge.Refuse(bridge.BadRequest, "Too many parameters.").WithCode("too_many_parameters")
	}
	omitEmpty(form)
	return form, nil
}

// readLaunch reads what the context is for.
func (p *Provider) readLaunch(c caller, form url.Values) (launchRequest, *bridge.Refusal) {
	asked := launchRequest{life: launchLife, session: form.Get("for") == "session"}
	asked.record.From = c.id
	app := form.Get("app")
	switch {
	case form.Has("for") && !asked.session:
		return asked, refuseContext("for must be session, or left out.")
	case asked.session == (app != ""):
		return asked, refuseContext("Name either the app that is launched, by its client_id as app, or for=session.")
	case !asked.session:
		found, err := p.anyPartner(app)
		if err != nil || !slices.Contains(c.terms.Smart.Launches, app) || !slices.Contains(found.scopes, trust.ScopeLaunch) {
			return asked, bridge.Refuse(bridge.BadRequest, "app is none that the terms of this client let it launch, or it may not ask for the scope launch.").WithCode("launch_app")
		}
		asked.app, asked.record.App = found, app
		if asked.record.Server = form.Get("iss"); asked.record.Server != "" {
			if _, ok := p.resource(found, asked.record.Server); !ok {
				return asked, refuseTarget("iss is no FHIR server that the app may have tokens for.")
			}
		}
	}
	if raw := form.Get("expires_in"); raw != "" {
		seconds, err := strconv.ParseUint(raw, 10, 31)
		if err != nil || seconds == 0 || asked.session {
			return asked, refuseContext("expires_in is a number of seconds, of a launch.")
		}
		asked.life = min(time.Duration(seconds)*time.Second, maxLaunchLife)
	}
	var why *bridge.Refusal
	asked.record.Context, why = readContext(form)
	return asked, why
}

// readContext reads the context itself.
func readContext(form url.Values) (launchContext, *bridge.Refusal) {
	l := launchContext{
		Patient: form.Get("patient"), Encounter: form.Get("encounter"), Intent: form.Get("intent"), Style: form.Get("smart_style_url"), Tenant: form.Get("tenant"),
	}
	for name, id := range map[string]string{"patient": l.Patient, "encounter": l.Encounter} {
		if id != "" && !resourceID(id) {
			return l, refuseContext("%s must be the id of a FHIR resource: 1 to 64 letters, digits, hyphens and dots.", name)
		}
	}
	for name, text := range map[string]string{"intent": l.Intent, "tenant": l.Tenant, "smart_style_url": l.Style} {
		if len(text) > maxLaunchText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return l, refuseContext("%s is longer than %d bytes, or has control characters.", name, maxLaunchText)
		}
	}
	if l.Style != "" && trust.CheckAddress(l.Style, false) != nil {
		return l, refuseContext("smart_style_url is not an https URL.")
	}
	switch banner := form.Get("need_patient_banner"); banner {
	case "":
	case "true", "false":
		needed := banner == "true"
		l.Banner = &needed
	default:
		return l, refuseContext("need_patient_banner must be true or false.")
	}
	var why *bridge.Refusal
	if raw := form.Get("fhirContext"); raw != "" {
		l.FHIR, why = readReferences(raw)
	}
	return l, why
}

// fhirReference is one member of fhirContext (SMART App Launch 2.2, fhirContext).
type fhirReference struct {
	Reference  string          `json:"reference,omitempty"`
	Canonical  string          `json:"canonical,omitempty"`
	Identifier json.RawMessage `json:"identifier,omitempty"`
	Type       string          `json:"type,omitempty"`
	Role       string          `json:"role,omitempty"`
}

// readReferences reads fhirContext strictly, and writes it anew.
func readReferences(raw string) (json.RawMessage, *bridge.Refusal) {
	bad := refuseContext("fhirContext must be a JSON array of at most %d objects and %d bytes, each with reference, canonical or identifier (SMART App Launch 2.2, fhirContext).", maxReferences, maxFHIRContext)
	if len(raw) > maxFHIRContext {
		return nil, bad
	}
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.DisallowUnknownFields()
	var list []fhirReference
	if dec.Decode(&list) != nil || dec.More() || len(list) > maxReferences {
		return nil, bad
	}
	for _, r := range list {
		if r.Reference == "" && r.Canonical == "" && len(r.Identifier) == 0 || len(r.Identifier) > 0 && r.Identifier[0] != '{' {
			return nil, bad
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	out, err := json.Marshal(list)
	if err != nil {
		return nil, bad
	}
	return out, nil
}

// resourceID is the type id of FHIR R4.
func resourceID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
	})
}
