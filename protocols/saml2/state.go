package saml2

import (
	"encoding/json"
	"fmt"
)

// state is what is needed to answer a request later. It travels in Request.State.
type state struct {
	ID      string     // of the AuthnRequest; empty: nothing was asked (unsolicited)
	Reply   reply      // where the answer goes, and how
	Relay   relayState // given back as it came
	Format  string     `json:",omitempty"` // NameID format that was asked for
	Subject string     `json:",omitempty"` // identifier that must be the one told; empty: anyone

	Service    *int        `json:",omitempty"` // AttributeConsumingServiceIndex
	Conditions *conditions `json:",omitempty"` // that the assertion shall have
}

func (s state) encode() ([]byte, error) {
	out, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("saml2: write state: %w", err)
	}
	return out, nil
}

func decodeState(raw []byte) (state, error) {
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("saml2: read state: %w", err)
	}
	return s, nil
}
