package fido

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// statement is an attestation statement that was decoded, and is not yet believed.
type statement struct {
	format   protocol.AttestationFormat
	fields   map[string]any
	path     []*x509.Certificate // its x5c, leaf first; empty: it has none
	model    AAGUID
	key      []byte // of the credential, in COSE
	authData []byte // as it was signed
	client   []byte // hash of the client data
}

var (
	errStatement = errors.New("fido: attestation statement")
	errNaming    = errors.New("fido: certificate of another model, or of none that can be read")
)

// statementRule is one requirement on statements of some formats.
type statementRule struct {
	formats []protocol.AttestationFormat // nil: of all
	check   func(statement) error
}

// statementRules are ours, beside the library's. It reads Android's and Apple's statements only if they lead to roots that are built into it;
// here metadata and policy say whom to believe, as for every other format, so these two are read by our rules alone: see ownFormats.
func statementRules() []statementRule {
	u2f := []protocol.AttestationFormat{protocol.AttestationFormatFIDOUniversalSecondFactor}
	android := []protocol.AttestationFormat{protocol.AttestationFormatAndroidKey}
	apple := []protocol.AttestationFormat{protocol.AttestationFormatApple}
	return []statementRule{
		{nil, namesNoOther},
		{u2f, namesNoModel},
		{ownFormats(), certifiesCredential},
		{android, signedByCredential},
		{android, describesKey},
		{apple, holdsNonce},
	}
}

// ownFormats are those of which the library sees no statement.
func ownFormats() []protocol.AttestationFormat {
	return []protocol.AttestationFormat{protocol.AttestationFormatAndroidKey, protocol.AttestationFormatApple}
}

// attested verifies the attestation of a new credential, and everything else that the library looks at.
func (k *Keys) attested(u user, s state, parsed *protocol.ParsedCredentialCreationData) (*webauthn.Credential, error) {
	object := &parsed.Response.AttestationObject
	x, err := readStatement(parsed)
	if err != nil {
		return nil, err
	}
	for _, r := range statementRules() {
		if r.formats != nil && !slices.Contains(r.formats, x.format) {
			continue
		}
		if err := r.check(x); err != nil {
			return nil, err
		}
	}
	if slices.Contains(ownFormats(), x.format) {
		object.Format, object.AttStatement = string(protocol.AttestationFormatNone), nil
	}
	credential, err := k.library.CreateCredential(u, s.Session, parsed)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller does
	}
	if object.Format != string(x.format) {
		credential.AttestationFormat, credential.AttestationType = string(x.format), string(attestationType(x.format))
	}
	return credential, nil
}

// attestationType is what a statement of a format of ours conveys (sections 8.4 and 8.8).
func attestationType(f protocol.AttestationFormat) metadata.AuthenticatorAttestationType {
	if f == protocol.AttestationFormatApple {
		return metadata.AnonCA
	}
	return metadata.BasicFull
}

func readStatement(parsed *protocol.ParsedCredentialCreationData) (statement, error) {
	object := parsed.Response.AttestationObject
	path, err := certificates(trustPath(parsed.Raw.AttestationResponse.AttestationObject))
	if err != nil {
		return statement{}, fmt.Errorf("%w: %w", errStatement, err)
	}
	client := sha256.Sum256(parsed.Raw.AttestationResponse.ClientDataJSON)
	return statement{
		format: protocol.AttestationFormat(object.Format), fields: object.AttStatement, path: path, model: modelOf(object.AuthData.AttData.AAGUID),
		key: object.AuthData.AttData.CredentialPublicKey, authData: object.RawAuthData, client: client[:],
	}, nil
}

// namesNoOther: a certificate that says of which model it is says so once, well, and of this model (section 8.2.1; section 8.3). Those of U2F
// keys may name the model that the registration does not.
func namesNoOther(x statement) error {
	if len(x.path) == 0 || x.format == protocol.AttestationFormatFIDOUniversalSecondFactor {
		return nil
	}
	if named, ok, err := modelIn(x.path[0]); err != nil || ok && named != x.model {
		return errNaming
	}
	return nil
}

// namesNoModel: a U2F signature does not cover the AAGUID, and such keys have none (CTAP 2.2, section 7.1.4; section 8.6 says what is signed).
// Whoever has a key of one model of a maker could name another of the same roots.
func namesNoModel(x statement) error {
	if x.model != (AAGUID{}) {
		return fmt.Errorf("%w: a model in a U2F registration, which signs none", errStatement)
	}
	return nil
}

// modelIn is the model that a certificate says it is for.
func modelIn(c *x509.Certificate) (AAGUID, bool, error) {
	var found []byte
	for _, e := range c.Extensions {
		if !e.Id.Equal(aaguidExtension()) {
			continue
		}
		var id []byte
		rest, err := asn1.Unmarshal(e.Value, &id)
		if err != nil || len(rest) > 0 || len(id) != len(AAGUID{}) || found != nil {
			return AAGUID{}, false, errNaming
		}
		found = id
	}
	if found == nil {
		return AAGUID{}, false, nil
	}
	return AAGUID(found), true, nil
}

// signedPart is what a key signs or vouches for: authenticator data and the hash of the client data.
func (x statement) signedPart() []byte { return append(bytes.Clone(x.authData), x.client...) }

// extension finds the one extension of a certificate with an identifier.
func extension(c *x509.Certificate, id asn1.ObjectIdentifier) ([]byte, error) {
	var found []byte
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			if found != nil {
				return nil, fmt.Errorf("%w: extension %s twice", errStatement, id)
			}
			found = e.Value
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: no extension %s", errStatement, id)
	}
	return found, nil
}
