package fido

import (
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// record is what is kept of a key: the library's credential (counter, backup flags, transports, attestation) and, as one member more, what
// was found out about its model. A program that does not know the member works, and drops it at the next use; see Judge.assess.
type record struct {
	credential webauthn.Credential
	found      found
}

// found is what was found out about the model of a key when it was enrolled, or later when that became possible.
type found struct {
	Attested      bool   `json:"attested"` // its attestation led to an authority of the model
	Certification string `json:"certification,omitempty"`
	Number        int64  `json:"metadata_no,omitempty"` // of the metadata that said so
	Name          string `json:"name,omitempty"`
}

// member is the name under which found is kept.
const member = "lanyard_model"

func decodeRecord(a people.Authenticator) (record, error) {
	var r record
	if err := json.Unmarshal(a.Record, &r.credential); err != nil {
		return r, fmt.Errorf("fido: record of key %s: %w", a.ID, err)
	}
	more := map[string]json.RawMessage{}
	if err := json.Unmarshal(a.Record, &more); err != nil {
		return r, fmt.Errorf("fido: record of key %s: %w", a.ID, err)
	}
	if kept, ok := more[member]; ok {
		if err := json.Unmarshal(kept, &r.found); err != nil {
			return r, fmt.Errorf("fido: record of key %s: %w", a.ID, err)
		}
	}
	return r, nil
}

func (r record) encode() ([]byte, error) {
	credential, err := json.Marshal(r.credential)
	if err != nil {
		return nil, fmt.Errorf("fido: encode key: %w", err)
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(credential, &members); err != nil {
		return nil, fmt.Errorf("fido: encode key: %w", err)
	}
	if members[member], err = json.Marshal(r.found); err != nil {
		return nil, fmt.Errorf("fido: encode key: %w", err)
	}
	b, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("fido: encode key: %w", err)
	}
	return b, nil
}
