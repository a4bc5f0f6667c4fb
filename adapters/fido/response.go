package fido

import (
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
)

// answer is what came back from a browser, parsed and not yet believed.
type answer struct {
	client clientData
	auth   protocol.AuthenticatorData
}

func parseAssertion(response []byte) (answer, *protocol.ParsedCredentialAssertionData, error) {
	var raw protocol.CredentialAssertionResponse
	if err := decode(response, &raw); err != nil {
		return answer{}, nil, err
	}
	signed := raw.AssertionResponse.ClientDataJSON
	client, plain, err := parseClientData(signed)
	if err != nil {
		return answer{}, nil, err
	}
	raw.AssertionResponse.ClientDataJSON = plain
	parsed, err := raw.Parse()
	if err != nil {
		return answer{}, nil, fmt.Errorf("fido: assertion: %w", err)
	}
	parsed.Raw.AssertionResponse.ClientDataJSON = signed // the signature covers the bytes as they came
	return answer{client: client, auth: parsed.Response.AuthenticatorData}, parsed, nil
}

func parseCreation(response []byte) (answer, *protocol.ParsedCredentialCreationData, error) {
	var raw protocol.CredentialCreationResponse
	if err := decode(response, &raw); err != nil {
		return answer{}, nil, err
	}
	signed := raw.AttestationResponse.ClientDataJSON
	client, plain, err := parseClientData(signed)
	if err != nil {
		return answer{}, nil, err
	}
	raw.AttestationResponse.ClientDataJSON = plain
	parsed, err := raw.Parse()
	if err != nil {
		return answer{}, nil, fmt.Errorf("fido: attestation: %w", err)
	}
	parsed.Raw.AttestationResponse.ClientDataJSON = signed
	return answer{client: client, auth: parsed.Response.AttestationObject.AuthData}, parsed, nil
}

func decode(response []byte, into any) error {
	if err := checkJSON(response); err != nil {
		return err
	}
	if err := json.Unmarshal(response, into); err != nil {
		return fmt.Errorf("%w: %w", errJSON, err)
	}
	return nil
}
